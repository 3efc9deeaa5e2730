import csv
import gzip
import json

import numpy as np
import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.tasks.classify import ClassifyTask

SMALL = ("--preset", "tiny-1k", "--stages", "24x4@3", "--baseline", "none", "--out", "run")
trains = pytest.mark.usefixtures("trains")


@pytest.fixture
def table(tmp_path, random_bases):
    """Return a function that writes a table of sequences in two classes: rich in A, or not."""

    def write(name, rows=40, seed=0, extra=()):
        lengths = np.random.default_rng(seed).integers(20, 31, rows)
        sequences = [random_bases(int(length), 100 * seed + row) for row, length in enumerate(lengths)]
        path = tmp_path / name
        lines = [
            "sequence,label",
            *(f"{text},{'many' if text.count('A') > 6 else 'few'}" for text in sequences),
            *extra,
        ]
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def test_the_names_of_classes_are_those_of_training_in_a_fixed_order(table):
    task = ClassifyTask(train=table("train.csv"), valid=table("valid.csv", seed=1))
    assert task.target.names == ("few", "many")
    assert (len(task.split("train")), len(task.split("valid")), task.has("test")) == (40, 40, False)


def test_without_a_file_a_tenth_of_training_is_for_validation(table):
    task = ClassifyTask(train=table("train.csv"))
    assert (len(task.split("train")), len(task.split("valid"))) == (36, 4)
    rows = {bytes(task.split(name)[row]) for name in ("train", "valid") for row in range(len(task.split(name)))}
    assert len(rows) == 40
    assert "No --valid: 4 of the training sequences are for validation." in task.prepare(30)


def test_rows_that_are_left_out_are_counted(table):
    task = ClassifyTask(train=table("train.csv", extra=[",few", "ACGT,"]), valid=table("valid.csv", seed=1))
    task.split("train"), task.split("valid")
    messages = "\n".join(task.prepare(30))
    assert "1 row of" in messages
    assert "was left out" in messages


def test_a_class_that_training_lacks_is_one_line(table):
    task = ClassifyTask(train=table("train.csv"), valid=table("valid.csv", seed=1, extra=["ACGT,neither"]))
    with pytest.raises(HyenaDNAError, match="Not among the classes of the training split, few, many: 'neither'"):
        task.split("valid")


@pytest.mark.one_backend
@trains
def test_without_training_data_the_option_is_named(cli, one_line):
    assert "The task classify needs --train" in one_line(cli("train", "--task", "classify")[2])


def test_the_help_of_train_has_the_options_of_the_task_that_is_named(cli):
    own, main = cli("train", "--task", "classify", "--help")[1], cli("train", "--help")[1]
    assert "--label-column" in own
    assert "--windows" not in own
    assert "--windows" in main
    assert "--label-column" not in main


def test_an_option_of_another_task_is_refused(cli, one_line, table):
    status, _, stderr = cli("train", "--task", "classify", "--train", table("train.csv"), "--windows", "random")
    assert (status, one_line(stderr)[:34]) == (2, "Error: No such option '--windows'.")


@pytest.fixture
def trained(cli, table):
    """Train a run of three steps, and return the output of its command."""
    data = ("--train", table("train.csv"), "--valid", table("valid.csv", seed=1), "--test", table("test.csv", seed=2))
    status, stdout, stderr = cli("train", "--task", "classify", *data, *SMALL)
    assert status == 0, stderr
    return stdout


@pytest.mark.keras
@trains
def test_a_run_ends_with_figures_predictions_and_a_picture(trained, tmp_path):
    assert trained.startswith("test: 40 sequences; run/predictions.tsv, confusion.png")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    target = {"kind": "classes", "names": ["few", "many"], "center": [], "scale": [], "groups": []}
    assert run["task"] == {"target": target, "both_strands": False}  # "many" has many As: not on the other strand
    figures = run["result"]["figures"]["hyenadna-tiny-1k"]
    assert set(figures) == {"accuracy", "mcc", "f1", "auroc", "auprc"}
    with (tmp_path / "run" / "predictions.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert list(rows[0]) == ["name", "label", "predicted", "p_few", "p_many"]
    assert np.mean([row["label"] == row["predicted"] for row in rows]) == pytest.approx(figures["accuracy"])
    assert (tmp_path / "run" / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "run" / "checkpoints" / "best" / "model.safetensors").exists()


@pytest.mark.one_backend
@trains
def test_evaluate_gives_the_figures_of_the_run(trained, cli, tmp_path):
    expected = json.loads((tmp_path / "run" / "run.json").read_text())["result"]["figures"]["hyenadna-tiny-1k"]
    status, stdout, _ = cli("evaluate", "run", "--json")
    figures = json.loads(stdout)
    assert (status, figures.pop("split"), figures) == (0, "test", pytest.approx(expected))
    assert cli("evaluate", "run", "--split", "valid")[1].startswith("split\tvalid\naccuracy\t")


@pytest.mark.one_backend
@trains
def test_evaluate_refuses_other_data_than_those_of_the_run(trained, cli, one_line, tmp_path):
    with (tmp_path / "test.csv").open("a") as file:
        file.write("ACGTACGT,few\n")
    assert "The test data of this run have changed since it was started" in one_line(cli("evaluate", "run")[2])
    assert cli("evaluate", "run", "--split", "valid")[0] == 0


@pytest.mark.one_backend
@trains
def test_predict_needs_no_labels_and_no_training_data(trained, cli, tmp_path, write_fasta):
    with (tmp_path / "test.csv").open() as file:
        test = list(csv.DictReader(file))
    with (tmp_path / "run" / "predictions.tsv").open() as file:
        expected = [row["p_many"] for row in csv.DictReader(file, delimiter="\t")]
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.csv").unlink()
    fasta = write_fasta({f"seq{number}": row["sequence"] for number, row in enumerate(test)}, "new.fa.gz")
    status, stdout, _ = cli("predict", "run", fasta)
    rows = list(csv.DictReader(stdout.splitlines(), delimiter="\t"))
    assert (status, [row["name"] for row in rows]) == (0, [f"seq{number}" for number in range(40)])
    np.testing.assert_allclose([float(row["p_many"]) for row in rows], np.array(expected, float), atol=2e-5)
    assert cli("predict", "run", fasta, "--out", "out.tsv")[1] == ""
    assert (tmp_path / "out.tsv").read_text() == stdout


@pytest.mark.one_backend
@trains
def test_a_run_goes_on(cli, table, tmp_path):
    data = ("--train", table("train.csv"), "--valid", table("valid.csv", seed=1))
    whole = cli("train", "--task", "classify", *data, *SMALL)[1]
    assert whole.startswith("valid: 40 sequences")
    assert "run is finished, and nothing was changed" in cli("train", "--resume", "run")[2]
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "run" / "run.json").write_text(json.dumps(run | {"finished": None}))  # killed before its report
    assert cli("train", "--resume", "run")[1] == whole
    (tmp_path / "run" / "run.json").write_text(json.dumps(run | {"finished": None}))
    with table("train.csv").open("a") as file:
        file.write("ACGTACGTACGTACGTACGTACGT,few\n")
    assert "has changed since run was started: its checksum differs" in cli("train", "--resume", "run")[2]


@pytest.mark.keras
@trains
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("labels", marks=pytest.mark.one_backend),
        "regression",
        pytest.param("bases", marks=pytest.mark.one_backend),
    ],
)
def test_every_kind_of_target_trains_and_predicts(cli, tmp_path, random_bases, kind):
    columns = {"labels": "labels", "regression": "y", "bases": "label"}
    for number, split in enumerate(("train", "valid", "test")):
        sequences = [random_bases(20 + row % 5, 50 * number + row) for row in range(30)]
        texts = {
            "labels": lambda s: ";".join(n for n in "AC" if s.count(n) > 5),
            "regression": lambda s: f"{s.count('A') / len(s):.3f}",
            "bases": lambda s: "".join("ry"[base in "CT"] for base in s),
        }[kind]
        lines = [f"sequence\t{columns[kind]}", *(f"{text}\t{texts(text)}" for text in sequences)]
        (tmp_path / f"{split}.tsv").write_text("\n".join(lines) + "\n")
    data = [part for split in ("train", "valid", "test") for part in (f"--{split}", tmp_path / f"{split}.tsv")]
    status, stdout, stderr = cli("train", "--task", "classify", "--target", kind, *data, *SMALL)
    assert status == 0, stderr
    assert stdout.startswith("test: 30 sequences")
    assert any((tmp_path / "run" / name).exists() for name in ("labels.png", "scatter.png", "confusion.png"))
    status, stdout, _ = cli("predict", "run", "test.tsv")
    rows = list(csv.DictReader(stdout.splitlines(), delimiter="\t"))
    assert (status, len(rows)) == (0, 30)
    if kind == "bases":
        assert [len(row["predicted"]) for row in rows] == [20 + row % 5 for row in range(30)]


@pytest.mark.keras
@trains
def test_the_head_alone_is_trained_where_the_backbone_is_frozen(cli, table, tmp_path):
    from safetensors.numpy import load_file

    data = ("--train", table("train.csv"), "--valid", table("valid.csv", seed=1))
    assert cli("train", "--task", "classify", *data, *SMALL, "--freeze", "--checkpoint-every", "0")[0] == 0
    first, last = (
        load_file(tmp_path / "run" / "checkpoints" / f"step-{step}" / "model.safetensors") for step in (1, 3)
    )
    changed = {name for name in first if not np.array_equal(first[name], last[name])}
    assert changed == {"head.0.kernel", "head.1.bias"}


@pytest.mark.one_backend
@trains
def test_a_frozen_language_model_has_nothing_to_train(cli, one_line, toy_genome):
    stderr = cli("train", "--fasta", toy_genome / "toy.fa", "--stages", "16x2@1", "--freeze")[2]
    assert "--freeze leaves nothing to train: the task causal-lm has no head." in one_line(stderr)


@pytest.mark.one_backend
@trains
def test_a_run_starts_from_a_language_model_and_is_one_to_others(cli, table, tmp_path, toy_genome):
    from safetensors.numpy import load_file

    from hyenadna_core import load

    assert cli("train", "--fasta", toy_genome / "toy.fa", "--stages", "16x2@2", "--out", "lm")[0] == 0
    data = ("--train", table("train.csv"), "--valid", table("valid.csv", seed=1))
    options = (*SMALL, "--weights", "lm", "--freeze")
    assert cli("train", "--task", "classify", *data, *options)[0] == 0
    name = "backbone.layers.0.mlp.fc1.weight"
    trained = load_file(tmp_path / "run" / "checkpoints" / "step-3" / "model.safetensors")
    np.testing.assert_array_equal(
        trained[name], load_file(tmp_path / "lm" / "checkpoints" / "step-2" / "model.safetensors")[name]
    )
    assert load(tmp_path / "run").architecture["d_model"] == 128


@trains
def test_the_published_sets_are_read_as_they_are(shared_data):
    folder = shared_data / "data" / "benchmarks"
    files = {split: folder / f"GUE_tf_0_{name}.csv.gz" for split, name in (("train", "dev"), ("valid", "test"))}
    task = ClassifyTask(**files)
    assert (len(task.split("train")), task.target.names) == (1000, ("0", "1"))
    with gzip.open(files["train"], "rt") as file:
        rows = list(csv.DictReader(file))
    assert [bytes(task.split("train")[row]).decode() for row in range(1000)] == [row["sequence"] for row in rows]
    assert task.split("train").targets.tolist() == [int(row["label"]) for row in rows]


@pytest.mark.one_backend
@trains
def test_both_baselines_are_measured_on_the_same_rows(cli, table, tmp_path):
    data = ("--train", table("train.csv"), "--valid", table("valid.csv", seed=1), "--test", table("test.csv", seed=2))
    options = ("--stages", "30x20@2", "--baseline", "kmer", "--baseline", "cnn", "--out", "run")
    status, stdout, stderr = cli("train", "--task", "classify", *data, *options)
    assert status == 0, stderr
    result = json.loads((tmp_path / "run" / "run.json").read_text())["result"]
    assert list(result["figures"]) == ["human-chr20-1k", "k-mers, logistic", "cnn"]
    assert result["settings"]["cnn"].startswith("10 epochs of Adam at 0.001, 40 sequences a step; best at step ")
    for name, (difference, low, high) in result["differences"].items():
        figures = result["figures"]
        assert difference == pytest.approx(figures["human-chr20-1k"]["mcc"] - figures[name]["mcc"])
        assert low <= difference <= high
        assert f"mcc of human-chr20-1k minus that of {name}: {difference:+.4f} (95 % interval" in stdout


def test_a_dataset_of_a_plugin_is_taken_by_its_name(install_plugin, table):
    folder = table("train.csv").parent
    install_plugin(
        "shelf",
        f"""
from pathlib import Path
from hyenadna_core.datasets import Dataset


@hookimpl
def register_datasets(register):
    files = {{"train": Path({str(folder / "train.csv")!r})}}
    register(Dataset("shelf", "mine", "CC0-1.0", "made up", lambda folder: files, task="classify"))
""",
    )
    task = ClassifyTask(dataset="shelf")
    assert len(task.split("train")) + len(task.split("valid")) == 40


def test_a_fasta_has_no_columns(write_fasta):
    task = ClassifyTask(train=write_fasta({"a": "ACGT"}), label_column=("x", "y"), target="regression")
    with pytest.raises(HyenaDNAError, match="has no columns to choose: leave out --label-column"):
        task.split("train")
