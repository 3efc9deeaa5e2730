"""`hyenadna generate` that is stopped: it continues to the same bytes."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from runpy import run_path

import pytest

pytestmark = pytest.mark.one_backend
FOLDER = Path(__file__).parents[1] / "inference"
OFTEN = [sys.executable, str(FOLDER / "generate_often.py")]


@pytest.fixture
def words(weights, tmp_path):
    """Return the words of a command with three prompts of different lengths, 600 bases for each."""
    (tmp_path / "prompts.fa").write_text(">a\nACGTTG\n>b\nAC\n>c\nGGATTACAGG\n")
    more = ("--samples", "2", "--seed", "5", "--forced", "NNTATA", "--allow-longer", "--weights", weights)
    return ["generate", "prompts.fa", "--bases", "600", *map(str, more)]


def outputs(name):
    return ["--out", name, "--log-likelihoods", f"{name}.tsv"]


def same(tmp_path, one, other):
    return all(
        (tmp_path / f"{one}{end}").read_bytes() == (tmp_path / f"{other}{end}").read_bytes() for end in ("", ".tsv")
    )


def test_a_run_that_was_killed_in_prompts_gives_the_same_bytes(words, tmp_path):
    compare = run_path(str(FOLDER / "crash.py"))["compare"]
    command = [*OFTEN, "0.02", "generate", tmp_path / "prompts.fa", *words[2:]]
    ended = compare(2, tmp_path / "new.fa", [*command, "--out", "OUT", "--log-likelihoods", "OUT.tsv"], seconds=0.1)
    assert ended.endswith("the outputs are equal, and no folder is left")


@pytest.fixture
def stopped(words, tmp_path):
    """Stop a run by SIGTERM within a prompt, after a state; return what it printed."""
    command = [*OFTEN, "0.02", *words, *outputs("new.fa")]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("new.fa.parts/state-*")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate()
    assert (process.returncode, stdout) == (128 + signal.SIGTERM, "")
    return stderr


REFUSED = {
    ("--seed", "6"): "--seed is 5 there, and 6 now",
    ("--top-k", "2"): "--top-k is 4 there, and 2 now",
    ("--samples", "1"): "--samples is 2 there, and 1 now",
    ("--bias", "G=1"): "--bias is [0.0, 0.0, 0.0, 0.0] there, and [0.0, 0.0, 1.0, 0.0] now",
}


def test_sigterm_saves_the_state_and_only_the_same_run_goes_on(stopped, words, cli, one_line, tmp_path, monkeypatch):
    from hyenadna_core.inference import part_state

    *_, line = stopped.strip().splitlines()
    assert line.startswith("Stopped: 0 of 1 parts are done and 1 begun; continue with: hyenadna generate --resume ")
    for change, reason in REFUSED.items():
        status, _, stderr = cli(*words, *outputs("new.fa"), "--resume", *change)
        assert (status, f"new.fa.parts is of another run: {reason}: use the same" in one_line(stderr)) == (1, True)
    status, _, stderr = cli(*words, "--out", "new.fa", "--resume")
    assert (status, "--log-likelihoods is true there, and false now" in one_line(stderr)) == (1, True)
    content = (tmp_path / "prompts.fa").read_text()
    (tmp_path / "prompts.fa").write_text(content.replace("AC\n", "AG\n"))
    stderr = cli(*words, *outputs("new.fa"), "--resume")[2]
    assert "the file prompts is prompts.fa there, and prompts.fa with other content now" in one_line(stderr)
    (tmp_path / "prompts.fa").write_text(content)
    again = []
    read = part_state.PartStates.read
    monkeypatch.setattr(
        part_state.PartStates, "read", lambda states, part: again.append(read(states, part)) or again[0]
    )
    status, stdout, stderr = cli(*words, *outputs("new.fa"), "--resume")
    assert (status, stdout) == (0, "")
    assert "Continuing with new.fa.parts: 0 of 1 parts are done and 1 begun.\n" in stderr
    assert 0 < len(again[0]["ids"]) < 1800
    assert cli(*words, *outputs("whole.fa"))[0] == 0
    assert same(tmp_path, "new.fa", "whole.fa")
    assert list(tmp_path.glob("*.parts")) == []


def test_one_output_that_is_there_is_not_written_again(words, cli, one_line, tmp_path):
    assert cli(*words, *outputs("new.fa"))[0] == 0
    content = (tmp_path / "new.fa").read_bytes()
    (tmp_path / "new.fa.tsv").unlink()
    line = "Error: new.fa is there, and new.fa.parts has no parts of it: remove new.fa to compute it again."
    assert one_line(cli(*words, *outputs("new.fa"), "--resume", "--seed", "6")[2]) == line
    assert (tmp_path / "new.fa").read_bytes() == content


def test_a_damaged_state_is_one_line_and_the_same_bytes(stopped, words, cli, tmp_path):
    (state,) = tmp_path.glob("new.fa.parts/state-*")
    state.write_bytes(state.read_bytes()[:-1])
    unfinished = state.with_name(f".{state.name}-a1b2c3d4")  # as a killed run leaves it
    unfinished.mkdir()
    (unfinished / state.name).write_bytes(b"")
    status, _, stderr = cli(*words, *outputs("new.fa"), "--resume")
    assert status == 0
    line = "new.fa.parts/state-000000.safetensors is damaged: the part is computed from its beginning."
    assert stderr.splitlines().count(line) == 1
    assert cli(*words, *outputs("whole.fa"))[0] == 0
    assert same(tmp_path, "new.fa", "whole.fa")
    assert list(tmp_path.glob("*.parts")) == []


def test_resume_needs_a_file(cli, one_line):
    status, _, stderr = cli("generate", "ACGT", "--bases", "5", "--resume")
    assert (status, one_line(stderr)) == (1, "Error: --resume needs a file: name it with --out.")


def test_stdout_and_a_file_have_the_same_bytes(words, cli, tmp_path):
    for samples in ("1", "2"):
        status, stdout, _ = cli(*words, "--samples", samples, "--log-likelihoods", "a.tsv")
        assert cli(*words, "--samples", samples, *outputs("b"))[0] == status == 0
        assert stdout == (tmp_path / "b").read_text()
        assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()


def test_prompts_are_grouped_into_parts(words, cli, tmp_path, monkeypatch):
    from hyenadna_core.inference import generate_job
    from hyenadna_core.inference.generate_job import parts_of

    assert parts_of(5, 2_000) == [range(0, 2), range(2, 4), range(4, 5)]
    assert parts_of(2, 5_000) == [range(0, 1), range(1, 2)]
    assert parts_of(3, 1) == [range(0, 3)]
    assert cli(*words, *outputs("one"))[0] == 0
    monkeypatch.setattr(generate_job, "BASES", 1)
    assert cli(*words, *outputs("three"))[0] == 0
    assert same(tmp_path, "one", "three")


def test_ctrl_c_before_the_first_base_leaves_nothing(words, cli, tmp_path, monkeypatch):
    from hyenadna_core.model.base_by_base import BaseByBase

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(BaseByBase, "prefill", stop)
    before = sorted(tmp_path.iterdir())
    status, _, stderr = cli(*words, *outputs("new.fa"))
    assert (status, stderr.splitlines()[-1]) == (130, "Stopped: 0 of 1 parts are done; nothing is kept.")
    assert sorted(tmp_path.iterdir()) == before
