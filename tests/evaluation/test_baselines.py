import math
import sys

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.evaluation.baselines import kmer_baseline, majority_baseline
from hyenadna_core.evaluation.metrics import METRICS, measure
from hyenadna_core.labelled.files import read_labelled
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.labelled.targets import Target, read_targets

MOTIFS = ("ACGTAC", "GGGCCC", "TTATAA")


def motif_sequences(count, seed, length=40):
    """Return random sequences, each with one of the motifs, and the number of its motif."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(len(MOTIFS), size=count)
    sequences = []
    for number in classes:
        bases = rng.choice(list("ACGT"), length)
        place = rng.integers(length - 6)
        bases[place : place + 6] = list(MOTIFS[number])
        sequences.append("".join(bases))
    return sequences, classes


def splits(make, sizes=(400, 100, 100)):
    """Return train, valid and test, with the targets that make(sequences, classes) gives."""
    return [
        LabelledSequences.of(sequences, make(sequences, classes))
        for sequences, classes in (motif_sequences(size, seed) for seed, size in enumerate(sizes))
    ]


def test_classes_keep_their_order_and_have_probabilities():
    train, valid, test = splits(lambda sequences, classes: classes.astype(np.int32))
    baseline = kmer_baseline(train, valid, test, Target("classes", ("a", "b", "c")))
    assert baseline.predicted.shape == (100, 3)
    np.testing.assert_allclose(baseline.predicted.sum(axis=1), 1)
    assert METRICS["accuracy"].of(baseline.predicted, test.targets) > 0.9
    assert baseline.valid_figure > 0.85
    assert baseline.settings.startswith("counts of ")
    assert f"valid mcc {baseline.valid_figure:.4f}" in baseline.settings


def test_case_does_not_matter():
    train, valid, test = splits(lambda sequences, classes: classes.astype(np.int32))
    lower = LabelledSequences.of([bytes(row).lower() for row in test], test.targets)
    target = Target("classes", ("a", "b", "c"))
    np.testing.assert_array_equal(
        kmer_baseline(train, valid, lower, target).predicted, kmer_baseline(train, valid, test, target).predicted
    )


def test_a_class_that_training_lacks_is_never_predicted():
    train, valid, test = splits(lambda sequences, classes: (2 * np.minimum(classes, 1)).astype(np.int32))
    baseline = kmer_baseline(train, valid, test, Target("classes", ("a", "b", "c")))
    np.testing.assert_array_equal(baseline.predicted[:, 1], 0)
    assert METRICS["accuracy"].of(baseline.predicted, test.targets) > 0.8


def test_where_the_figure_is_not_defined_there_still_is_a_baseline():
    train, valid, test = splits(lambda sequences, classes: (classes > 0).astype(np.int32))
    same = valid.take(np.flatnonzero(valid.targets == 1))
    baseline = kmer_baseline(train, same, test, Target("classes", ("a", "b")))
    assert math.isnan(baseline.valid_figure)
    assert baseline.predicted.shape == (100, 2)


def test_each_label_is_told_from_its_absence():
    train, valid, test = splits(lambda sequences, classes: np.eye(3, dtype=np.float32)[classes] * [1, 1, 0])
    baseline = kmer_baseline(train, valid, test, Target("labels", ("a", "b", "nowhere")))
    assert METRICS["auroc"].of(baseline.predicted, test.targets) > 0.95
    np.testing.assert_array_equal(baseline.predicted[:, 2], 0)
    assert "valid auroc" in baseline.settings


def test_quantities_come_back_in_their_own_units():
    def content(sequences, classes):
        return np.array([[100 + 50 * sequence.count("G"), -1e-3 * sequence.count("C")] for sequence in sequences])

    train, valid, test = splits(lambda *both: content(*both).astype(np.float32))
    baseline = kmer_baseline(train, valid, test, Target("regression", ("g", "c"), (0.0, 0.0), (1.0, 1.0)))
    assert METRICS["r2"].of(baseline.predicted, test.targets) > 0.95
    np.testing.assert_allclose(baseline.predicted.mean(axis=0), test.targets.mean(axis=0), rtol=0.05)
    assert "valid r2" in baseline.settings


def test_the_penalty_and_the_lengths_are_those_that_are_best_on_valid():
    """Compare with the choice of scikit-learn's own pipeline over the same grid."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    train, valid, test = splits(lambda sequences, classes: (classes > 0).astype(np.int32), (100, 60, 30))
    texts = [[bytes(row).decode() for row in split] for split in (train, valid, test)]
    figures, predicted = [], []
    for k in (4, 5, 6):
        for c in (0.1, 1):
            counter = CountVectorizer(analyzer="char", lowercase=False, ngram_range=(k - 2, k))
            model = make_pipeline(counter, MaxAbsScaler(), LogisticRegression(C=c, tol=1e-8, max_iter=10_000))
            model.fit(texts[0], train.targets)
            figures.append(METRICS["mcc"].of(model.predict_proba(texts[1]), valid.targets))
            predicted.append(model.predict_proba(texts[2]))
    assert len(set(figures)) > 2
    baseline = kmer_baseline(train, valid, test, Target("classes", ("a", "b")))
    np.testing.assert_allclose(baseline.valid_figure, max(figures))
    np.testing.assert_allclose(baseline.predicted, predicted[int(np.argmax(figures))], atol=1e-4)


def test_short_sequences_are_counted_in_short_kmers():
    rows = LabelledSequences.of(["AA", "CC"] * 10, np.array([0, 1] * 10, np.int32))
    baseline = kmer_baseline(rows, rows, rows, Target("classes", ("a", "c")))
    np.testing.assert_array_equal(baseline.predicted.argmax(axis=1), rows.targets)
    assert baseline.settings.startswith("counts of 2- to 4-mers, C 0.1")
    single = LabelledSequences.of(["A", "C"], np.array([0, 1], np.int32))
    with pytest.raises(HyenaDNAError, match="No training sequence has the 2 bases that k-mers need"):
        kmer_baseline(single, single, single, Target("classes", ("a", "c")))


def test_bases_have_no_baseline():
    rows = LabelledSequences.of(["AA"], np.array([0, 1], np.int32))
    with pytest.raises(HyenaDNAError, match="There is no k-mer baseline for bases"):
        kmer_baseline(rows, rows, rows, Target("bases", ("a", "c")))


def test_without_scikit_learn_one_line_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    rows = LabelledSequences.of(["AACC", "CCAA"], np.array([0, 1], np.int32))
    with pytest.raises(HyenaDNAError, match=r"pip install 'hyenadna\[classify\]'"):
        kmer_baseline(rows, rows, rows, Target("classes", ("a", "c")))


def test_core_promoters_with_a_tata_box(shared_data):
    """Measure GUE prom_core_tata, as with scikit-learn 1.9."""
    target, splits = None, []
    for split in ("train", "dev", "test"):
        records = read_labelled(shared_data / "data" / "benchmarks" / f"GUE_prom_prom_core_tata_{split}.csv.gz")
        target, classes = read_targets(records.labels, "classes", target=target)
        splits.append(LabelledSequences.of(records.sequences, classes, records.names))
    baseline = kmer_baseline(*splits, target)
    assert baseline.settings == "counts of 2- to 4-mers, C 1; valid mcc 0.5441"
    figures = measure([METRICS["mcc"], METRICS["auroc"]], "classes", baseline.predicted, splits[2].targets)
    np.testing.assert_allclose([figures["mcc"], figures["auroc"]], [0.508, 0.826], atol=0.005)


def test_majority_predicts_the_shares_of_training_for_all_rows():
    classes = majority_baseline([np.array([0, 2, 2]), np.array([2])], 3, Target("classes", ("a", "b", "c")))
    np.testing.assert_allclose(classes.predicted, [[0.25, 0, 0.75]] * 3)
    assert (classes.name, classes.settings) == ("majority", "always c")
    labels = majority_baseline([np.array([[0, 1], [1, 1]], np.int8)], 2, Target("labels", ("a", "b")))
    np.testing.assert_allclose(labels.predicted, [[0.5, 1]] * 2)
    quantities = majority_baseline([np.array([[1.0], [4.0]], np.float32)], 2, Target("regression", ("y",)))
    assert quantities.name == "mean"
    np.testing.assert_allclose(quantities.predicted, [[2.5]] * 2)
