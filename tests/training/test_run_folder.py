import errno
import fcntl

import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.training.run_folder import LogLine, RunFolder, next_free

LINES = [LogLine(step, 64, 4, step * 256, 1.25, 1e-3, step / 2) for step in (10, 20, 30)]


def test_a_run_is_written_and_read(new_run):
    folder = new_run("a/run", {"seed": 1})
    assert folder.read_run() == {"seed": 1}
    for line in LINES:
        folder.log(line)
    assert folder.read_log() == LINES
    folder.cut_log(20)
    assert folder.read_log() == LINES[:2]
    assert (folder.path / "log.tsv").read_text().splitlines()[1] == "10\t64\t4\t2560\t1.25\t0.001\t5"


def test_a_line_cut_off_in_the_middle_is_passed_over(tmp_path, new_run):
    folder = new_run()
    for line in LINES:
        folder.log(line)
    log = tmp_path / "run" / "log.tsv"
    log.write_text(log.read_text()[:-4])
    assert folder.read_log() == LINES[:2]


def test_a_folder_with_a_run_is_not_taken_over(tmp_path, new_run):
    new_run("run", {"seed": 1}).close()
    with pytest.raises(HyenaDNAError, match="holds a run already: continue it with --resume"):
        RunFolder.create(tmp_path / "run", {"seed": 2})
    with RunFolder.open(tmp_path / "run") as folder:
        assert folder.read_run() == {"seed": 1}


def test_a_folder_in_use_is_left_alone(new_run):
    folder = new_run()
    for enter in (lambda path: RunFolder.create(path, {}), RunFolder.open):
        with pytest.raises(HyenaDNAError, match="in use by another run"):
            enter(folder.path)


def test_a_file_system_without_locks_costs_one_line(tmp_path, new_run, monkeypatch, capsys):
    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    new_run("run", {"seed": 1})
    assert "cannot be locked (No locks available)" in capsys.readouterr().err


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path):
    with pytest.raises(HyenaDNAError, match=r"not a run folder: it has no run.json"):
        RunFolder.open(tmp_path)


def test_a_run_folder_that_cannot_be_made_says_why(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HyenaDNAError, match="Cannot make the run folder"):
        RunFolder.create(tmp_path / "file" / "run", {})


def test_the_next_free_name_counts_up(tmp_path):
    assert next_free(tmp_path, "tiny").name == "tiny-1"
    (tmp_path / "tiny-1").mkdir()
    assert next_free(tmp_path, "tiny").name == "tiny-2"
