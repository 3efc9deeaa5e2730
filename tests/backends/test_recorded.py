"""Recorded functions of PyTorch, compared with the functions as they are."""

import logging
import os

import numpy as np
import pytest

from hyenadna_backends import recorded
from hyenadna_backends.recorded import Recorded
from hyenadna_backends.updates import updates
from hyenadna_core import CausalLM, HyenaBackbone
from hyenadna_core.model.losses import cross_entropy
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.training.optimizer import build_optimizer
from hyenadna_core.weights.state_dict import state_dict

torch = pytest.importorskip("torch")
ON_TORCH = os.environ["KERAS_BACKEND"] == "torch"
pytestmark = [pytest.mark.one_backend, pytest.mark.skipif(not ON_TORCH, reason="only PyTorch records functions")]

CALLS = 3


@pytest.fixture(autouse=True)
def _record_early(monkeypatch):
    monkeypatch.setattr(recorded, "CALLS", CALLS)


def trained(steps, **overrides):
    """Return the losses of some updates, the tensors after them, and the recorded functions."""
    model = CausalLM(HyenaBackbone(2, 8, 66, **{"embed_dropout": 0.0, "seed": 3} | overrides))
    model.compile(build_optimizer(model, DEFAULT, 20))
    update, losses = updates(model, cross_entropy), []
    for step in range(steps):
        ids = np.random.default_rng(step).integers(7, 11, (4, 17 + step % 2)).astype(np.int32)
        parts = [(ids[rows, :-1], ids[rows, 1:], np.ones_like(ids[rows, 1:], np.float32)) for rows in ([0, 1], [2, 3])]
        losses.append(float(update(parts, 4.0 * (ids.shape[1] - 1))))
    return losses, state_dict(model), update.gradients._records


@pytest.mark.parametrize(
    "overrides",
    [{}, {"rematerialise": True}, {"dtype": "mixed_bfloat16"}, {"dtype": "mixed_float16"}, {"order": 3}],
    ids=str,
)
def test_recorded_steps_are_the_steps(overrides, monkeypatch):
    losses, tensors, records = trained(8, **overrides)
    assert len(records) == 2
    assert all(records.values())
    monkeypatch.setattr(recorded, "LONGEST", 0)
    plain_losses, plain_tensors, none = trained(8, **overrides)
    assert none == {}
    np.testing.assert_array_equal(losses, plain_losses)
    for name, tensor in plain_tensors.items():
        np.testing.assert_array_equal(tensors[name], tensor, err_msg=name)


def test_steps_with_dropout_are_not_recorded(caplog):
    with caplog.at_level(logging.INFO, "hyenadna_backends.recorded"):
        losses, _, records = trained(8, embed_dropout=0.5)
    assert set(records.values()) == {None}
    assert "is not recorded" in caplog.text
    assert len(set(losses)) == 8


def test_a_function_that_hides_a_number_from_the_record_runs_as_it_is(caplog):
    calls = []

    def counts(state, inputs):
        calls.append(None)
        return [state[0] * len(calls) + inputs[0]]

    function = Recorded(counts)
    with caplog.at_level(logging.INFO, "hyenadna_backends.recorded"):
        outputs = [float(function([torch.tensor(1.0)], [torch.tensor(0.5)])[0]) for _ in range(CALLS + 3)]
    assert caplog.text.count("its record gives other values") == 1
    assert outputs == [1.5, 2.5, 4.5, 5.5, 6.5, 7.5]  # recording is a call too


def test_a_recorded_function_runs_no_python():
    calls = []

    def doubles(state, inputs):
        calls.append(None)
        return [2 * inputs[0]]

    function = Recorded(doubles)
    outputs = [float(function([], [torch.tensor(float(i))])[0]) for i in range(8)]
    assert outputs == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]
    assert len(calls) == CALLS + 2  # as it is, once to record, once to compare


def test_nan_agrees_with_nan():
    function = Recorded(lambda state, inputs: [inputs[0] / 0])
    assert all(np.isnan(float(function([], [torch.tensor(0.0)])[0])) for _ in range(CALLS + 3))
    assert all(function._records.values())


def test_a_fault_of_the_function_is_raised():
    def fails(state, inputs):
        raise ValueError("as it is")

    with pytest.raises(ValueError, match="as it is"):
        Recorded(fails)([], [torch.zeros(1)])
