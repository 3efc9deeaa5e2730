import math

import numpy as np
import pytest

from hyenadna_core import Stage
from hyenadna_core.task import Task
from hyenadna_core.training.curves import Validations, curves, draw_run
from hyenadna_core.training.run_folder import LogLine

STAGES = [Stage(64, 4, 10), Stage(128, 2, 10)]
FALLING = [1.4 - step / 100 for step in range(1, 21)]


def log(losses):
    return [LogLine(step, 64, 4, step * 256, loss, 1e-3, 1.0) for step, loss in enumerate(losses, 1)]


def points(axes, label):
    """Return the points of the one line whose label begins so: (n, 2)."""
    (line,) = [line for line in axes.get_lines() if str(line.get_label()).startswith(label)]
    return np.array(line.get_xydata())


class Classes(Task):
    name, monitor, epoch_rows = "classes", ("mcc", "max"), 8

    def batch(self, draw):
        raise NotImplementedError


@pytest.mark.parametrize("losses", [[], FALLING[:1], FALLING], ids=len)
def test_a_picture_of_a_run_is_drawn_at_any_time(new_run, losses):
    folder = new_run()
    for line in log(losses):
        folder.log(line)
    draw_run(folder, STAGES, Classes())
    folder.log_validation(10, {"accuracy": 0.5, "mcc": math.nan})
    draw_run(folder, STAGES, Classes())
    assert (folder.path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_losses_and_levels_are_in_bits_on_one_axis_with_validations_in_bits():
    found = Validations("bits", "min", [10, 20], [1.97, 1.9])
    figure = curves(log(FALLING), STAGES, [("a", 1.93)], in_bits=True, validations=found)
    (axes,) = figure.axes
    np.testing.assert_allclose(points(axes, "training loss")[:, 1], np.array(FALLING) / math.log(2))
    np.testing.assert_allclose(points(axes, "validation bits"), [(0.00256, 1.97), (0.00512, 1.9)])
    assert points(axes, "a: 1.9300 bits")[:, 1].tolist() == [1.93, 1.93]
    assert axes.get_xlim() == (0, 0.00512)


def test_another_figure_has_its_own_axis_below_with_a_star_at_its_best():
    found = Validations("mcc", "max", [5, 10, 15, 20], [0.1, math.nan, 0.7, 0.6])
    loss, mcc = curves(log(FALLING), STAGES, validations=found, rows=8).axes
    assert (loss.get_ylabel(), mcc.get_ylabel(), mcc.get_xlabel()) == ("loss", "mcc", "epochs")
    np.testing.assert_allclose(points(mcc, "best: 0.7000 at step 15"), [((10 * 4 + 5 * 2) / 8, 0.7)])


@pytest.mark.parametrize(("direction", "best"), [("min", 1), ("max", 2)])
def test_the_best_validation_is_that_of_the_direction_and_finite(direction, best):
    assert Validations("x", direction, [1, 2, 3, 4], [0.5, 0.1, 0.9, math.inf]).best == best
    assert Validations("x", direction, [1], [math.nan]).best is None


def test_a_spike_is_cut_and_marked_and_the_rest_is_not():
    losses = FALLING.copy()
    losses[4] = losses[12] = 30.0
    (axes,) = curves(log(losses), STAGES).axes
    top = axes.get_ylim()[1]
    assert max(FALLING) < top < 2
    np.testing.assert_allclose(points(axes, "2 values above, up to 30"), [(0.00128, top), (0.003328, top)])


def test_without_a_spike_nothing_is_cut():
    (axes,) = curves(log(FALLING), STAGES).axes
    assert not [line for line in axes.get_lines() if "above" in str(line.get_label())]
    low, high = axes.get_ylim()
    assert low < min(FALLING) < max(FALLING) < high


def test_many_losses_have_a_running_median_that_no_spike_moves():
    losses = [1.0] * 100
    losses[50] = 9.0
    (axes,) = curves(log(losses), [Stage(64, 4, 100)]).axes
    np.testing.assert_array_equal(points(axes, "its median over 5 lines")[:, 1], np.ones(100))
    assert points(axes, "training loss")[50, 1] == 9.0


def test_stages_have_their_length_above_the_axis_if_there_are_several():
    several, one = (curves(log(FALLING), stages).axes[0] for stages in (STAGES, STAGES[:1]))
    assert [text.get_text().strip() for text in several.texts] == ["64 bases", "128"]
    assert not one.texts
