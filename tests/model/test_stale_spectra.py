"""Kept spectra are never stale, however a weight, a window or a device changes."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_core import CausalLM, HyenaBackbone
from hyenadna_core.model.sizes import SPECTRA_BUDGET as BUDGET
from hyenadna_core.weights.state_dict import load_state_dict, state_dict

pytestmark = pytest.mark.keras

IDS = np.random.default_rng(0).integers(7, 12, (2, 50))
QUANTIZING = ["ignore:(?s).*custom_gradient.* pass-through"]  # Keras: NumPy and MLX have no such gradient


def slowly(model, ids=IDS):
    """Compute the output as Keras does, without kept spectra."""
    return ops.convert_to_numpy(ops.stop_gradient(model(ops.convert_to_tensor(ids, "int32"))))


def spectra(model):
    return model.backbone.spectra


def agrees(model):
    output = model.predict_on_batch(IDS)
    np.testing.assert_allclose(output, slowly(model), atol=2e-6 * np.abs(output).max(), rtol=0)


def assign(model):
    variable = model.backbone.blocks[1].mixer.filter_fn.linears[0].kernel
    variable.assign(variable.value * 1.5)


def change_freq(model):
    variable = model.backbone.blocks[0].mixer.filter_fn.freq
    variable.assign(variable.value + 1)


def change_positions(model):
    variable = model.backbone.blocks[0].mixer.pos_emb.z
    variable.assign(variable.value * 0.5)


def load_others(model):
    load_state_dict(model, state_dict(CausalLM(HyenaBackbone(2, 8, 66, seed=77))))


def set_weights(model):
    model.set_weights([value * 1.1 for value in model.get_weights()])


def change_window_shift(model):
    model.backbone.blocks[1].mixer.filter_fn.window_shift = 0.0


def change_in_place(model):
    """Change an array without Keras, and on PyTorch without its counter of versions."""
    value = model.backbone.blocks[1].mixer.filter_fn.linears[0].kernel.value
    if keras.config.backend() == "torch":
        value.data.mul_(1.5)
    elif keras.config.backend() == "jax":
        pytest.skip("arrays of JAX do not change in place")
    else:
        value[:] = value * 1.5


def adapt_filter(model):
    linear = model.backbone.blocks[0].mixer.filter_fn.linears[1]
    linear.enable_lora(2)
    linear.lora_kernel_b.assign(np.ones(linear.lora_kernel_b.shape))


def strengthen_adapter(model):
    adapt_filter(model)
    agrees(model)
    model.backbone.blocks[0].mixer.filter_fn.linears[1].lora_alpha = 8


CHANGES = [assign, change_freq, change_positions, change_window_shift, load_others, set_weights]


@pytest.mark.parametrize("change", [*CHANGES, change_in_place, adapt_filter])
def test_weights_that_change_are_noticed(change):
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    before = model.predict_on_batch(IDS)
    change(model)
    agrees(model)
    assert spectra(model).made == 2
    assert np.abs(model.predict_on_batch(IDS) - before).max() > 1e-6


@pytest.mark.usefixtures("trains")
def test_a_training_step_between_is_noticed_and_sees_no_kept_spectra():
    def run(predicts):
        model = CausalLM(HyenaBackbone(2, 8, 66, seed=2, embed_dropout=0.0))
        model.compile(keras.optimizers.SGD(0.5), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        losses = []
        for _ in range(3):
            losses.append(float(model.train_on_batch(IDS[:, :-1], IDS[:, 1:])))
            if predicts:
                agrees(model)
        return losses

    assert run(predicts=True) == run(predicts=False)


def test_a_file_loaded_over_the_weights_is_noticed(tmp_path):
    CausalLM(HyenaBackbone(2, 8, 66, seed=5)).save_weights(tmp_path / "x.weights.h5")
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    model.predict_on_batch(IDS)
    model.load_weights(tmp_path / "x.weights.h5")
    agrees(model)
    assert spectra(model).made == 2


def test_an_adapter_that_counts_more_is_noticed():
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    strengthen_adapter(model)
    agrees(model)
    assert spectra(model).made == 2


def test_a_numpy_array_that_a_weight_was_assigned_from_may_change():
    """Change an array that JAX on a CPU may share: it starts at a multiple of 64 bytes."""
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    kernel = model.backbone.blocks[1].mixer.filter_fn.linears[1].kernel
    memory = np.zeros(kernel.shape[0] * kernel.shape[1] + 16, np.float32)
    start = -memory.ctypes.data % 64 // 4
    shared = memory[start : start + kernel.shape[0] * kernel.shape[1]].reshape(kernel.shape)
    shared[:] = ops.convert_to_numpy(kernel.value)
    kernel.assign(shared)
    agrees(model)
    shared *= 1.5
    agrees(model)


@pytest.mark.usefixtures("trains")
def test_fit_is_noticed():
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2, embed_dropout=0.0))
    model.predict_on_batch(IDS)
    model.compile(keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(IDS[:, :-1], IDS[:, 1:], batch_size=2, verbose=0)
    agrees(model)
    assert spectra(model).made == 2


@pytest.mark.filterwarnings(*QUANTIZING)
def test_a_quantized_filter_network_is_noticed():
    model = CausalLM(HyenaBackbone(1, 8, 66, seed=2))
    model.predict_on_batch(IDS)
    model.backbone.blocks[0].mixer.filter_fn.linears[1].quantize("int8")
    output = model.predict_on_batch(IDS)
    assert spectra(model).made == 2
    np.testing.assert_array_equal(model.predict_on_batch(IDS), output)


def test_another_device_is_noticed(monkeypatch):
    model = CausalLM(HyenaBackbone(1, 8, 66))
    model.predict_on_batch(IDS)
    monkeypatch.setattr("hyenadna_core.model.spectra.current_device", lambda: "another")
    agrees(model)
    assert spectra(model).made == 2


def test_weights_that_did_not_change_cost_no_new_spectra():
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    model.predict_on_batch(IDS)
    model.set_weights(model.get_weights())
    model.backbone.blocks[0].mlp.fc1.kernel.assign(np.ones((8, 32)))  # no filter depends on it
    agrees(model)
    assert spectra(model).made == 1


def test_a_window_that_changes_is_noticed_where_nothing_is_kept(monkeypatch):
    monkeypatch.setenv(BUDGET, "0")
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    agrees(model)
    change_window_shift(model)
    agrees(model)


def test_layers_that_are_made_otherwise_are_run_as_they_are():
    model = CausalLM(HyenaBackbone(3, 8, 66, seed=2))
    model.predict_on_batch(IDS)
    model.backbone.blocks[1].mlp.fc1.enable_lora(2)
    adapter = model.backbone.blocks[1].mlp.fc1.lora_kernel_b
    adapter.assign(np.ones(adapter.shape))
    agrees(model)


def test_threads_that_ask_one_model_at_once_get_what_each_asked_for():
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    lengths = [20, 50, 33, 20, 50, 41] * 4
    expected = {L: model.predict_on_batch(IDS[:, :L]) for L in set(lengths)}
    model.set_weights(model.get_weights())
    with ThreadPoolExecutor(3) as threads:
        for L, output in zip(lengths, threads.map(lambda L: model.predict_on_batch(IDS[:, :L]), lengths), strict=True):
            np.testing.assert_array_equal(output, expected[L])
