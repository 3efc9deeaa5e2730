"""The float64 definition, compared with the original and with the O(L^2) convolution."""

import numpy as np
import pytest

from hyenadna_backends.kernels import definition as convolution
from hyenadna_core import definition
from hyenadna_core.checks.cases import CASES, inputs


@pytest.mark.parametrize(
    ("name", "length", "shift"),
    [("logits", 64, 0.05), ("logits_with_modulation_shift_0", 64, 0.0), ("logits_for_first_37_tokens", 37, 0.05)],
)
def test_it_agrees_with_the_original(golden, golden_weights, name, length, shift):
    hidden, logits = definition.forward(golden_weights, golden["input_ids"][:, :length], shift)
    assert hidden.dtype == logits.dtype == np.float64
    np.testing.assert_allclose(logits, golden[name], atol=1e-5, rtol=0)


def test_it_agrees_with_the_originals_own_float64(shared_data):
    from safetensors.numpy import load_file

    reference = shared_data / "reference"
    weights = load_file(reference / "tiny_1k_preset.weights.safetensors")
    with np.load(reference / "tiny_1k_preset.expected.npz") as expected:
        logits = definition.forward(weights, expected["input_ids"])[1]
        np.testing.assert_allclose(logits, expected["logits_float64"], atol=2e-5, rtol=0)  # its tables are float32 ones


def test_the_loss_is_that_of_the_original(golden, golden_weights):
    logits = definition.forward(golden_weights, golden["input_ids"])[1]
    np.testing.assert_allclose(
        definition.loss(logits, golden["target_ids"].astype(np.int64)), golden["next_token_loss"], rtol=1e-6
    )


@pytest.mark.parametrize("filter_layout", ["channel_major", "step_major"])
def test_its_transform_is_the_sum_that_defines_the_convolution(filter_layout):
    """Compute order 3 by the O(L^2) sum, with the gates in the original's order."""
    case = next(case for case in CASES if case.config.order == 3)
    weights = {name: tensor.astype(np.float64) for name, tensor in inputs(case).items()}
    prefix = "backbone.layers.0."
    w = {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}
    x = np.random.default_rng(0).normal(size=(2, 21, 32))
    g0, g1, g2, v = np.split(
        definition.short_convolution(w, definition.linear(w, "mixer.in_proj", x).swapaxes(1, 2)), 4, axis=1
    )
    k, skip = definition.filters(w, 21, 0.05), w["mixer.filter_fn.bias"]
    first, second = (
        (slice(0, 32), slice(32, 64)) if filter_layout == "step_major" else (slice(0, 64, 2), slice(1, 64, 2))
    )
    v = convolution.fft_conv(v * g2, k[first], skip[first])
    v = convolution.fft_conv(v * g1, k[second], skip[second])
    expected = definition.linear(w, "mixer.out_proj", (v * g0).swapaxes(1, 2))
    np.testing.assert_allclose(definition.hyena(w, x, 0.05, filter_layout), expected, atol=1e-11)
