"""Values and gradients in blocks of channels and positions, compared with the whole model."""

from contextlib import nullcontext

import numpy as np
import pytest
from keras import config, ops
from safetensors.numpy import load_file

from hyenadna_backends import blocks
from hyenadna_backends.blocks import map_rows, sum_products
from hyenadna_backends.forward import without_gradients
from hyenadna_core import CausalLM
from hyenadna_core.checks.cases import CASES, compute, define, inputs
from hyenadna_core.checks.gradients import loss_and_gradients
from hyenadna_core.model import hyena, sizes
from hyenadna_core.model.sizes import channels_at_once

pytestmark = pytest.mark.keras

SMALL = {"WORKING_BYTES": 1, "NARROWEST": 4, "ROWS": 24, "TRAINED_BYTES": 1, "TRAINED_ROWS": 40}


@pytest.fixture
def in_small_blocks(monkeypatch):
    """Let every model compute four channels, and 24 positions, at a time."""
    for name, value in SMALL.items():
        monkeypatch.setattr(sizes, name, value)


@pytest.mark.usefixtures("in_small_blocks")
@pytest.mark.parametrize("case", CASES[:5], ids=lambda case: case.name)
def test_a_model_in_blocks_is_the_definition(case):
    arrays = inputs(case)
    assert channels_at_once(2, case.length, 16, 2) == 4
    results = compute(case, arrays, trains=False)
    hidden, logits = define(case, arrays)
    np.testing.assert_allclose(results["hidden"], hidden, atol=case.gate, rtol=0)
    np.testing.assert_allclose(results["logits"], logits, atol=case.gate, rtol=0)


@pytest.mark.usefixtures("in_small_blocks")
def test_blocks_are_what_was_run(golden, golden_model, monkeypatch):
    model = golden_model()
    asked = []
    monkeypatch.setattr(
        hyena,
        "sum_products",
        lambda function, blocks, *rest: asked.append(len(blocks[0])) or sum_products(function, blocks, *rest),
    )
    logits = ops.convert_to_numpy(model(golden["input_ids"].astype(np.int32)))
    assert asked == [4, 4]
    np.testing.assert_allclose(logits, golden["logits"], atol=5e-5, rtol=0)


@pytest.mark.usefixtures("trains", "in_small_blocks")
def test_training_has_the_originals_gradients_however_long_the_input(golden, golden_model, golden_folder):
    model = golden_model(embed_dropout=0.0)
    _, gradients = loss_and_gradients(
        model, golden["input_ids"].astype(np.int32), golden["target_ids"].astype(np.int32)
    )
    for name, original in load_file(golden_folder / "tiny_order2.gradients.safetensors").items():
        gradient = gradients[name.removeprefix("gradient/")]
        np.testing.assert_allclose(gradient, original, atol=1e-4 * np.abs(original).max(), rtol=0, err_msg=name)


@pytest.mark.parametrize("R", [1, 7, 8, 9, 16, 23])
def test_rows_in_blocks_are_rows(R):
    x = np.random.default_rng(0).normal(size=(R, 3)).astype(np.float32)
    output = map_rows(lambda rows: ops.concatenate([rows * 2, rows[:, :1]], axis=1), ops.convert_to_tensor(x), 8)
    np.testing.assert_array_equal(ops.convert_to_numpy(output), np.concatenate([x * 2, x[:, :1]], axis=1))


def test_products_are_summed_over_blocks():
    random = np.random.default_rng(0)
    left, right = random.normal(size=(3, 5, 2)).astype(np.float32), random.normal(size=(3, 2, 4)).astype(np.float32)
    blocks = (ops.convert_to_tensor(left), ops.convert_to_tensor(right))
    total = sum_products(lambda block: (block[0] * 2, block[1]), blocks, 5, ops.ones(4))
    np.testing.assert_allclose(
        ops.convert_to_numpy(total), 1 + 2 * np.einsum("nrw,nwd->rd", left, right), rtol=1e-5, atol=1e-6
    )


@pytest.mark.usefixtures("trains")
def test_rows_and_products_have_gradients(gradients):
    random = np.random.default_rng(0)
    x, w = random.normal(size=(20, 3)).astype(np.float32), random.normal(size=(2, 3, 4)).astype(np.float32)
    dy = random.normal(size=(20, 4)).astype(np.float32)

    def blocked(x, w):
        y = map_rows(lambda rows: rows * rows, x, 8)
        return sum_products(lambda block: (y, block[0]), (w,), 20, ops.zeros(4))

    dx, dw = gradients(blocked, (x, w), dy)
    total = w.sum(axis=0)
    np.testing.assert_allclose(dx, 2 * x * (dy @ total.T), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(dw, np.broadcast_to((x * x).T @ dy, (2, 3, 4)), rtol=1e-4, atol=1e-5)


def test_channels_at_once_divide_them_and_keep_matrix_products_wide():
    assert channels_at_once(1, 1_000_000, 256, 2) == 8
    assert channels_at_once(1, 1024, 128, 2) == 128
    assert 192 % channels_at_once(1, 100_000, 192, 2) == 0
    assert [channels_at_once(1, 1_000_000, D, 2) for D in (34, 127, 8)] == [17, 127, 8]


def test_half_precision_goes_through_blocks_with_float32_filters(golden, golden_weights, in_small_blocks, monkeypatch):
    """Check that filters stay: rounded rates, frequencies or layers would change them."""
    from hyenadna_core import HyenaBackbone
    from hyenadna_core.model.filters import HyenaFilter
    from hyenadna_core.weights.state_dict import load_state_dict

    monkeypatch.setenv(sizes.SPECTRA_BUDGET, "0")
    made = {"float32": [], "mixed_bfloat16": []}
    for policy, filters in made.items():
        model = CausalLM(HyenaBackbone(2, 16, 66, d_inner=64, dtype=policy))
        load_state_dict(model, golden_weights)
        with monkeypatch.context() as patch:
            some = HyenaFilter.filters_of_channels
            patch.setattr(
                HyenaFilter, "filters_of_channels", lambda *a, some=some, to=filters: to.append(some(*a)) or to[-1]
            )
            mixer = model.backbone.blocks[0].mixer
            patch.setattr(hyena, "sum_products", unrolled)
            mixer(ops.cast(np.ones((1, 64, 16), np.float32), mixer.compute_dtype))
        logits = model.predict_on_batch(golden["input_ids"])
    for one, other in zip(*made.values(), strict=True):
        one, other = (ops.convert_to_numpy(k) for k in (one, other))
        np.testing.assert_allclose(other, one, atol=1e-6 * np.abs(one).max(), rtol=0)
    assert len(made["float32"]) == 4
    assert np.sqrt(((logits - golden["logits"]) ** 2).mean()) / golden["logits"].std() < 0.03


def unrolled(function, blocks, R, bias):
    """Compute sum_products in a plain loop, so that `function` can be watched."""
    total = bias
    for index in range(len(blocks[0])):
        left, right = function(tuple(block[index] for block in blocks))
        total = total + ops.matmul(left, right)
    return total


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("long", [False, True], ids=["short", "long enough for loops over blocks"])
def test_rematerialised_blocks_have_the_same_gradients(golden, golden_model, long, request):
    if long:
        request.getfixturevalue("in_small_blocks")
    ids, targets = (golden[name].astype(np.int32) for name in ("input_ids", "target_ids"))
    model = golden_model(embed_dropout=0.0, rematerialise=True)
    assert all(block.config.rematerialise for block in model.backbone.blocks)
    loss, gradients = loss_and_gradients(model, ids, targets)
    expected_loss, expected = loss_and_gradients(golden_model(embed_dropout=0.0), ids, targets)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-6)
    for name, gradient in gradients.items():
        atol = 1e-5 * np.abs(expected[name]).max()
        np.testing.assert_allclose(gradient, expected[name], atol=atol, rtol=0, err_msg=name)


@pytest.mark.skipif(config.backend() != "torch", reason="only PyTorch takes memory for each part")
def test_the_parts_of_an_operator_hand_back_their_memory(monkeypatch):
    asked = []
    monkeypatch.setattr(blocks, "hand_back", asked.append)
    left, right = ops.ones((3, 10, 2)), ops.ones((3, 2, 4))
    for expected in ([10 * 4 * 4], []):  # in training the next step takes the same memory
        with without_gradients() if expected else nullcontext():
            total = sum_products(lambda pair: pair, (left, right), 10, ops.zeros(4))
        np.testing.assert_array_equal(ops.convert_to_numpy(total), np.full((10, 4), 6.0))
        assert asked == expected
        asked.clear()
