"""Models that Keras saves, copies or clones compute the same, quantized ones too."""

import copy
import functools
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import hyenadna_core
from hyenadna_core import CausalLM, Head, HyenaBackbone
from hyenadna_core.keras_classes import _MODULES

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:(?s).*custom_gradient.* pass-through"),  # Keras: NumPy and MLX have none
    pytest.mark.filterwarnings("ignore:(?s).*The use of `x.T` on tensors"),  # Keras: PyTorch will refuse it
]

IDS = np.random.default_rng(0).integers(7, 12, (2, 20)).astype(np.int32)
IDS[1, 15:] = 4


def pooled():
    backbone = HyenaBackbone(2, 8, 34)
    average = keras.layers.GlobalAveragePooling1D()(backbone.output)
    return keras.Model(backbone.input, keras.layers.Dense(2)(average))


def headed():
    backbone = HyenaBackbone(2, 8, 34)
    real = ops.not_equal(backbone.input, 4)
    return keras.Model(backbone.input, Head(2)(backbone.output, real))


MODELS = {
    "backbone": lambda: HyenaBackbone(2, 8, 34),
    "language model": lambda: CausalLM(HyenaBackbone(2, 8, 34)),
    "untied head": lambda: CausalLM(HyenaBackbone(2, 8, 34), tie_embeddings=False),
    "trained positions": lambda: CausalLM(HyenaBackbone(2, 8, 34, trained_positions=True)),
    "plain head": pooled,
    "our head": headed,
}
QUANTIZED = {"untied head": pytest.mark.one_backend, "our head": ()}


@functools.cache
def made(kind, quantized):
    model, random = MODELS[kind](), np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(ops.convert_to_numpy(variable.value) + random.normal(0, 0.1, variable.shape))
    if quantized:
        model.quantize("int8", filters="embeddings|out_proj|lm_head|dense|projection|filter_4")  # Keras takes long
    return model


def saved(model, folder):
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras", compile=False)


def cloned(model, _):
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    return clone


COPIES = [
    saved,
    cloned,
    lambda model, _: copy.deepcopy(model),
    lambda model, _: pickle.loads(pickle.dumps(model)),
]


def outputs(model):
    return ops.convert_to_numpy(ops.stop_gradient(model(IDS)))


@pytest.mark.parametrize("copied", COPIES, ids=["saved", "cloned", "copied", "pickled"])
@pytest.mark.parametrize(
    ("kind", "quantized"),
    [
        *((kind, False) for kind in MODELS),
        *(pytest.param(kind, True, marks=marks) for kind, marks in QUANTIZED.items()),
    ],
)
def test_a_copy_of_a_model_computes_the_same(tmp_path, kind, quantized, copied):
    model = made(kind, quantized)
    expected, again = outputs(model), copied(model, tmp_path)
    np.testing.assert_array_equal(outputs(again), expected)
    assert [variable.shape for variable in again.variables] == [variable.shape for variable in model.variables]


def test_two_clones_share_no_table_of_positions():
    model = made("language model", False)
    tables = {
        id(layer.mixer.pos_emb)
        for clone in (model, keras.models.clone_model(model), keras.models.clone_model(model))
        for layer in clone.layers
        if layer.name.startswith("layers_")
    }
    assert len(tables) == 3


def test_a_part_that_was_quantized_stays_the_only_one(tmp_path):
    model = MODELS["language model"]()
    model.backbone.blocks[1].mlp.fc1.quantize("int8")
    again = saved(model, tmp_path)
    modes = [[block.mlp.fc1.quantization_mode, block.mlp.fc2.quantization_mode] for block in again.backbone.blocks]
    assert modes == [[None, None], ["int8", None]]
    np.testing.assert_array_equal(outputs(again), outputs(model))


def test_a_quantized_model_predicts_the_same_after_loading(tmp_path):
    model = made("untied head", True)
    output = saved(model, tmp_path).predict_on_batch(IDS)
    np.testing.assert_array_equal(output, model.predict_on_batch(IDS))


@pytest.mark.parametrize("order", ["hyenadna_core, keras", "keras, hyenadna_core"])
@pytest.mark.one_backend
def test_a_new_process_loads_a_file_after_our_import_alone(tmp_path, order):
    if order.startswith("keras") and keras.config.backend() == "mlx":
        pytest.skip("Keras 3.15 imported first does not know MLX")
    model = made("our head", False)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "ids.npy", IDS)
    code = (
        f"import {order}; import numpy as np; model = keras.models.load_model('model.keras', compile=False);"
        "np.save('outputs.npy', keras.ops.convert_to_numpy(keras.ops.stop_gradient(model(np.load('ids.npy')))))"
    )
    subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, env=os.environ, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "outputs.npy"), outputs(model))


def test_keras_knows_the_names_of_all_our_classes():
    folder = Path(hyenadna_core.__file__).parent
    registered = {
        name: ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in folder.rglob("*.py")
        for name in re.findall(r'register_keras_serializable\("hyenadna"\)\n(?:class|def) (\w+)', path.read_text())
    }
    assert registered == _MODULES
