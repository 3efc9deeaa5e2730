"""Few-shot predictions are those of the whole row of examples and sequence."""

from pathlib import Path

import numpy as np
import pytest
from hyenadna_icl.few_shot import FewShotTask

from hyenadna_core import encode, join_ids, open_run, save, train, weights_sha256
from hyenadna_core.testing import reference_states
from hyenadna_core.tokens import SEP

SEQUENCES = ["ACGTTGCAACGTAC", "GGGTACCATTTGACGNAC", "AC"]
PLAIN = {"reverse_complements": False}


def expected_logits(task, backbone, sequences):
    """Compute the logits of sequences after the examples, one by one, in float64: (n, K)."""
    from keras import ops

    table = ops.convert_to_numpy(backbone.embeddings.embeddings).astype(np.float64)
    logits = []
    for sequence in sequences:
        ids = np.concatenate([task.context_ids, join_ids([sequence, SEP])])
        logits.append(table[list(task.read_tokens)] @ reference_states(backbone, table[ids][None])[0, -1])
    return np.array(logits)


@pytest.mark.parametrize("shots", [0, 2])
def test_without_tuning(lively, tables, tmp_path, shots):
    language_model = lively()
    save(language_model, tmp_path / "weights")
    run = train(FewShotTask, tables | PLAIN | {"shots": shots}, weights=tmp_path / "weights", out=tmp_path / "run")
    expected = expected_logits(run.task, language_model.backbone, SEQUENCES)
    again = open_run(run.path, FewShotTask)
    np.testing.assert_allclose(run.model.predict_on_batch(encode(SEQUENCES)), expected, atol=1e-4)
    np.testing.assert_allclose(again.model.predict_on_batch(encode(SEQUENCES)), expected, atol=1e-4)
    assert weights_sha256(run.model.backbone) == weights_sha256(language_model)
    assert again.evaluate() == pytest.approx(run.figures["weights"], abs=1e-6)


def test_after_tuning(lively, tables, tmp_path):
    language_model = lively()
    save(language_model, tmp_path / "weights")
    options = tables | PLAIN | {"shots": 1, "tune": 4}
    run = train(FewShotTask, options, weights=tmp_path / "weights", out=tmp_path / "run", valid_every=2)
    assert run.config.steps == 2
    assert weights_sha256(run.model) != weights_sha256(language_model)
    Path(tables["of"]).rename(tmp_path / "gone.csv")  # the run has its examples
    try:
        again = open_run(run.path, FewShotTask)
        expected = expected_logits(again.task, again.model.backbone, SEQUENCES)
        kept = again.task.in_context(again.model)
        np.testing.assert_allclose(kept.predict_on_batch(encode(SEQUENCES)), expected, atol=1e-4)
        whole = np.stack([np.concatenate([again.task.context_ids, encode(SEQUENCES[0])])])
        np.testing.assert_allclose(again.model.predict_on_batch(whole), expected[:1], atol=1e-4)
        assert [row[0] for row in again.predict(tables["test"])[1]][:2] == ["1", "2"]
    finally:
        (tmp_path / "gone.csv").rename(tables["of"])


def test_one_step_of_tuning_changes_the_weights(lively, tables, tmp_path):
    language_model = lively()
    save(language_model, tmp_path / "weights")
    options = tables | PLAIN | {"shots": 1, "tune": 2}
    run = train(FewShotTask, options, weights=tmp_path / "weights", out=tmp_path / "run")
    assert run.config.steps == 1
    assert weights_sha256(run.model.backbone) != weights_sha256(language_model.backbone)


@pytest.mark.parametrize("tune", [0, 2])
def test_a_run_of_a_fold_predicts_without_its_training_rows(lively, tables, tmp_path, tune):
    save(lively(), tmp_path / "weights")
    of = tmp_path / "rows.csv"
    of.write_text(Path(tables["of"]).read_text())
    options = PLAIN | {"of": of, "test": tables["test"], "shots": 1, "tune": tune}
    settings = {"weights": tmp_path / "weights", "fold": "2/3"}
    run = train(FewShotTask.class_of(options), options, out=tmp_path / "run", **settings)
    before = run.predict(tables["test"])
    of.unlink()
    again = open_run(run.path, FewShotTask)
    assert again.predict(tables["test"]) == before
    np.testing.assert_array_equal(again.task.context_ids, run.task.context_ids)
