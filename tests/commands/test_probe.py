"""`hyenadna probe`: a table, probe.json, predictions.tsv and a picture, without a backend."""

import csv
import json
import re

import numpy as np
import pytest

from hyenadna_core.evaluation.metrics import METRICS


def write(path, kind="classes", n=120, **more):
    """Write vectors with labels that depend on them; return the labels."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n, 6))
    score = 2 * values[:, 0] + rng.normal(size=n)
    label = np.where(score > 0, "yes", "no") if kind == "classes" else score + 10
    columns = {
        "names": np.array([f"r{number}" for number in range(n)]),
        "chrom": np.array([f"chr{number % 3}" for number in range(n)]),
        "start": rng.integers(50_000_000, size=n),
        "label": label,
        "mean": values.astype(np.float32),
    }
    np.savez(path, **(columns | more))
    return columns | more


def rows_of(text):
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch):
    monkeypatch.setattr("hyenadna_core.probe.bootstrap.ROUNDS", 100)


@pytest.fixture
def vectors(tmp_path):
    write(tmp_path / "v.npz")
    return tmp_path / "v.npz"


def test_the_table_has_a_row_for_each_model_with_intervals(cli, vectors):
    status, stdout, stderr = cli("probe", vectors)
    rows = rows_of(stdout)
    assert (status, [row["model"] for row in rows]) == (0, ["logistic", "boosting", "share of each class"])
    for row in rows:
        for metric in ("accuracy", "mcc", "f1", "auroc", "auprc"):
            assert float(row[f"{metric}_low"]) <= float(row[metric]) <= float(row[f"{metric}_high"])
    assert float(rows[0]["mcc"]) > 0.5
    assert re.fullmatch(r"C [\d.]+, [\d.]+, [\d.]+", rows[0]["penalties"])
    assert "Split: chromosome, 3 folds (the rows are on 3 chromosomes): chr0 (40 rows); chr1 (40 rows)" in stderr
    assert "Penalties were chosen in inner folds: block." in stderr
    assert "Intervals: 95 %, bootstrap of 30 blocks of 5,000,000 bases." in stderr
    assert "give --sequences FILE, or --fasta GENOME" in stderr
    assert json.loads(cli("probe", vectors, "--json")[1])[0]["mcc"] == float(rows[0]["mcc"])


@pytest.mark.parametrize("kind", ["classes", "regression"])
def test_the_folder_has_figures_predictions_and_a_picture(kind, cli, tmp_path):
    written = write(tmp_path / "v.npz", kind)
    status, stdout, _ = cli("probe", "v.npz", "--out", "out", "--split", "block", "--folds", "4", "--seed", "3")
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["predictions.tsv", "probe.json", "probe.png"]
    content = json.loads((tmp_path / "out" / "probe.json").read_text())
    assert content["settings"] == content["settings"] | {"split": "block", "folds": 4, "seed": 3, "model": []}
    assert re.fullmatch("[0-9a-f]{64}", content["inputs"]["vectors"]["sha256"])
    assert sum(fold["held_out"] for fold in content["folds"]) == 120
    name, metric = ("logistic", "mcc") if kind == "classes" else ("ridge", "r2")
    model = content["models"][name]
    assert (len(model["chosen"]), len(model["folds"])) == (4, 4)
    assert content["differences"][name]["value"] == pytest.approx(
        model["figures"][metric]["value"]
        - content["models"][content["differences"][name]["from"]]["figures"][metric]["value"]
    )
    rows = [row for row in rows_of((tmp_path / "out" / "predictions.tsv").read_text()) if row["model"] == name]
    assert [row["name"] for row in rows] == written["names"].tolist()
    if kind == "classes":
        probabilities = np.array([[float(row["p_no"]), float(row["p_yes"])] for row in rows])
        targets = np.array([row["label"] == "yes" for row in rows]).astype(int)
        assert [row["label"] for row in rows] == written["label"].tolist()
    else:
        probabilities = np.array([[float(row["predicted"])] for row in rows])
        targets = np.array([[float(row["label"])] for row in rows])
    figure = METRICS[metric].of(probabilities, targets)
    assert model["figures"][metric]["value"] == pytest.approx(figure, abs=1e-4)
    assert float(rows_of(stdout)[0][metric]) == model["figures"][metric]["value"]
    assert (tmp_path / "out" / "probe.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_command_gives_the_same_bytes(cli, vectors, tmp_path):
    for out in ("one", "two"):
        assert cli("probe", vectors, "--out", out, "--split", "stratified")[0] == 0
    for name in ("predictions.tsv", "probe.png"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    one, two = (json.loads((tmp_path / out / "probe.json").read_text()) for out in ("one", "two"))
    assert one == two


def test_a_kmer_baseline_is_on_the_same_folds(cli, tmp_path, write_fasta, random_bases):
    written = write(tmp_path / "v.npz")
    sequences = {
        name: random_bases(40, seed) + ("GGGGGGGG" if label == "yes" else "TATATATA")
        for seed, (name, label) in enumerate(zip(written["names"], written["label"], strict=True))
    }
    status, stdout, stderr = cli("probe", "v.npz", "--sequences", write_fasta(sequences, "s.fa"), "--model", "linear")
    rows = rows_of(stdout)
    assert (status, [row["model"] for row in rows]) == (0, ["logistic", "k-mers, logistic", "share of each class"])
    assert float(rows[1]["mcc"]) > 0.9
    assert "-mers)" in rows[1]["penalties"]
    difference = float(rows[0]["mcc"]) - float(rows[1]["mcc"])
    assert f"mcc of logistic minus that of k-mers, logistic: {difference:+.4f} (" in stderr
    assert "--sequences FILE" not in stderr


def test_labels_groups_and_classes_come_from_a_table(cli, vectors, tmp_path):
    rows = "".join(f"r{n}\t{'abc'[n % 3]}\tf{n % 11}\n" for n in range(118))
    (tmp_path / "labels.tsv").write_text(f"name\tkind\tfamily\n{rows}zz\ta\tf0\n")
    words = ("probe", vectors, "labels.tsv", "--label-column", "kind", "--group-column", "family", "--model", "linear")
    status, _, stderr = cli(*words)
    assert status == 1
    assert "2 vectors without a label (r118, r119) and 1 labels without a vector (zz): --allow-missing" in stderr
    status, _, stderr = cli(*words, "--allow-missing", "--classes", "a, c", "--balanced")
    assert status == 0
    assert "Split: group, 5 folds (groups are given)" in stderr
    assert "bootstrap of 11 groups" in stderr
    assert "2 classes" in stderr


def test_regression_can_be_asked_for(cli, tmp_path):
    write(tmp_path / "v.npz", label=np.arange(120) % 7)
    assert "7 classes" in cli("probe", "v.npz", "--model", "linear")[2]
    assert "regression" in cli("probe", "v.npz", "--model", "linear", "--target", "regression")[2]


@pytest.mark.parametrize(
    ("change", "words", "message"),
    [
        ({"mean": np.full((120, 2), np.nan)}, (), "120 of 120 rows have NaN or infinite values, first in row r0"),
        ({"label": np.full(120, "a")}, (), "has one class in 120 rows, a"),
        (
            {"label": np.where(np.arange(120) % 3 == 0, "a", "b")},
            (),
            "Fold chr0 leaves rows of 1 class to train on, 'b'",
        ),
        ({"chrom": np.full(120, "chr1")}, ("--split", "chromosome"), "all rows are in chr1: give --split block"),
        ({"names": np.array(["r"] * 120)}, (), "names that come twice: r"),
        ({}, ("--which", "max"), "has no vectors 'max': choose one of mean"),
        ({}, ("--label-column", "biotype"), "has no column biotype"),
        ({}, ("--fasta", "none.fa"), "none.fa"),
        ({}, ("--out", "v.npz"), "v.npz is not a folder"),
    ],
)
def test_a_fault_is_one_line(change, words, message, cli, one_line, tmp_path):
    write(tmp_path / "v.npz", **change)
    status, stdout, stderr = cli("probe", "v.npz", *words)
    assert (status, stdout) == (1, "")
    assert message in one_line(stderr)


@pytest.mark.parametrize("column", ["start", "end"])
def test_a_position_that_is_no_number_is_one_line(column, cli, one_line, tmp_path):
    columns = {"chrom": "chr1", "start": "1", "end": "9", "window_start": "0"} | {column: "x"}
    write(tmp_path / "v.npz", **{name: np.array([text] * 120) for name, text in columns.items()})
    (tmp_path / "g.fa").write_text(">chr1\nACGTACGTACGT\n")
    status, _, stderr = cli("probe", "v.npz", "--fasta", "g.fa", "--split", "stratified")
    assert (status, f"the {column} is 'x', expected a whole number of bases." in one_line(stderr)) == (1, True)


def test_a_model_that_is_named_twice_is_fitted_once(cli, vectors):
    once, twice = (cli("probe", vectors, *["--model", "linear"] * times)[1:] for times in (1, 2))
    assert once == twice


def test_balanced_is_for_classes(cli, one_line, tmp_path):
    write(tmp_path / "v.npz", "regression")
    message = "Error: The labels are quantities, which have no classes: leave out --balanced."
    assert one_line(cli("probe", "v.npz", "--balanced")[2]) == message


def test_a_missing_scikit_learn_is_one_line(cli, vectors, monkeypatch, one_line):
    import sys

    for module in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, module, None)
    status, _, stderr = cli("probe", vectors)
    assert status == 1
    assert "pip install 'hyenadna[classify]'" in one_line(stderr)


def test_the_command_offers_each_split_and_model():
    from hyenadna_core.commands.probe import command
    from hyenadna_core.probe.folds import SPLITS
    from hyenadna_core.probe.positions import BLOCK
    from hyenadna_core.probe.result import OF_VECTORS

    options = {option.name: option for option in command.params}
    assert tuple(options["split"].type.choices) == SPLITS
    assert tuple(options["models"].type.choices) == tuple(OF_VECTORS)
    assert options["block_size"].default == BLOCK
