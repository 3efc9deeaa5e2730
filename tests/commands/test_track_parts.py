"""`hyenadna track` that is stopped, in shards, or twice at once."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.one_backend
SMALL_PARTS = 160  # bases


@pytest.fixture
def small_parts(monkeypatch):
    from hyenadna_core.inference import track_job

    monkeypatch.setattr(track_job, "BASES", SMALL_PARTS)


KILLED = """
import os, signal, sys
from hyenadna_backends import Choice
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.inference import track, track_job
from hyenadna_plugins import plugin_manager
done, values = [], track.track_values
def killed(*arguments, **options):
    if len(done) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(1)
    return values(*arguments, **options)
track.track_values, track_job.BASES = killed, int(sys.argv[2])
make_cli(Session(plugin_manager(names=[]), Choice(sys.argv[1], "test")))(sys.argv[3:])
"""


@pytest.mark.usefixtures("small_parts")
def test_a_killed_run_goes_on_to_the_same_bytes(track, fasta, weights, tmp_path):
    words = ["track", fasta, "--weights", weights, "--out", "killed.bw"]
    command = [sys.executable, "-c", KILLED, os.environ["KERAS_BACKEND"], SMALL_PARTS, *words]
    killed = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "killed.bw.parts").glob("part-*"))) == 2
    status, _, stderr = track("--out", "killed.bw", "--resume")
    assert status == 0
    assert "Continuing with killed.bw.parts: 2 of 5 parts are done." in stderr
    assert track("--out", "whole.bw")[0] == 0
    assert (tmp_path / "killed.bw").read_bytes() == (tmp_path / "whole.bw").read_bytes()
    assert [path.name for path in tmp_path.glob("*.parts")] == []


@pytest.mark.usefixtures("small_parts")
def test_merged_shards_have_the_bytes_of_the_whole(track, cli, tmp_path):
    (tmp_path / "hub").mkdir()
    for number in (1, 2, 3):
        assert track("--out", f"{number}.shard", "--shard", f"{number}/3", "--hub", "hub")[0] == 0
    assert list((tmp_path / "hub").iterdir()) == []
    status, _, stderr = cli("merge", "merged.parquet", *(f"{number}.shard" for number in (1, 2, 3)))
    assert (status, stderr) == (1, "Error: A hub needs a BigWig in its folder: name merged.parquet like chr20.bw.\n")
    for number in (1, 2, 3):
        assert track("--out", f"{number}.shard", "--shard", f"{number}/3")[0] == 0
    for suffix in (".bw", ".parquet"):
        assert cli("merge", f"merged{suffix}", "2.shard", "1.shard", "3.shard")[0] == 0
        assert track("--out", f"whole{suffix}")[0] == 0
        assert (tmp_path / f"merged{suffix}").read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()


def test_a_second_run_with_the_same_output_is_refused(track, one_line, tmp_path):
    fcntl = pytest.importorskip("fcntl", reason="this system has no such locks")
    folder = tmp_path / "x.bw.parts"
    folder.mkdir()
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, _, stderr = track("--out", "x.bw")
    assert status == 1
    assert one_line(stderr) == "Error: x.bw is being written by another process: wait for it, or choose another --out."
    assert not (tmp_path / "x.bw").exists()


@pytest.mark.usefixtures("small_parts")
def test_a_bigwig_without_values_keeps_the_parts(track, one_line, tmp_path, monkeypatch):
    from hyenadna_core.inference import track_job

    monkeypatch.setattr(track_job, "has_values", lambda *arguments: True)
    stderr = track("--out", "x.bw", "--region", "chrN")[2]
    reason = "x.bw: no base has a value, and a BigWig cannot be empty: choose other bases."
    assert one_line(stderr).startswith(
        f"Error: {reason} 1 of 1 parts are done and stay in x.bw.parts: continue with: hyenadna "
    )
    assert (tmp_path / "x.bw.parts").is_dir()
    assert not (tmp_path / "x.bw").exists()
    assert track("--out", "x.bedgraph", "--region", "chrN")[0] == 0
    assert (tmp_path / "x.bedgraph").read_text() == ""
