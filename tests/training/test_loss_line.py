"""The speed of a line of log.tsv: steps only, without compilation, validations and checkpoints."""

import pytest

from hyenadna_core import Stage

pytestmark = pytest.mark.one_backend


def test_the_speed_leaves_out_the_first_step_at_a_length_and_what_follows_a_line(monkeypatch):
    from hyenadna_core.training import loss_line

    now = [0.0]
    monkeypatch.setattr(loss_line.time, "monotonic", lambda: now[0])

    def step(seconds):
        def run():
            now[0] += seconds
            return 0.5

        return run

    line, stage = loss_line.LossLine(0, 0), Stage(10, 1, 5)
    line.add(stage, step(100.0))
    line.add(stage, step(2.0))
    assert line.close(2) == (0.5, 5.0)
    now[0] += 50.0  # a validation
    line.restart_clock()
    line.add(stage, step(2.0))
    assert line.close(3) == (0.5, 5.0)
    assert line.seconds == 154.0
