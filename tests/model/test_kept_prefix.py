"""Sequences after a kept prefix, compared with the whole model and with float64."""

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_core import HyenaDNAError, KeptPrefix
from hyenadna_core.testing import reference_states, tiny_backbone

pytestmark = [pytest.mark.keras, pytest.mark.core]

RANDOM = np.random.default_rng(0)
MARGIN = 4  # of two layers with short filters of three taps


@pytest.fixture(scope="module")
def backbone():
    made = tiny_backbone(200, n_layer=2)
    for variable in made.trainable_variables:  # so that positions act on each other more than in an untrained model
        if variable.name in ("kernel", "taps"):
            variable.assign(5 * variable.value)
    return made


def vectors_of(count):
    return RANDOM.normal(size=(count, 8)).astype(np.float32)


@pytest.mark.parametrize("count", [1, MARGIN, MARGIN + 1, 70])
def test_states_after_a_prefix_are_those_of_the_whole_model(backbone, count):
    prefix, embedded = vectors_of(count), RANDOM.normal(size=(3, 24, 8)).astype(np.float32)
    kept = KeptPrefix(backbone, prefix, 24)
    whole = np.concatenate([np.broadcast_to(prefix, (3, count, 8)), embedded], axis=1)
    expected = reference_states(backbone, whole)[:, count:]
    np.testing.assert_allclose(ops.convert_to_numpy(kept.hidden(ops.convert_to_tensor(embedded))), expected, atol=2e-5)
    shorter = ops.convert_to_numpy(kept.hidden(ops.convert_to_tensor(embedded[:1, :5])))
    np.testing.assert_allclose(shorter, expected[:1, :5], atol=2e-5)
    assert np.abs(reference_states(backbone, embedded) - expected).max() > 1e-2


def test_embeddings_are_rounded_as_in_the_model():
    backbone = tiny_backbone(200, n_layer=2, dtype="mixed_bfloat16")
    prefix, embedded = vectors_of(40), RANDOM.normal(size=(2, 9, 8)).astype(np.float32)
    whole = np.concatenate([np.broadcast_to(prefix, (2, 40, 8)), embedded], axis=1)
    expected = ops.convert_to_numpy(backbone.from_embeddings(ops.convert_to_tensor(whole, "bfloat16")))[:, 40:]
    kept = ops.convert_to_numpy(KeptPrefix(backbone, prefix, 9).hidden(ops.convert_to_tensor(embedded)))
    np.testing.assert_allclose(kept, expected, atol=0.05)


def test_the_bytes_are_those_of_the_inputs_and_outputs(backbone):
    kept = KeptPrefix(backbone, vectors_of(70), 24)
    assert kept.bytes == sum(ops.size(tensor) * 4 for block in kept._kept for pair in block for tensor in pair)
    assert KeptPrefix(backbone, vectors_of(MARGIN), 24).bytes == 0


@pytest.mark.parametrize(
    ("shape", "length", "message"),
    [
        ((3, 9), 5, r"A prefix has the shape \(P, 8\) for this model, not \(3, 9\)"),
        ((0, 8), 5, r"A prefix has the shape \(P, 8\) for this model, not \(0, 8\)"),
        ((150, 8), 51, "A prefix of 150 vectors and 51 positions after it do not fit: the model takes 1 to 200 in all"),
        ((150, 8), 0, "A prefix of 150 vectors and 0 positions after it do not fit"),
    ],
)
def test_a_prefix_that_does_not_fit_is_one_line(backbone, shape, length, message):
    with pytest.raises(HyenaDNAError, match=message):
        KeptPrefix(backbone, np.zeros(shape, np.float32), length)


def test_embeddings_that_do_not_fit_are_one_line(backbone):
    kept = KeptPrefix(backbone, vectors_of(6), 5)
    for shape in ((2, 6, 8), (2, 0, 8), (2, 5, 7), (5, 8)):
        with pytest.raises(HyenaDNAError, match=r"after this prefix have the shape \(B, 1 to 5, 8\), not"):
            kept.hidden(keras.ops.zeros(shape))


def test_attention_keeps_no_prefix():
    with pytest.raises(HyenaDNAError, match="A model with attention keeps no prefix"):
        KeptPrefix(tiny_backbone(mixer="attention"), vectors_of(6), 5)
