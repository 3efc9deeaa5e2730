import io
import sys

from hyenadna_core import Stage
from hyenadna_core.terminal import progress
from hyenadna_core.training.progress import training_progress

STAGES = [Stage(64, 4, 10), Stage(128, 2, 10)]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bars_keep_quiet_where_stderr_is_no_terminal(capsys):
    with progress("Decoding", 10) as advance, training_progress(STAGES, 0) as report:
        advance(10)
        report(10, 1.38, 1000.0)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_stage_loss_perplexity_and_speed(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "xterm")
    with training_progress(STAGES, 3, in_bits=True) as report:
        report(15, 1.3, 20_000.0)
    shown = sys.stderr.getvalue()
    assert "stage 2/2: 128 bases" in shown
    assert "loss 1.3000  perplexity 3.669  20,000 bases/s" in shown
    with progress("Decoding genome.fa.gz", 10) as advance:
        advance(5)
    assert "Decoding genome.fa.gz" in sys.stderr.getvalue()
