"""Kept spectra: the same logits, never stale ones, and no more bytes than allowed."""

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_backends import use_kernel
from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError
from hyenadna_core.model import sizes
from hyenadna_core.model.filters import HyenaFilter
from hyenadna_core.model.sizes import SPECTRA_BUDGET as BUDGET
from hyenadna_core.model.spectra import forget_spectra
from hyenadna_core.weights.state_dict import load_state_dict, state_dict

IDS = np.random.default_rng(0).integers(7, 12, (2, 50))


def slowly(model, ids=IDS):
    """The model as Keras runs it, which keeps nothing."""
    return ops.convert_to_numpy(ops.stop_gradient(model(ops.convert_to_tensor(ids, "int32"))))


def spectra(model):
    return model.backbone.spectra


def agrees(model):
    found = model.predict_on_batch(IDS)
    np.testing.assert_allclose(found, slowly(model), atol=2e-6 * np.abs(found).max(), rtol=0)


@pytest.mark.parametrize("config", [{}, {"order": 3}, {"trained_positions": True}, {"dtype": "mixed_bfloat16"}])
def test_kept_spectra_change_nothing(config):
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2, **config))
    first, second = model.predict_on_batch(IDS), model.predict_on_batch(IDS)
    assert spectra(model).made == 1
    np.testing.assert_array_equal(first, second)
    atol = (0.05 if "dtype" in config else 2e-6) * np.abs(first).max()
    np.testing.assert_allclose(first, slowly(model), atol=atol, rtol=0)
    np.testing.assert_allclose(
        model.backbone.predict_on_batch(IDS), slowly(model.backbone), atol=0.05 if "dtype" in config else 1e-5
    )


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


@pytest.mark.parametrize(
    "change", [assign, change_freq, change_positions, change_window_shift, load_others, set_weights]
)
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


def test_the_least_recently_used_length_is_given_up(monkeypatch):
    model = CausalLM(HyenaBackbone(1, 8, 66))
    monkeypatch.setenv(BUDGET, str(8 * 8 * (21 + 25)))
    for L in (20, 21, 20, 10, 20, 21):  # 10 takes the place of 21, and 21 then that of 10
        model.predict_on_batch(IDS[:, :L])
    assert spectra(model).made == 4
    assert list(spectra(model).kept) == [20, 21]


def test_weights_that_change_give_up_every_length():
    model = CausalLM(HyenaBackbone(1, 8, 66))
    for L in (20, 30):
        model.predict_on_batch(IDS[:, :L])
    model.set_weights([value * 1.1 for value in model.get_weights()])
    model.predict_on_batch(IDS[:, :30])
    assert list(spectra(model).kept) == [30]
    forget_spectra(model)
    assert list(spectra(model).kept) == []
    forget_spectra(CausalLM(HyenaBackbone(1, 8, 66)))


def test_threads_that_ask_one_model_at_once_get_what_each_asked_for():
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    lengths = [20, 50, 33, 20, 50, 41] * 4
    expected = {L: model.predict_on_batch(IDS[:, :L]) for L in set(lengths)}
    model.set_weights(model.get_weights())
    with ThreadPoolExecutor(3) as threads:
        for L, found in zip(lengths, threads.map(lambda L: model.predict_on_batch(IDS[:, :L]), lengths), strict=True):
            np.testing.assert_array_equal(found, expected[L])


def test_a_model_that_was_asked_can_be_copied():
    model = CausalLM(HyenaBackbone(1, 8, 66, seed=2))
    expected = model.predict_on_batch(IDS)
    np.testing.assert_array_equal(deepcopy(model).predict_on_batch(IDS), expected)


def test_layers_that_are_made_otherwise_are_run_as_they_are():
    model = CausalLM(HyenaBackbone(3, 8, 66, seed=2))
    model.predict_on_batch(IDS)
    model.backbone.blocks[1].mlp.fc1.enable_lora(2)
    adapter = model.backbone.blocks[1].mlp.fc1.lora_kernel_b
    adapter.assign(np.ones(adapter.shape))
    agrees(model)


def test_a_window_that_changes_is_noticed_where_nothing_is_kept(monkeypatch):
    monkeypatch.setenv(BUDGET, "0")
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    agrees(model)
    change_window_shift(model)
    agrees(model)


def test_a_budget_of_nothing_keeps_nothing(monkeypatch):
    monkeypatch.setenv(BUDGET, "0")
    model = CausalLM(HyenaBackbone(1, 8, 66))
    agrees(model)
    assert (spectra(model).made, len(spectra(model).kept)) == (0, 0)


def test_another_kernel_keeps_nothing():
    model = CausalLM(HyenaBackbone(1, 8, 66))
    use_kernel("generic")
    try:
        agrees(model)
        assert spectra(model).made == 0
    finally:
        use_kernel(None)


def test_kept_spectra_serve_blocks_of_channels_too(monkeypatch):
    monkeypatch.setattr(sizes, "WORKING_BYTES", 1)
    monkeypatch.setattr(sizes, "NARROWEST", 2)
    model = CausalLM(HyenaBackbone(2, 8, 66, order=3, seed=2))
    agrees(model)
    assert spectra(model).made == 1


def test_the_model_is_not_changed_by_being_asked():
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    before = [variable.path for variable in model.variables]
    model.predict_on_batch(IDS)
    assert [variable.path for variable in model.variables] == before


@pytest.mark.parametrize("frozen", [0, 1])
def test_frozen_blocks_are_run_like_others(frozen):
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=2))
    model.backbone.blocks[frozen].trainable = False
    agrees(model)


def test_a_model_that_was_asked_can_be_forgotten():
    import gc
    import weakref

    model = CausalLM(HyenaBackbone(1, 8, 66))
    model.predict_on_batch(IDS)
    block = weakref.ref(model.backbone.blocks[0])
    del model
    keras.backend.clear_session()
    gc.collect()
    assert block() is None


def test_what_is_kept_holds_no_gradients():
    model = CausalLM(HyenaBackbone(1, 8, 66))
    model.predict_on_batch(IDS)
    (kept,) = spectra(model).of(model.backbone, 50)
    assert not getattr(kept, "requires_grad", False)


def test_ids_of_one_axis_are_one_line():
    with pytest.raises(HyenaDNAError, match=r"Token ids must have the shape \(B, L\), not \(5,\)"):
        CausalLM(HyenaBackbone(1, 8, 66)).predict_on_batch(np.full(5, 7))


@pytest.mark.parametrize("shape", [(0, 5), (1, 0)])
def test_no_ids_are_one_line(shape):
    with pytest.raises(HyenaDNAError, match=rf"^There are no token ids in the shape \({shape[0]}, {shape[1]}\): give"):
        CausalLM(HyenaBackbone(1, 8, 66)).predict_on_batch(np.zeros(shape, np.int32))


def test_a_budget_that_is_no_number_is_one_line(monkeypatch):
    monkeypatch.setenv(BUDGET, "1GB")
    with pytest.raises(HyenaDNAError, match="HYENADNA_SPECTRA_BYTES is '1GB': give a number of bytes"):
        CausalLM(HyenaBackbone(1, 8, 66)).predict_on_batch(IDS)


def test_kept_spectra_spare_the_filter_network_in_blocks_too(monkeypatch):
    monkeypatch.setattr(sizes, "WORKING_BYTES", 1)
    monkeypatch.setattr(sizes, "NARROWEST", 2)
    model = CausalLM(HyenaBackbone(2, 8, 66))
    asked = []
    network = HyenaFilter.hidden
    monkeypatch.setattr(HyenaFilter, "hidden", lambda self, z: asked.append(len(z)) or network(self, z))
    model.predict_on_batch(IDS)
    first = list(asked)
    assert set(first) == {50}  # for the spectra: once a layer, or where it is compiled for all of them
    model.predict_on_batch(IDS)
    assert asked == first
