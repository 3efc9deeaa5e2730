"""A soft prompt is trained alone, saved, loaded on any backend, and kept in inference."""

import json
from pathlib import Path

import numpy as np
import pytest
from hyenadna_icl.prompt_file import open_prompt
from hyenadna_icl.soft_prompt import SoftPromptTask, prompt_of

from hyenadna_core import encode, open_run, save, train, weights_sha256
from hyenadna_core.testing import reference_states
from hyenadna_core.tokens import PAD, SEP, C, T

DATA = Path(__file__).parents[1] / "data"
PROMPT, EXPECTED = DATA / "prompt.safetensors", DATA / "logits.json"
SEQUENCES = ["ACGTTGCAACGTAC", "GGGTACCATTTGACGNAC", "AC"]


def expected_logits(task, model, sequences):
    """Compute the logits of sequences, one by one, in float64: (n, K)."""
    from keras import ops

    table = ops.convert_to_numpy(model.backbone.embeddings.embeddings).astype(np.float64)
    prompt = ops.convert_to_numpy(prompt_of(model).vectors)
    logits = []
    for sequence in sequences:
        whole = np.concatenate([prompt, table[encode(sequence)], table[[SEP]]])[None]
        logits.append(table[list(task.read_tokens)] @ reference_states(model, whole)[0, -1])
    return np.array(logits)


def test_a_task_keeps_its_promises(check_task, tables):
    figures = check_task(SoftPromptTask(**tables, prompt_length=6, reverse_complements=False), steps=10)
    assert {"accuracy", "mcc"} <= set(figures["test"])


def test_a_task_with_the_settings_of_the_paper_keeps_its_promises(check_task, tables):
    task = SoftPromptTask(**tables, prompt_length=6, protocol="paper")
    figures = check_task(task, steps=4)
    assert set(figures["test"]) == {"accuracy"}
    assert task.recipe.learning_rate == 1e-3
    assert SoftPromptTask(**tables).recipe.learning_rate == 1e-2
    assert SoftPromptTask(**tables).dropout == 0


def test_training_by_the_paper_drops_a_tenth_of_the_vectors(lively, tables):
    from keras import ops

    task = SoftPromptTask(**tables, prompt_length=50, protocol="paper")
    model = task.model(lively())
    layer, ids = prompt_of(model), encode(SEQUENCES)
    assert not np.allclose(*(ops.convert_to_numpy(model(ids, training=training)) for training in (False, True)))
    layer.vectors.assign(np.ones((50, 8)))
    embedded = ops.ones((3, 4, 8))
    as_is, dropped = (ops.convert_to_numpy(layer(embedded, training=training)) for training in (False, True))
    np.testing.assert_array_equal(as_is, np.ones((3, 54, 8)))
    np.testing.assert_array_equal(dropped[:, 50:], np.ones((3, 4, 8)))
    np.testing.assert_array_equal(dropped[0], dropped[1])  # one draw for all rows of a step
    assert 0.04 < (dropped[0, :50] == 0).mean() < 0.16
    np.testing.assert_allclose(np.unique(dropped[:, :50]), [0, 1 / 0.9], rtol=1e-6)
    assert len(layer.weights) == 1  # the file of a prompt has no state of the dropout


@pytest.mark.parametrize("protocol", ["holdout", "paper"])
def test_logits_are_those_of_the_definition_for_sequences_of_mixed_length(lively, tables, protocol):
    task = SoftPromptTask(**tables, prompt_length=7, label_tokens="C,T", protocol=protocol)
    model = task.model(lively())
    prompt_of(model).vectors.assign(np.random.default_rng(1).normal(size=(7, 8)))
    expected = expected_logits(task, model, SEQUENCES)
    ids = encode(SEQUENCES)
    assert (ids == PAD).any()
    np.testing.assert_allclose(model.predict_on_batch(ids), expected, atol=1e-4)
    np.testing.assert_allclose(task.in_context(model).predict_on_batch(ids), expected, atol=1e-4)
    assert task.read_tokens[:2] == (C, T)
    assert model.max_seq_len == task.in_context(model).max_seq_len == 130 - 8


def test_gradients_of_the_prompt_are_the_slopes_of_the_loss_in_float64(lively, tables):
    """The gradient is read from one step of plain gradient descent."""
    import keras
    from scipy.special import log_softmax

    task = SoftPromptTask(**tables, prompt_length=3)
    model = task.model(lively())
    layer, targets = prompt_of(model), np.array([0, 1, 1], np.int32)
    before = np.random.default_rng(2).normal(size=(3, 8)).astype(np.float32)

    def loss_of(vectors):
        layer.vectors.assign(vectors)
        return -log_softmax(expected_logits(task, model, SEQUENCES), axis=1)[range(3), targets].sum()

    step, slopes = 1e-2, np.zeros((3, 8))
    for place in [(0, 0), (0, 5), (1, 3), (2, 7), (2, 1)]:
        change = np.zeros((3, 8))
        change[place] = step
        slopes[place] = (loss_of(before + change) - loss_of(before - change)) / (2 * step)
    layer.vectors.assign(before)
    for part in model.layers:
        part.trainable = False
    for each in (*model.embed.layers, model.embed, layer):
        each.trainable = True
    for variable in model.trainable_variables:
        variable.trainable = variable is layer.vectors
    model.compile(
        optimizer=keras.optimizers.SGD(1.0),
        loss=lambda targets, outputs: _loss(task, outputs, targets),
        run_eagerly=False,
    )
    model.train_on_batch(encode(SEQUENCES), targets)
    gradient = before - keras.ops.convert_to_numpy(layer.vectors)
    places = slopes != 0
    np.testing.assert_allclose(gradient[places], slopes[places], rtol=1e-3, atol=1e-5)
    assert np.abs(slopes).max() > 1e-3


def _loss(task, outputs, targets):
    from keras import ops

    return task.loss(outputs, ops.reshape(targets, (-1,)), ops.ones(3))


def test_a_trained_prompt_is_a_file_for_any_copy_of_the_same_backbone(lively, tables, tmp_path):
    language_model = lively()
    save(language_model, tmp_path / "weights")
    before = weights_sha256(language_model)
    options = tables | {"prompt_length": 5, "baseline": ["none"], "reverse_complements": False}
    settings = {"weights": tmp_path / "weights", "stages": "20x8@6", "valid_every": 3, "seed": 1}
    run = train(SoftPromptTask, options, out=tmp_path / "run", **settings)
    assert "The prompt of 5 vectors is in" in run.report
    assert weights_sha256(run.model) == before
    task, model = open_prompt(run.path / "prompt.safetensors", lively())
    np.testing.assert_array_equal(
        model.predict_on_batch(encode(SEQUENCES)), run.model.predict_on_batch(encode(SEQUENCES))
    )
    assert open_run(run.path, SoftPromptTask).evaluate() == pytest.approx(run.figures["weights"], abs=1e-6)
    ours = list(task.predictions(model, Path(tables["test"])))
    theirs = run.predict(tables["test"])
    assert ours[0][0] == theirs[0]
    assert [row[1] for row in ours[0][1]] == [row[1] for row in theirs[1]]
    assert len(theirs[1]) == 24


def test_a_prompt_that_pytorch_saved_gives_the_same_logits_here(lively):
    task, model = open_prompt(PROMPT, lively())
    expected = json.loads(EXPECTED.read_text())
    np.testing.assert_allclose(task.in_context(model).predict_on_batch(encode(SEQUENCES)), expected, atol=1e-4)
    assert np.ptp(expected) > 0.1
