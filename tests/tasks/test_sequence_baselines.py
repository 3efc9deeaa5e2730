import numpy as np
import pytest

from hyenadna_core import HyenaDNAError, LabelledSequences, SequenceTask, Target, fit_baseline
from hyenadna_core.evaluation.baselines import kmer_baseline
from hyenadna_core.tasks import sequence_baselines
from hyenadna_core.tasks.sequence_baselines import Splits, fitted_baselines

pytestmark = pytest.mark.keras
TEXTS = {
    "train": ["ACGTACGTAC", "TTTTATTTTT", "ACGAACGTAC", "TTTTTTATTT", "ACGTACGAAC"],
    "valid": ["ACGTACGTAA", "TTTTTTTTAT"],
    "test": ["ACGTACGTAT", "TTTTATATTT", "TATTTTTTTT"],
}
CLASSES = {"train": [1, 0, 1, 0, 1], "valid": [1, 0], "test": [1, 0, 0]}


class Runs(SequenceTask):
    name = "runs"
    target = Target("classes", ("t", "acgt"))

    def sequences(self, split):
        return LabelledSequences.of(TEXTS[split], np.array(CLASSES[split], np.int32))


class WithoutValid(Runs):
    def sequences(self, split):
        return None if split == "valid" else super().sequences(split)


def test_a_baseline_predicts_the_rows_of_a_split():
    task = Runs()
    baseline = fit_baseline(task, "kmer")
    of_splits = [task.split(split) for split in ("train", "valid", "test")]
    np.testing.assert_array_equal(baseline.predicted, kmer_baseline(*of_splits, task.target).predicted)
    np.testing.assert_allclose(fit_baseline(task, "majority", "valid").predicted, [[0.4, 0.6]] * 2)


@pytest.mark.once
@pytest.mark.usefixtures("trains")
def test_the_cnn_depends_on_its_seed_only():
    first, same, other = (fit_baseline(Runs(), "cnn", seed=seed).predicted for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, same)
    assert first.shape == (3, 2)
    assert np.abs(first - other).max() > 1e-3


def test_what_cannot_be_fitted_is_one_line(capsys):
    with pytest.raises(HyenaDNAError, match=r"no baseline 'forest': choose one of majority, kmer, cnn\.$"):
        fit_baseline(Runs(), "forest")
    with pytest.raises(HyenaDNAError, match=r"^No baseline is fitted: a baseline needs valid data, and one target"):
        fit_baseline(WithoutValid(), "kmer")
    assert capsys.readouterr().err == ""


def test_the_error_of_a_baseline_that_is_not_affordable_is_its_reason(monkeypatch):
    monkeypatch.setattr(sequence_baselines, "kmer_too_long", lambda *_: "No k-mer baseline: it would take a year.")
    with pytest.raises(HyenaDNAError, match=r"^No k-mer baseline: it would take a year\.$"):
        fit_baseline(Runs(), "kmer")


def test_a_reason_for_all_baselines_is_printed_once(capsys):
    task = WithoutValid()
    splits = Splits(task.split("train"), None, task.split("test"))
    assert list(fitted_baselines(task, ["majority", "kmer", "none"], splits, task.target, None, 0)) == []
    assert capsys.readouterr().err.count("No baseline is fitted") == 1
