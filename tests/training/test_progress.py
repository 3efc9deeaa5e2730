import io
import re
import sys

import pytest

from hyenadna_core import Stage
from hyenadna_core.terminal import bars, clock_text, notice, print_result, progress
from hyenadna_core.training.progress import RunProgress, TimeLeft, training_progress

STAGES = [Stage(64, 4, 10), Stage(128, 2, 10)]


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that makes stderr a terminal of 80 columns, and returns it.

    pytest itself sets stderr between a fixture and its test.
    """

    def make():
        monkeypatch.setattr(sys, "stderr", Terminal())
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setenv("TERM", "xterm")
        return sys.stderr

    return make


def lines_of(text):
    """Return the lines of a terminal, each drawing its own, without control sequences."""
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in re.split(r"[\r\n]+", text)]


def test_bars_keep_quiet_where_stderr_is_no_terminal(capsys):
    with progress("Decoding", 10) as advance, training_progress(STAGES, 0) as run:
        advance(10)
        run.stepped(1)
        run.logged(1, 1.38, 1000.0)
        run.validated(1, "mcc", 0.5, 0.5, 1)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_step_epoch_stage_loss_validation_and_speed(terminal):
    screen = terminal()
    with training_progress(STAGES, 3, rows=30) as run:
        run.stepped(15)
        run.logged(15, 1.3, 20_000.0)
        run.validated(15, "mcc", 0.5, 0.75, 12)
    lines = lines_of(screen.getvalue())
    assert any(line.startswith("step 15/20  epoch 1.7/2  stage 2/2: 128 bases") for line in lines)
    assert "loss 1.3000  valid mcc 0.5000 (best 0.7500 at step 12)  20,000 bases/s" in lines


def test_a_loss_in_nats_is_shown_in_bits():
    run = RunProgress(STAGES, in_bits=True)
    run.logged(1, 1.3862943611, 5.0)
    assert run.figures() == "loss 2.0000 bits  5 bases/s"


def test_one_stage_and_no_epochs_are_not_named():
    assert RunProgress([Stage(64, 4, 1000)]).description(15) == "step 15/1,000"


def test_a_validation_without_a_finite_value_has_no_best():
    run = RunProgress(STAGES)
    run.validated(1, "mcc", float("nan"), None, 0)
    assert run.figures() == "valid mcc nan"


def test_the_time_left_counts_validations_and_not_the_first_step_at_a_length():
    clock = Clock()
    left = TimeLeft([Stage(10, 1, 10), Stage(20, 1, 5)], 4, clock)
    clock.now = 100.0  # compiles
    left.stepped(1)
    assert left.seconds(1) is None
    clock.now = 101.0
    left.stepped(2)
    clock.now = 102.0  # the device had not finished
    left.waited()
    assert left.seconds(2) == 2.0 * 8 + 4.0 * 5
    clock.now = 107.0
    left.validated()
    assert left.seconds(2) == 2.0 * 8 + 4.0 * 5 + 4 * 5.0  # after steps 4, 8, 12 and 15
    assert left.seconds(12) == 4.0 * 3 + 5.0
    assert left.seconds(15) == 0.0


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-:--:--"), (0.4, "0:00:00"), (59.6, "0:01:00"), (3723, "1:02:03")]
)
def test_the_time_left_is_hours_minutes_and_seconds(seconds, text):
    assert clock_text(seconds) == text


def test_the_time_left_of_a_bar_counts_the_bars_within_it(terminal):
    screen = terminal()
    with bars() as display, progress("Reading", 100) as advance:
        advance(50)
        display.tasks[0].start_time -= 1000
        with progress("Predicting", 4):
            display.refresh()
    assert any(re.match("Reading .* 50 % 0:16:40", line) for line in lines_of(screen.getvalue()))


def test_each_line_leaves_room_for_two_ctrl_c(terminal):
    screen = terminal()
    with progress("x" * 200, 10) as advance:
        advance(5)
    with training_progress([Stage(10**6, 10**6, 10**6)] * 2, 3, rows=1000) as run:
        run.logged(15, 1.3, 20_000.0)
    assert max(map(len, lines_of(screen.getvalue()))) <= 80 - len("^C^C")


def test_a_bar_leaves_the_cursor_as_it_is(terminal):
    screen = terminal()
    with progress("Reading", 10):
        pass
    assert "\x1b[?25" not in screen.getvalue()


def test_a_bar_within_another_is_below_it_and_disappears(terminal):
    screen = terminal()
    with training_progress(STAGES, 0) as run:
        with progress("Predicting", 4) as advance:
            advance(2)
            shown = run._display.task_ids
            run._display.refresh()
        assert (len(shown), len(run._display.task_ids)) == (2, 1)
    assert any(line.startswith("Predicting") for line in lines_of(screen.getvalue()))
    assert not lines_of(screen.getvalue().rpartition("compiling")[2])[-2].startswith("Predicting")


def test_a_notice_while_a_bar_is_shown_is_a_line_above_it(terminal):
    screen = terminal()
    text = "[bold]1/2[/bold] " + "word " * 30
    with progress("Reading", 10):
        notice(text)
    assert text in lines_of(screen.getvalue())


def test_a_result_at_a_terminal_has_its_own_line_while_a_bar_is_shown(terminal, monkeypatch):
    screen = terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    with progress("Reading", 10):
        print_result("a row")
    assert "a row" in lines_of(screen.getvalue())
