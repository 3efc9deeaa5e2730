import keras
import numpy as np
import pytest

from hyenadna_core import HyenaBackbone
from hyenadna_core.presets import PRESETS

pytestmark = [pytest.mark.keras, pytest.mark.core]


def hidden_by_layer(model, ids):
    """Yield the output of each part of the model, by the golden arrays' names."""
    backbone = model.backbone
    x = backbone.embeddings(ids)
    yield "embedding_output", x
    for index, block in enumerate(backbone.blocks):
        mixed = block.norm1(x)
        yield f"layer{index}_hyena_operator_input", mixed
        projected = block.mixer.in_proj(mixed)
        yield f"layer{index}_input_projection_output", projected
        short = block.mixer.short_filter(keras.ops.transpose(projected, (2, 0, 1)))  # (C, B, L)
        yield f"layer{index}_short_convolution_untrimmed_output_channels_first", keras.ops.swapaxes(short, 0, 1)
        mixed = block.mixer(mixed)
        yield f"layer{index}_hyena_operator_output", mixed
        inner = block.norm2(x + mixed)
        yield f"layer{index}_mlp_input", inner
        yield f"layer{index}_mlp_output", block.mlp(inner)
        x = block(x)
        yield f"layer{index}_residual_stream_after_block", x
    yield "final_hidden_states", backbone.ln_f(x)


def test_every_layer_gives_what_the_original_gives(golden, golden_model):
    ids = golden["input_ids"].astype(np.int32)
    names = []
    for name, hidden in hidden_by_layer(golden_model(), ids):
        expected = golden[name][..., : hidden.shape[-1]]  # the short convolution's golden output is two longer
        np.testing.assert_allclose(keras.ops.convert_to_numpy(hidden), expected, atol=2e-5, rtol=0, err_msg=name)
        names.append(name)
    assert len(names) == 16


def test_the_whole_is_the_sum_of_its_layers(golden, golden_model):
    model = golden_model()
    ids = golden["input_ids"].astype(np.int32)
    np.testing.assert_allclose(model.backbone.predict_on_batch(ids), golden["final_hidden_states"], atol=2e-5, rtol=0)


@pytest.mark.parametrize("trained_positions", [False, True])
def test_a_backbone_comes_back_from_its_config(trained_positions):
    model = HyenaBackbone(2, 8, 66, order=3, window_shift=0.05, trained_positions=trained_positions, seed=9)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert again.get_config() == model.get_config()
    ids = np.arange(20)[None] % 12
    np.testing.assert_array_equal(model.predict_on_batch(ids), again.predict_on_batch(ids))


def test_one_model_takes_every_length_up_to_its_own():
    model = HyenaBackbone(1, 8, 33)
    ids = np.random.default_rng(0).integers(7, 11, (2, 33))
    whole = model.predict_on_batch(ids)
    for L in (1, 2, 32):
        np.testing.assert_allclose(model.predict_on_batch(ids[:, :L]), whole[:, :L], atol=1e-5, rtol=0)


def test_an_argument_with_a_typo_is_refused():
    with pytest.raises(TypeError, match="window_shfit"):
        HyenaBackbone(1, 8, 66, window_shfit=0.0)


def test_blocks_share_one_table_of_positions_unless_it_is_trained():
    shared, own = (HyenaBackbone(3, 8, 66, trained_positions=trained) for trained in (False, True))
    assert len({id(block.mixer.pos_emb) for block in shared.blocks}) == 1
    assert len({id(block.mixer.pos_emb) for block in own.blocks}) == 3
    assert not any("pos_emb" in variable.path for variable in shared.trainable_variables)
    assert sum("pos_emb/z" in variable.path for variable in own.trainable_variables) == 3


@pytest.mark.parametrize("preset", PRESETS[:4], ids=lambda preset: preset.name)
def test_presets_have_as_many_parameters_as_published(preset):
    model = HyenaBackbone(**preset.config)
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == preset.parameters


def test_the_residual_stream_stays_in_float32_under_half_precision(golden_weights):
    model = HyenaBackbone(2, 16, 66, d_inner=64, dtype="mixed_bfloat16")
    out = model(np.full((1, 9), 7, np.int32))
    assert keras.backend.standardize_dtype(out.dtype) == "float32"
    assert model.blocks[0].mixer.in_proj.compute_dtype == "bfloat16"
