"""`hyenadna embed` that is stopped or in shards."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.one_backend


@pytest.fixture
def small_parts(monkeypatch):
    from hyenadna_core.inference import embed_job

    monkeypatch.setattr(embed_job, "PART", 100)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("suffix", ["h5ad", "npz", "npy", "parquet"])
def test_merged_shards_have_the_bytes_of_the_whole(run_embed, cli, bed, fasta, tmp_path, suffix):
    words = (bed, "--fasta", fasta, "--pool", "mean", "--pool", "last")
    assert run_embed(*words, "--out", f"whole.{suffix}")[0] == 0
    for number in (1, 2):
        assert run_embed(*words, "--out", f"{number}.shard", "--shard", f"{number}/2")[0] == 0
    bed.unlink()  # the shards have all that the output needs
    assert cli("merge", f"merged.{suffix}", "2.shard", "1.shard")[0] == 0
    whole = sorted(tmp_path.glob("whole.*"))
    merged = sorted(tmp_path.glob("merged.*"))
    assert [path.name.replace("merged", "whole") for path in merged] == [path.name for path in whole]
    assert [path.read_bytes() for path in merged] == [path.read_bytes() for path in whole]


KILLED = """
import os, signal, sys
from hyenadna_backends import Choice
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.inference import embed_job
from hyenadna_plugins import plugin_manager
done, vectors = [], embed_job.vectors_of
def killed(*arguments, **options):
    if done:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(1)
    return vectors(*arguments, **options)
embed_job.vectors_of, embed_job.PART = killed, 100
make_cli(Session(plugin_manager(names=[]), Choice(sys.argv[1], "test")))(sys.argv[2:])
"""


@pytest.mark.usefixtures("small_parts")
def test_a_killed_run_goes_on_to_the_same_bytes(run_embed, bed, fasta, weights, tmp_path):
    words = ["embed", bed, "--fasta", fasta, "--weights", weights, "--out", "killed.h5ad"]
    command = [sys.executable, "-c", KILLED, os.environ["KERAS_BACKEND"], *words]
    killed = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    status, _, stderr = run_embed(*words[1:4], "--out", "killed.h5ad", "--resume")
    assert (status, "Continuing with killed.h5ad.parts: 1 of 3 parts are done." in stderr) == (0, True)
    assert run_embed(*words[1:4], "--out", "whole.h5ad")[0] == 0
    assert (tmp_path / "killed.h5ad").read_bytes() == (tmp_path / "whole.h5ad").read_bytes()
    assert list(tmp_path.glob("*.parts")) == []


@pytest.mark.usefixtures("small_parts")
def test_a_stopped_run_with_other_options_or_input_says_which(run_embed, one_line, bed, fasta, tmp_path, monkeypatch):
    from hyenadna_core.inference import embed_job

    def full(*arguments):
        raise OSError(28, "No space left on device")

    words = (bed, "--fasta", fasta, "--out", "v.npy", "--pool", "mean", "--pool", "last")
    with monkeypatch.context() as patch:
        patch.setattr(embed_job, "write_vectors", full)
        assert "No space left on device; 3 of 3 parts are done" in one_line(run_embed(*words)[2])
    other = one_line(run_embed(*words[:-2], "--resume")[2])
    assert other.startswith('Error: v.npy.parts is of another run: --pool is ["mean", "last"] there, and ["mean"] now')
    content = bed.read_text()
    bed.write_text(content + "chr2\t3\t9\tnew\n")
    other = one_line(run_embed(*words, "--resume")[2])
    assert "is of another run: the file bed is" in other
    bed.write_text(content)
    assert run_embed(*words, "--resume")[0] == 0
    assert sorted(path.name for path in tmp_path.glob("v.*")) == ["v.last.npy", "v.mean.npy", "v.tsv"]
    assert one_line(run_embed(*words, "--resume")[2]).startswith("Error: v.npy is finished")
