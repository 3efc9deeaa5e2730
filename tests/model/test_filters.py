import keras
import numpy as np
import pytest

from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.filters import HyenaFilter, PositionalFeatures

pytestmark = [pytest.mark.keras, pytest.mark.core]


def filters(model, layer, L):
    mixer = model.backbone.blocks[layer].mixer
    return keras.ops.convert_to_numpy(mixer.filters(keras.ops.zeros((1, L, 1))))[0].T  # (L, D)


@pytest.mark.parametrize("layer", [0, 1])
def test_filters_are_those_of_the_original(golden, golden_model, layer):
    model = golden_model()
    for L, name in ((66, "length66_full"), (64, "length64")):
        expected = golden[f"layer{layer}_implicit_filter_{name}"]
        np.testing.assert_allclose(filters(model, layer, L), expected, atol=5e-6, rtol=0)


def test_a_short_filter_is_the_start_of_the_long_one(golden_model):
    model = golden_model()
    np.testing.assert_allclose(filters(model, 0, 7), filters(model, 0, 66)[:7], atol=2e-6, rtol=0)


def test_the_two_layouts_order_channels_by_step_or_by_channel():
    channels = keras.ops.arange(6)  # two steps, three channels
    by_step = {
        layout: keras.ops.convert_to_numpy(
            HyenaFilter(HyenaConfig(1, 3, 66, order=3, filter_layout=layout)).by_step(channels)
        ).tolist()
        for layout in ("step_major", "channel_major")
    }
    assert by_step == {"step_major": [[0, 1, 2], [3, 4, 5]], "channel_major": [[0, 2, 4], [1, 3, 5]]}


def test_half_precision_elsewhere_leaves_the_filter_alone(golden_weights):
    from hyenadna_core import CausalLM, HyenaBackbone
    from hyenadna_core.weights.state_dict import load_state_dict

    filters = []
    for policy in ("float32", "mixed_bfloat16"):
        model = CausalLM(HyenaBackbone(2, 16, 66, d_inner=64, dtype=policy))
        load_state_dict(model, golden_weights)
        block = model.backbone.blocks[0]
        spread = {}
        model.backbone.blocks[0].mixer.filter_fn.call, before = (
            lambda *tables, call=block.mixer.filter_fn.call, spread=spread: spread.setdefault("k", call(*tables)),
            block.mixer.filter_fn.call,
        )
        block(keras.ops.zeros((1, 66, 16)))
        block.mixer.filter_fn.call = before
        filters.append(keras.ops.convert_to_numpy(keras.ops.cast(spread["k"], "float32")))
    np.testing.assert_allclose(filters[1], filters[0], atol=1e-6 * np.abs(filters[0]).max(), rtol=0)


def test_layers_come_back_from_their_config():
    for layer in (HyenaFilter(HyenaConfig(1, 8, 66, order=3)), PositionalFeatures(66, 7, trainable=True)):
        assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
