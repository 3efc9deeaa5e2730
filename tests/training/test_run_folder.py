import errno
import fcntl
import os

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


LINK_TARGETS = {
    "run.json": '{"seed": 1}',
    ".lock": "mine",
    "log.tsv": "mine",
    "valid.tsv": "mine",
    "curves.png": "mine",
    "predictions.tsv": "mine",
    "confusion.png": "mine",
    "checkpoints": None,
    "checkpoints/best": None,
    "checkpoints/latest": "mine",
    "tensorboard": None,
    "wandb": None,
}


@pytest.mark.parametrize("name", LINK_TARGETS)
def test_a_link_in_a_run_folder_is_refused_and_not_followed(tmp_path, name):
    run, target, content = tmp_path / "run", tmp_path / "mine", LINK_TARGETS[name]
    (run / name).parent.mkdir(parents=True)
    (run / "run.json").write_text('{"seed": 1}')
    (run / name).unlink(missing_ok=True)
    if content is None:
        (target / ".ssh").mkdir(parents=True)
    else:
        target.write_text(content)
    (run / name).symlink_to(target)
    with pytest.raises(HyenaDNAError, match=rf"run/{name} is a link, which a run does not follow"):
        RunFolder.open(run)
    assert (target / ".ssh").is_dir() if content is None else target.read_text() == content


@pytest.mark.parametrize("name", ["log.tsv", "curves.png", ".lock", "checkpoints/latest"])
def test_a_folder_or_a_pipe_in_the_place_of_a_file_is_one_line(tmp_path, name):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / name).mkdir()
    with pytest.raises(HyenaDNAError, match=f"{name} is not a file: move it away"):
        RunFolder.open(tmp_path)
    (tmp_path / name).rmdir()
    os.mkfifo(tmp_path / name)
    with pytest.raises(HyenaDNAError, match=f"{name} is not a file: move it away"):
        RunFolder.open(tmp_path)


def test_a_run_folder_may_be_a_link_as_a_whole(tmp_path, new_run):
    new_run("real", {"seed": 1}).close()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with RunFolder.open(tmp_path / "link") as folder:
        assert folder.read_run() == {"seed": 1}


@pytest.mark.parametrize("name", ["log.tsv", "predictions.tsv", "checkpoints/latest"])
def test_a_new_run_does_not_take_over_the_files_of_others(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(HyenaDNAError, match="already, which a run would overwrite: choose another --out"):
        RunFolder.create(tmp_path, {})
    assert (tmp_path / name).read_text() == "mine"


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path, new_run):
    folder = new_run()
    folder.close()
    left, kept = [".run.json-abcd_123", ".curves.png-00000000"], [".git", ".run.json-abc", ".log.tsv-ABCDEFGH", ".ssh"]
    for name in (*left, *kept):
        (folder.path / name).mkdir()
        (folder.path / name / "run.json").write_text("{}")
    (folder.path / ".log.tsv-12345678").symlink_to(tmp_path)
    RunFolder.open(folder.path).close()
    there = {path.name for path in folder.path.iterdir()} - {"run.json", ".lock"}
    assert there == {*kept, ".log.tsv-12345678"}


HEADER = "\t".join(LogLine._fields)
DAMAGED_LOGS = {
    "another header": "step\tloss\n1\t2\n",
    "a word": f"{HEADER}\n10\t64\t4\t2560\tbad\t0.001\t5\n",
    "a part of a line": f"{HEADER}\n10\t64\n",
    "a step that is no whole number": f"{HEADER}\n1e1\t64\t4\t2560\t1.25\t0.001\t5\n",
    "a number of 5,000 digits": f"{HEADER}\n{'9' * 5000}\t64\t4\t2560\t1.25\t0.001\t5\n",
    "bytes that are not UTF-8": HEADER.encode() + b"\n\xff\xfe\n",
    "a blank line": f"{HEADER}\n\n",
}


@pytest.mark.parametrize(
    ("name", "damage"),
    [("log.tsv", damage) for damage in DAMAGED_LOGS] + [("valid.tsv", damage) for damage in list(DAMAGED_LOGS)[1:]],
)
def test_a_damaged_log_is_one_line_and_stays(new_run, name, damage):
    folder = new_run()
    folder.close()
    content = DAMAGED_LOGS[damage]
    content = content if isinstance(content, bytes) else content.encode()
    (folder.path / name).write_bytes(content)
    if name == "valid.tsv" and damage == "another header":
        pytest.skip("any figures may follow the step")
    with pytest.raises(
        HyenaDNAError, match=rf"{name}:[12] is not a line of this log .* move the file away, then"
    ) as error:
        RunFolder.open(folder.path)
    assert "\n" not in str(error.value)
    assert (folder.path / name).read_bytes() == content


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


def test_a_full_disk_names_the_file(new_run):
    folder = new_run()
    (folder.path / "log.tsv").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"No space left on device: .*log.tsv"):
        folder.log(LINES[0])
