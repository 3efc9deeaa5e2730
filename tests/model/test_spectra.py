"""Kept spectra: they give the same logits, and take no more bytes than allowed."""

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

pytestmark = pytest.mark.keras

IDS = np.random.default_rng(0).integers(7, 12, (2, 50))


def slowly(model, ids=IDS):
    """Compute the output as Keras does, without kept spectra."""
    return ops.convert_to_numpy(ops.stop_gradient(model(ops.convert_to_tensor(ids, "int32"))))


def spectra(model):
    return model.backbone.spectra


def agrees(model):
    output = model.predict_on_batch(IDS)
    np.testing.assert_allclose(output, slowly(model), atol=2e-6 * np.abs(output).max(), rtol=0)


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


def test_the_least_recently_used_length_is_given_up(monkeypatch):
    model = CausalLM(HyenaBackbone(1, 8, 66))
    monkeypatch.setenv(BUDGET, str(8 * 8 * (21 + 25)))
    for L in (20, 21, 20, 10, 20, 21):  # 10 replaces 21, then 21 replaces 10
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


def test_a_model_that_was_asked_can_be_copied():
    model = CausalLM(HyenaBackbone(1, 8, 66, seed=2))
    expected = model.predict_on_batch(IDS)
    np.testing.assert_array_equal(deepcopy(model).predict_on_batch(IDS), expected)


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
    assert set(first) == {50}  # for the spectra: once a layer, or once if compiled
    model.predict_on_batch(IDS)
    assert asked == first
