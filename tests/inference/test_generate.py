"""Generated bases, and log P of each as a full pass gives it."""

import numpy as np
import pytest
from scipy.special import log_softmax

from hyenadna_core import BaseByBase, CausalLM, HyenaBackbone, HyenaDNAError, Sampling, decode, encode, generate
from hyenadna_core.tokens import A, T

pytestmark = pytest.mark.keras
PROMPT = "ACGTTGCA"


@pytest.fixture(scope="module")
def model():
    return CausalLM(HyenaBackbone(2, 16, 128, seed=5))


def generated(model, *arguments, **options):
    """Return the ids and log P of new bases: (samples, bases) each."""
    new = list(generate(model, *arguments, **options))
    return np.stack([each.ids for each in new], axis=1), np.stack([each.log_probs for each in new], axis=1)


def test_log_p_of_each_base_is_that_of_a_full_pass(model):
    ids, log_probs = generated(model, PROMPT, 70, samples=3, seed=1)
    assert ids.shape == log_probs.shape == (3, 70)
    whole = np.concatenate([np.tile(encode(PROMPT), (3, 1)), ids], axis=1)
    full = log_softmax(model.predict_on_batch(whole).astype(np.float64), axis=-1)[:, len(PROMPT) - 1 : -1]
    np.testing.assert_allclose(log_probs, np.take_along_axis(full, ids[..., None], axis=-1)[..., 0], atol=1e-5)
    assert len({decode(row) for row in ids}) == 3


def test_a_seed_gives_the_same_bases_and_another_one_others(model):
    first, again, other = (generated(model, PROMPT, 40, seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    longer = generated(model, PROMPT, 60, samples=3, seed=1)[0]
    np.testing.assert_array_equal(longer[:1, :40], first)


def test_the_most_likely_bases_are_those_of_a_full_pass(model):
    ids = generated(model, PROMPT.lower(), 70, sampling=Sampling(temperature=0))[0][0]
    full = model.predict_on_batch(np.append(encode(PROMPT), ids)[None])[0, len(PROMPT) - 1 : -1]
    np.testing.assert_array_equal(ids, A + full[:, A : T + 1].argmax(axis=-1))


def test_forced_bases_come_first_and_n_is_drawn(model):
    ids, _ = generated(model, PROMPT, 30, samples=4, forced="NNTATAAAN", seed=3)
    assert {decode(row[2:8]) for row in ids} == {"TATAAA"}
    free, _ = generated(model, PROMPT, 30, samples=4, seed=3)
    np.testing.assert_array_equal(ids[:, :2], free[:, :2])


def test_one_reader_gives_the_bases_of_a_new_one(model):
    reader = BaseByBase(model, 100)
    for prompt, bases in ((PROMPT, 70), ("AC", 98), (PROMPT * 3, 20)):
        ids, log_probs = generated(model, prompt, bases, samples=2, seed=3, reader=reader)
        expected = generated(model, prompt, bases, samples=2, seed=3)
        np.testing.assert_array_equal(ids, expected[0])
        np.testing.assert_allclose(log_probs, expected[1], atol=1e-5)


def test_bases_go_on_after_those_that_were_read(model):
    whole = generated(model, PROMPT, 70, samples=2, seed=3, forced="N" * 30 + "AC")[0]
    reader = BaseByBase(model, 100)
    reader.prefill(np.concatenate([np.tile(encode(PROMPT), (2, 1)), whole[:, :25]], axis=1), 78)
    options = {"samples": 2, "seed": 3, "forced": "N" * 30 + "AC", "reader": reader}
    np.testing.assert_array_equal(generated(model, PROMPT, 70, drawn=25, **options)[0], whole[:, 25:])
    for options in ({"reader": reader}, {}):
        with pytest.raises(HyenaDNAError, match="drawn is 24, but the reader has not read so many bases after the"):
            next(generate(model, PROMPT, 70, samples=2, drawn=24, **options))


@pytest.mark.parametrize(
    ("prompt", "bases", "options", "message"),
    [
        ("", 5, {}, "The prompt is empty: give at least one base."),
        (encode(PROMPT), 5, {}, "The prompt is text of bases, not ndarray: "),
        (
            PROMPT,
            90,
            {"samples": 10**9},
            "samples of 98 bases need about .* are free: ask for fewer",
        ),
        ("ACNT", 5, {}, "The prompt has 'N' at base 3; only A, C, G, T are possible."),
        ("AC>T", 5, {}, "The prompt has '>' at base 3"),
        (PROMPT, 0, {}, "bases is 0 and samples is 1: choose 1 or more"),
        (PROMPT, 5, {"samples": 0}, "bases is 5 and samples is 0"),
        (PROMPT, 5, {"forced": "ACGTAC"}, "6 bases are forced, but only 5 are generated"),
        (PROMPT, 5, {"forced": "AXG"}, "The pattern of forced bases has 'X' at base 2; only A, C, G, T, N"),
        (PROMPT, 121, {}, "129 bases are asked for, and the model reads 1 to 128"),
    ],
)
def test_what_cannot_be_done_is_one_line(model, prompt, bases, options, message):
    with pytest.raises(HyenaDNAError, match=message):
        next(generate(model, prompt, bases, **options))
