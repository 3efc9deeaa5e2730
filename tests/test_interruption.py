"""Ctrl-C at any moment: one line, exit status 130, and no half-written file."""

import subprocess
import sys

import pytest

# Sends SIGINT when a module is imported, then starts the command.
START = """
import os, signal, sys

moment = sys.argv.pop(1)

class WhenImported:
    def find_spec(self, name, *_):
        if name == moment:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, WhenImported())
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored in the background
from hyenadna_core.__main__ import main
main()
"""
TRAIN = ["train", "--stages", "16x2@4", "--valid-every", "2", "--out", "run"]


@pytest.mark.parametrize("module", ["click", "importlib.metadata", "hyenadna_core.builtin", "hyenadna_core.presets"])
def test_ctrl_c_while_the_command_starts_is_one_line(module):
    command = [sys.executable, "-c", START, module, "presets"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")


MOMENTS = {
    "hyenadna_core.training.trainer.make_model": None,
    "hyenadna_core.training.trainer.load_checkpoint": 0,
    "hyenadna_core.training.trainer.updates": 0,
    "hyenadna_core.tasks.causal_lm.markov_likelihoods": 4,
    "hyenadna_core.training.curves.file_written_aside": 2,
}


@pytest.mark.one_backend
@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_in_a_run_is_one_line_with_the_way_on(cli, tmp_path, write_fasta, random_bases, monkeypatch, moment):
    fasta, step = write_fasta({"chr1": random_bases(2000)}), MOMENTS[moment]

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(moment, interrupt)
    status, stdout, stderr = cli(*TRAIN, "--fasta", fasta)
    assert (status, stdout) == (130, "")
    if step is None:
        assert stderr.splitlines()[-1] == "Interrupted."
        assert not (tmp_path / "run").exists()
    else:
        assert stderr.splitlines()[-1] == f"Stopped at step {step}; continue with: hyenadna train --resume run"
        assert not list(tmp_path.rglob(".*-????????"))


def test_ctrl_c_while_a_command_line_is_read_is_one_line(cli, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("hyenadna_core.commands.train.task_options", interrupt)
    assert cli("train") == (130, "", "Interrupted.\n")
