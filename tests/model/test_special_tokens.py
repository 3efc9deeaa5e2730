"""Rows with special tokens and labels go through the models as real positions."""

import numpy as np
import pytest

from hyenadna_core import CausalLM, HyenaBackbone, join_ids
from hyenadna_core.model.task_model import TaskModel
from hyenadna_core.tokens import CLS, LABELS, MASK, PAD, SEP

pytestmark = [pytest.mark.keras, pytest.mark.core]

ROW = join_ids([CLS, "ACGT", SEP, LABELS[0], SEP, "GGAN", MASK, SEP, LABELS[3]])[None]


def test_every_token_but_padding_is_real():
    model = TaskModel(HyenaBackbone(1, 8, 34), lambda hidden, real: real)
    real = model.predict_on_batch(np.pad(ROW, ((0, 0), (0, 3)), constant_values=PAD))[0]
    assert real.tolist() == [True] * ROW.shape[1] + [False] * 3


def test_the_language_model_reads_them():
    model = CausalLM(HyenaBackbone(1, 8, 34, seed=1))
    logits = model.predict_on_batch(ROW)
    assert logits.shape == (1, ROW.shape[1], 16)
    other = ROW.copy()
    other[0, 6] = LABELS[1]
    changed = np.abs(model.predict_on_batch(other) - logits).max(axis=-1)[0]
    assert changed[:6].max() < 1e-5 < changed[6:].max()


def test_they_stay_on_the_other_strand():
    model = TaskModel(HyenaBackbone(1, 8, 34, seed=1), lambda hidden, real: hidden, both_directions=True)
    states, backwards = (model.predict_on_batch(ids)[0] for ids in (ROW, ROW[:, ::-1]))
    assert states.shape == (ROW.shape[1], 16)
    assert np.abs(states - backwards).max() > 1e-3
