"""Half precision: float32 filters and transforms, and the error of the logits."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_backends import fft_conv
from hyenadna_core import CausalLM, HyenaBackbone
from hyenadna_core.checks.cases import drawn_weights
from hyenadna_core.definition import positional_features, times
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.filters import HyenaFilter, PositionalFeatures
from hyenadna_core.weights.state_dict import load_state_dict

pytestmark = pytest.mark.keras

POLICIES = {"mixed_bfloat16": 0.015, "mixed_float16": 0.003}  # RMS error of logits, in parts of their spread


@cache
def filters_under(policy, L):
    """Compute filters, positions included, with a policy for all of Keras: (C, L)."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        backbone = HyenaBackbone(1, 4, L, dtype=policy)
        mixer = backbone.blocks[0].mixer
        x = ops.zeros((1, L, 1), keras.mixed_precision.DTypePolicy(policy).compute_dtype)
        return ops.convert_to_numpy(ops.cast(mixer.filters(x), "float32"))[0]
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize(
    ("L", "policy"),
    [
        *((16_386, policy) for policy in POLICIES),
        (1_000_002, "mixed_bfloat16"),
        pytest.param(1_000_002, "mixed_float16", marks=pytest.mark.one_backend),
    ],
)
def test_filters_are_those_of_float32(policy, L):
    expected = filters_under("float32", L)
    filters = filters_under(policy, L)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(filters, expected, atol=1e-6 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize(("dtype", "times_left"), [("bfloat16", 1_781), ("float16", 11_170)])
@pytest.mark.one_backend
def test_positions_cast_to_half_would_collide_and_the_filters_with_them(dtype, times_left):
    """Show the original's mistake: few of a million positions stay distinct, so filters differ."""
    L = 1_000_002
    z, t = positional_features(L, 5), times(L)
    filter_fn = HyenaFilter(HyenaConfig(1, 4, 66))
    filter_fn.build()
    halved = ops.convert_to_numpy(ops.cast(ops.cast(ops.convert_to_tensor(z), dtype), "float32"))
    assert len(np.unique(halved[:, 0])) == times_left
    expected = ops.convert_to_numpy(filter_fn(ops.convert_to_tensor(z), ops.convert_to_tensor(t)))
    filters = ops.convert_to_numpy(filter_fn(ops.convert_to_tensor(halved), ops.convert_to_tensor(t)))
    assert np.abs(filters - expected).max() > 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("policy", POLICIES)
def test_positions_stay_in_float32(policy):
    z, t = PositionalFeatures(1_000_002, dtype=None)(ops.zeros((1, 1_000_002, 1), policy.removeprefix("mixed_")))
    assert {keras.backend.standardize_dtype(table.dtype) for table in (z, t)} == {"float32"}
    assert len(np.unique(ops.convert_to_numpy(t))) == 1_000_002


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("L", [16_384, 1_000_002])
def test_the_convolution_works_in_float32(dtype, L):
    """Check that a half-precision input gives the float32 result of its numbers, rounded once."""
    random = np.random.default_rng(0)
    u, k, bias = (ops.convert_to_tensor(random.normal(size=n).astype(np.float32)) for n in ((1, 1, L), (1, L), (1,)))
    u = ops.cast(u, dtype)
    output = fft_conv(u, k, bias)
    assert keras.backend.standardize_dtype(output.dtype) == dtype
    expected = ops.cast(fft_conv(ops.cast(u, "float32"), k, bias), dtype)
    np.testing.assert_array_equal(*(ops.convert_to_numpy(ops.cast(y, "float32")) for y in (output, expected)))


@pytest.fixture(scope="module")
def sixteen_thousand():
    """Return drawn weights of tiny-16k, 4,096 ids, and the logits in float32."""
    model = CausalLM(HyenaBackbone(2, 128, 16_386))
    weights = drawn_weights(model.hyena_config, np.random.default_rng(0))
    load_state_dict(model, weights)
    ids = np.random.default_rng(1).integers(7, 11, (1, 4_096))
    return weights, ids, model.predict_on_batch(ids)


@pytest.mark.parametrize("policy", POLICIES)
def test_logits_lose_little_in_half_precision(sixteen_thousand, policy):
    weights, ids, expected = sixteen_thousand
    model = CausalLM(HyenaBackbone(2, 128, 16_386, dtype=policy))
    load_state_dict(model, weights)
    logits = model.predict_on_batch(ids)
    assert logits.dtype == np.float32
    error = np.sqrt(((logits - expected) ** 2).mean()) / expected.std()
    assert error <= POLICIES[policy]
