"""`probe_file`: own models, baselines of columns, and metrics, beside those of the command."""

import numpy as np
import pytest

from hyenadna_core import HyenaDNAError, Metric, ProbeModel, probe_file, probe_folds


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch):
    monkeypatch.setattr("hyenadna_core.probe.bootstrap.ROUNDS", 50)


@pytest.fixture
def files(tmp_path):
    """Write random vectors, and labels that only the column length tells."""
    rng = np.random.default_rng(0)
    length, names = rng.normal(size=90), [f"r{number}" for number in range(90)]
    np.savez(tmp_path / "v.npz", names=np.array(names), mean=rng.normal(size=(90, 3)))
    lines = [
        f"{name}\t{'long' if each > 0 else 'short'}\tchr{number % 2}\t{number * 1000}\t{each}\n"
        for number, (name, each) in enumerate(zip(names, length.tolist(), strict=True))
    ]
    (tmp_path / "labels.tsv").write_text("name\tlabel\tchrom\tstart\tlength\n" + "".join(lines))
    return tmp_path / "v.npz", tmp_path / "labels.tsv"


def fit_first(x, targets, penalties, fitting):
    """Predict by the sign of the first number, whatever the rows to train on are."""
    yield lambda others: np.eye(fitting.classes)[(others[:, 0] > 0).astype(int)]


def half_wrong(predicted, targets):
    return float((predicted.argmax(axis=1) != targets).mean() / 2)


def test_models_baselines_and_metrics_are_on_the_same_folds(files, tmp_path):
    probed = probe_file(
        *files,
        split="chromosome",
        models=("linear", ProbeModel("first", "", (0.0,), fit_first)),
        baselines={"length": ["Length"]},
        metrics=[Metric("half_wrong", half_wrong, ("classes",), better="min")],
        compared_by="half_wrong",
        out=tmp_path / "out",
    )
    result = probed.result
    assert list(result.models) == ["logistic", "first", "length, logistic", "share of each class"]
    assert (result.metric, result.against) == ("half_wrong", "length, logistic")
    values = probed.examples.values
    np.testing.assert_array_equal(result.models["first"].predicted.argmax(axis=1), by_hand(values, probed.folds))
    for name, of_model in result.figures.items():
        assert of_model["half_wrong"].value == half_wrong(result.models[name].predicted, probed.examples.targets)
    assert result.figures["length, logistic"]["accuracy"].value > 0.9
    difference = result.figures["first"]["half_wrong"].value - result.figures["length, logistic"]["half_wrong"].value
    assert result.differences["first"].value == difference
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["predictions.tsv", "probe.json", "probe.png"]


def by_hand(values, folds):
    """Return whether the first number of a row is above the mean of the rows to train on: (n,)."""
    classes = np.zeros(len(values), int)
    for fold in folds.folds:
        classes[fold.held_out] = values[fold.held_out, 0] > values[fold.train, 0].mean()
    return classes


@pytest.mark.parametrize(
    ("column", "message"),
    [("size", "No file has a column size; there are"), ("label", "Row r0: label is '.*', but a baseline needs a num")],
)
def test_a_baseline_needs_a_column_of_numbers(column, message, files):
    with pytest.raises(HyenaDNAError, match=message):
        probe_file(*files, baselines={"length": [column]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": ("forest",)}, "There is no model forest: name linear or boosting."),
        ({"models": ("linear", ProbeModel("logistic", "", (0.0,), fit_first))}, "Two models have the name logistic:"),
        (
            {"models": (ProbeModel("length, logistic", "", (0.0,), fit_first),), "baselines": {"length": ["length"]}},
            "Two models have the name length, logistic: give each its own.",
        ),
        ({"metrics": [Metric("mcc", half_wrong, ("classes",))]}, "Two metrics have the name mcc: give each its own."),
        ({"compared_by": "f1_wieghted"}, "There is no metric f1_wieghted of classes: name one of .*mcc"),
        ({"compared_by": "r2"}, "There is no metric r2 of classes"),
    ],
)
def test_names_are_checked_before_a_model_is_fitted(options, message, files, monkeypatch):
    monkeypatch.setattr("hyenadna_core.probe.result.held_out", lambda *_: pytest.fail("a model was fitted"))
    with pytest.raises(HyenaDNAError, match=message):
        probe_file(*files, **options)


def test_folds_may_be_made_before_there_are_vectors(files):
    lines = [line.split("\t") for line in files[1].read_text().splitlines()[1:]]
    columns = {"chrom": [line[2] for line in lines], "start": [line[3] for line in lines]}
    made = probe_folds([line[1] for line in lines], columns, "block", 3, 10_000, 7)
    options = {"models": ("linear",), "seed": 7}
    own = probe_file(*files, split="block", folds=3, block_size=10_000, **options)
    given = probe_file(*files, folds=made, **options)
    assert len(made.folds) == 3
    for one, other in zip(own.folds.folds, given.folds.folds, strict=True):
        np.testing.assert_array_equal(one.held_out, other.held_out)
    np.testing.assert_array_equal(own.result.models["logistic"].predicted, given.result.models["logistic"].predicted)


def test_folds_of_other_rows_are_one_line(files):
    made = probe_folds(["a", "b"] * 10, {})
    with pytest.raises(HyenaDNAError, match=r"The folds are of 20 rows, but .*v.npz has 90 with a label: make them"):
        probe_file(*files, folds=made)


def test_kmers_are_counted_once_for_several_splits(files, tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("ACGT"), 60)) for _ in range(90)]
    (tmp_path / "s.fa").write_text("".join(f">r{number}\n{text}\n" for number, text in enumerate(texts)))
    options = {"models": ("linear",), "sequences": tmp_path / "s.fa"}
    kmers = probe_file(*files, split="chromosome", **options).kmers
    counted = probe_file(*files, split="block", block_size=10_000, **options)
    monkeypatch.setattr("hyenadna_core.probe.probe_file.kmer_features", lambda *_: pytest.fail("they were counted"))
    given = probe_file(*files, split="block", block_size=10_000, kmers=kmers, **options)
    name = "k-mers, logistic"
    np.testing.assert_array_equal(given.result.models[name].predicted, counted.result.models[name].predicted)
    (tmp_path / "few.tsv").write_text("\n".join(files[1].read_text().splitlines()[:51]) + "\n")
    with pytest.raises(HyenaDNAError, match=r"The k-mers are of 90 rows, but .*v.npz has 50 with a label: make them"):
        probe_file(files[0], tmp_path / "few.tsv", allow_missing=True, kmers=kmers)
