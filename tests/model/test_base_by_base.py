"""The logits base by base equal those of a full pass, at every base."""

import re
from pathlib import Path
from runpy import run_path

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from hyenadna_core import BaseByBase, CausalLM, HyenaBackbone, HyenaDNAError
from hyenadna_core.model.tiles import BLOCK, Filters, Tiles
from hyenadna_core.tokens import A, T

pytestmark = pytest.mark.keras
LENGTH = 280  # 5 blocks of bases after the shortest prompt: tiles of 1, 2 and 4 blocks
MODELS = {
    "order 2": {},
    "order 3": {"order": 3, "tie_embeddings": False, "short_filter_order": 4},
    "step by step": {"order": 4, "filter_layout": "step_major", "window_shift": 0.0},
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    options = dict(MODELS[request.param])
    tie = options.pop("tie_embeddings", True)
    model, rng = CausalLM(HyenaBackbone(2, 16, LENGTH, seed=5, **options), tie_embeddings=tie), np.random.default_rng(3)
    for variable in model.variables:
        if variable.name in ("bias", "beta"):  # they are 0 before training
            variable.assign(variable + rng.normal(size=variable.shape, scale=0.1))
    return model


@pytest.fixture(scope="module")
def ids():
    return np.random.default_rng(0).integers(A, T + 1, (2, LENGTH)).astype(np.int32)


@pytest.fixture(scope="module")
def quadratic_tiles():
    return run_path(str(Path(__file__).with_name("quadratic_tiles.py")))["QuadraticTiles"]


def read(model, ids, prompt, length):
    """Return the logits after the prompt and after each base: (B, length - prompt + 1, V)."""
    reader = BaseByBase(model, length)
    logits = [reader.prefill(ids[:, :prompt])]
    logits += [reader.step(ids[:, place]) for place in range(prompt, length)]
    assert reader.read == length
    np.testing.assert_array_equal(reader.logits, logits[-1])
    return np.stack(logits, axis=1)


def test_each_base_has_the_logits_of_a_full_pass(model, ids):
    full = model.predict_on_batch(ids)
    for prompt in (1, 2, 40):  # shorter than the short filters, and longer than a block
        np.testing.assert_allclose(read(model, ids, prompt, LENGTH), full[:, prompt - 1 :], atol=1e-5, rtol=0)


def test_the_logits_do_not_depend_on_the_length_or_on_other_sequences(model, ids):
    whole = read(model, ids, 3, LENGTH)
    np.testing.assert_allclose(read(model, ids, 3, 70), whole[:, :68], atol=1e-5, rtol=0)
    np.testing.assert_allclose(read(model, ids[1:], 3, 70), whole[1:, :68], atol=1e-5, rtol=0)


def test_one_reader_reads_prompts_of_many_lengths(model, ids):
    reader = BaseByBase(model, LENGTH)
    for prompt, length in ((9, 50), (1, LENGTH), (70, 230), (200, 201), (9, 80)):
        full = model.predict_on_batch(ids[:, :length])
        logits = [reader.prefill(ids[:, :prompt], length)]
        logits += [reader.step(ids[:, place]) for place in range(prompt, length)]
        np.testing.assert_allclose(np.stack(logits, axis=1), full[:, prompt - 1 :], atol=1e-5, rtol=0)
        with pytest.raises(HyenaDNAError, match=f"{length} bases were read already"):
            reader.step(ids[:, 0])
    with pytest.raises(HyenaDNAError, match="281 bases are asked for, and this BaseByBase reads 280: make another"):
        reader.prefill(ids[:, :9], LENGTH + 1)


@pytest.mark.parametrize("prompt", [256, 257, 511, 700])  # filled up to 256, 512 and all 700
def test_a_prompt_is_filled_up_without_any_effect(prompt):
    model = CausalLM(HyenaBackbone(2, 16, 700, seed=5))
    ids = np.random.default_rng(1).integers(A, T + 1, (2, 700)).astype(np.int32)
    full = model.predict_on_batch(ids)[:, prompt - 1 : prompt + 30]
    np.testing.assert_allclose(
        read(model, ids[:, : prompt + 30], prompt, min(700, prompt + 30)), full, atol=1e-5, rtol=0
    )


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX compiles for each length")
def test_prompts_of_like_length_are_compiled_once(ids):
    from jax import monitoring

    reader, compiled = BaseByBase(CausalLM(HyenaBackbone(1, 16, LENGTH)), LENGTH), []

    def listen(event, _seconds, **_):
        compiled.extend([event] * event.endswith("backend_compile_duration"))

    def continue_prompt(prompt):
        reader.prefill(ids[:, :prompt], prompt + 140)
        for place in range(prompt, prompt + 140):
            reader.step(ids[:, place])

    monitoring.register_event_duration_secs_listener(listen)
    try:
        continue_prompt(40)
        continue_prompt(60)  # compares the weights with those of the first call
        assert compiled
        compiled.clear()
        continue_prompt(100)
        assert compiled == []
    finally:
        monitoring.unregister_event_duration_listener(listen)


@pytest.mark.parametrize("stop", [40, 103, 104, 250])  # after the prompt, at the border of a block, later
def test_a_state_goes_on_as_if_it_had_not_stopped(model, ids, stop, tmp_path):
    whole = read(model, ids, 40, LENGTH)
    reader = BaseByBase(model, LENGTH)
    reader.prefill(ids[:, :40])
    for place in range(40, stop):
        reader.step(ids[:, place])
    save_file(reader.state(), tmp_path / "state.safetensors")
    other = BaseByBase(model, LENGTH)
    logits = [other.restore(load_file(tmp_path / "state.safetensors"))]
    logits += [other.step(ids[:, place]) for place in range(stop, LENGTH)]
    np.testing.assert_allclose(np.stack(logits, axis=1), whole[:, stop - 40 :], atol=1e-6, rtol=0)


def test_a_state_of_another_length_or_model_is_one_line(model, ids):
    reader = BaseByBase(model, 60)
    with pytest.raises(HyenaDNAError, match="There is no state yet: call prefill first"):
        reader.state()
    reader.prefill(ids[:, :9])
    state = reader.state()
    for wrong in (BaseByBase(model, 61).restore, lambda arrays: reader.restore({})):
        with pytest.raises(HyenaDNAError, match="This is no state of a BaseByBase of this version with length 6"):
            wrong(state)
    with pytest.raises(HyenaDNAError, match="The state is of another model: it has no recent"):
        reader.restore({name: array for name, array in state.items() if not name.startswith("1.")})
    narrow = BaseByBase(CausalLM(HyenaBackbone(2, 8, 60, order=model.hyena_config.order)), 60)
    narrow.prefill(ids[:, :9])
    with pytest.raises(HyenaDNAError, match="The state is of another model: it has another number of channels"):
        reader.restore(narrow.state())


def test_what_cannot_be_read_is_one_line(model, ids):
    reader = BaseByBase(model, 4)
    with pytest.raises(HyenaDNAError, match="step comes after prefill"):
        reader.step(ids[:, 0])
    for wrong in (ids[:, :0], ids[:, :5], ids[0], ids[:0, :3]):
        with pytest.raises(HyenaDNAError, match=re.escape(f"with 1 to 4 bases, not {wrong.shape}")):
            reader.prefill(wrong)
    with pytest.raises(HyenaDNAError, match="Token ids are whole numbers from 0 to 15"):
        reader.prefill(ids[:, :3] + 9)
    reader.prefill(ids[:, :3])
    with pytest.raises(HyenaDNAError, match=re.escape("step reads ids (2,), one a sequence, not (1,).")):
        reader.step(ids[:1, 3])
    with pytest.raises(HyenaDNAError, match="Token ids are whole numbers from 0 to 15"):
        reader.step(ids[:, 3] + 9)
    reader.step(ids[:, 3])
    with pytest.raises(HyenaDNAError, match="4 bases were read already"):
        reader.step(ids[:, 4])
    for length in (0, LENGTH + 1):
        with pytest.raises(HyenaDNAError, match=f"{length} bases are asked for, and the model reads 1 to {LENGTH}"):
            BaseByBase(model, length)


def test_a_model_with_attention_is_refused():
    with pytest.raises(HyenaDNAError, match="A model with attention cannot read base by base"):
        BaseByBase(CausalLM(HyenaBackbone(1, 16, 20, mixer="attention")), 9)


@pytest.mark.parametrize("blocks", [1, 5, 8])
def test_tiles_add_each_pair_of_blocks_once(blocks, quadratic_tiles):
    """Compare with the sum over all earlier inputs, base by base: O(L^2)."""
    rng, D, L = np.random.default_rng(blocks), 3, blocks * BLOCK
    u = rng.normal(size=(2, D, L)).astype(np.float32)
    prompt = rng.normal(size=(2, D, L)).astype(np.float32)
    filters = Filters(rng.normal(size=(D, L)).astype(np.float32))
    tiles, twin = (kind(filters, keras.ops.convert_to_tensor(prompt)) for kind in (Tiles, quadratic_tiles))
    for first in range(0, L, BLOCK):
        expected = prompt[:, :, first : first + BLOCK].astype(np.float64)
        for t in range(BLOCK):
            for s in range(first):
                expected[:, :, t] += filters.k[:, first + t - s] * u[:, :, s]
        for each in (tiles, twin):
            np.testing.assert_allclose(keras.ops.convert_to_numpy(each.next_block()), expected, atol=1e-4, rtol=0)
            each.append(keras.ops.convert_to_tensor(u[:, :, first : first + BLOCK]))


def test_the_logits_are_those_of_the_obvious_convolution(model, ids, quadratic_tiles, monkeypatch):
    from hyenadna_core.model import base_by_base

    fast = read(model, ids, 3, LENGTH)
    monkeypatch.setattr(base_by_base, "Tiles", quadratic_tiles)
    np.testing.assert_allclose(read(model, ids, 3, LENGTH), fast, atol=1e-5, rtol=0)
