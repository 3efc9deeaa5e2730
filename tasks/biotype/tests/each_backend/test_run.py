"""The command, from real pieces of an annotation and a genome to its report."""

import csv
import json
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from hyenadna_biotype.command import biotype
from hyenadna_biotype.run import Result, arrays_of
from sklearn.metrics import f1_score

from hyenadna_core import HyenaDNAError, embed, load
from hyenadna_core.testing import tiny_backbone
from hyenadna_plugins import plugin_manager

OPTIONS = ("--min-genes", 5, "--longest", 150, "--block-size", 20_000, "--folds", 2, "--window", 64)


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch):
    monkeypatch.setattr("hyenadna_core.probe.bootstrap.ROUNDS", 30)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    from hyenadna_core import CausalLM, save

    path = tmp_path_factory.mktemp("weights") / "tiny"
    save(CausalLM(tiny_backbone(66)), path)
    return path


@pytest.fixture
def run(pieces, weights, tmp_path):
    """Return a function that runs the command on the pieces, into the folder out."""
    import keras

    choice = SimpleNamespace(name=keras.backend.backend(), reason="of the test")
    session = SimpleNamespace(backend=choice, plugins=plugin_manager(names=[]))

    def invoke(*more, source=("--weights", weights)):
        files = ("--gtf", pieces["gtf"], "--fasta", pieces["fasta"], "--out", tmp_path / "out")
        return CliRunner().invoke(biotype, list(map(str, (*files, *source, *OPTIONS, *more))), obj=session)

    return invoke


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_a_run_has_vectors_figures_predictions_and_a_report_and_goes_on(run, weights, tmp_path):
    first = run("--split", "block")
    assert first.exit_code == 0, first.output
    out = tmp_path / "out"
    genes = table(out / "genes.tsv")
    assert len(genes) == 21
    sequences = sequences_of(out / "genes.fa")
    with np.load(out / "vectors.npz") as arrays:
        assert arrays["names"].tolist() == [gene["name"] for gene in genes]
        mean = arrays["mean"]
    model = load(weights)
    for number in (0, 7, 20):  # the mean of all bases, which chunks of 64 bases give
        text = sequences[genes[number]["name"]]
        pieces = [text[start : start + 64] for start in range(0, len(text), 64)]
        of_pieces = embed(model, pieces, strand="+", window=64)
        expected = np.average(of_pieces, axis=0, weights=[len(piece) for piece in pieces])
        np.testing.assert_allclose(mean[number], expected, atol=1e-5)
    rows = table(out / "figures.tsv")
    models = ["logistic", "boosting", "k-mers, logistic", "length, logistic", "share of each class"]
    assert [(row["split"], row["model"]) for row in rows] == [("block", model) for model in models]
    predictions = table(out / "block" / "predictions.tsv")
    for row in rows:
        own = [each for each in predictions if each["model"] == row["model"]]
        expected = f1_score(
            [each["label"] for each in own], [each["predicted"] for each in own], average="weighted", zero_division=0
        )
        assert float(row["f1_weighted"]) == pytest.approx(expected, abs=1e-5)
        assert float(row["f1_weighted_low"]) <= float(row["f1_weighted"]) <= float(row["f1_weighted_high"])
    report = (out / "report.md").read_text()
    assert "| HyenaDNA | 7M | 160,000 | 0.720 |" in report
    assert "measured on other data" in report
    assert "  protein_coding: 6 on piece1, 7 on piece2" in first.stderr
    for picture in ("tsne.png", "block/probe.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    again = run("--split", "block", "--split", "stratified")
    assert again.exit_code == 0, again.output
    assert "vectors.npz is there already." in again.stderr
    assert "block is there already." in again.stderr
    assert again.stdout.startswith(first.stdout.rstrip("\n"))
    printed = list(csv.DictReader(first.stdout.splitlines(), delimiter="\t"))
    assert [number_of(each) for row in printed for each in row.values()] == [
        number_of(each) for row in rows for each in row.values()
    ]  # in a pipe as in the file
    assert "Probe: genes held out at random (stratified)" in again.stderr
    same = [path for path in before if path.name not in ("figures.tsv", "report.md")]
    assert {path: path.read_bytes() for path in same} == {path: before[path] for path in same}
    assert "This leaks" in (out / "report.md").read_text()
    other = run("--split", "block", "--longest", 100)
    assert "has vectors of other settings: longest is 150 there, and 100 now" in str(other.exception)


def test_other_folds_use_the_same_vectors_and_a_split_of_other_vectors_is_made_again(run, tmp_path):
    out = tmp_path / "out"
    impossible = run("--split", "block", "--block-size", 10_000_000, "--chromosomes", "piece1")
    assert "--split block needs two groups" in str(impossible.exception)
    assert not (out / "vectors.npz").exists()  # folds are made before vectors
    assert run("--split", "block").exit_code == 0  # other genes than those before, but no vectors were there
    vectors = (out / "vectors.npz").read_bytes()
    other = run("--split", "block", "--folds", 3, "--seed", 1, "--block-size", 10_000)
    assert other.exit_code == 0, other.output
    assert "block is there already" not in other.stderr
    probe = json.loads((out / "block" / "probe.json").read_text())
    assert (len(probe["folds"]), probe["settings"]["seed"], probe["settings"]["block_size"]) == (3, 1, 10_000)
    assert (out / "vectors.npz").read_bytes() == vectors
    assert json.loads((out / "settings.json").read_text())["map"]["seed"] == 1  # it is drawn again
    (out / "vectors.npz").unlink()
    again = run("--split", "block", "--folds", 3, "--seed", 1, "--block-size", 10_000, "--window", 32)
    assert again.exit_code == 0, again.output
    assert "block is there already" not in again.stderr
    assert json.loads((out / "block" / "probe.json").read_text())["inputs"] != probe["inputs"]


def test_a_folder_with_files_of_a_person_keeps_them(run, tmp_path):
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out" / "genes.fa"
    mine.write_text(">mine\nACGT\n")
    assert "genes.fa was not written by hyenadna biotype" in str(run().exception)
    assert "none" in str(run(source=("--weights", tmp_path / "none")).exception)
    assert mine.read_text() == ">mine\nACGT\n"


def test_damaged_vectors_are_one_line(run, tmp_path):
    assert run("--split", "stratified").exit_code == 0
    path = tmp_path / "out" / "vectors.npz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(HyenaDNAError, match=r"vectors.npz is damaged: remove it, and run the same command again\."):
        arrays_of(path, ["names"])
    error = run("--split", "stratified").exception
    assert isinstance(error, HyenaDNAError)
    assert "vectors.npz" in str(error)
    path.unlink()
    assert run("--split", "stratified").exit_code == 0


def number_of(text):
    try:
        return float(text)
    except ValueError:
        return text


def sequences_of(path):
    records = [record.split("\n", 1) for record in path.read_text().split(">")[1:]]
    return {name: text.replace("\n", "") for name, text in records}


def test_a_stopped_run_continues_with_its_vectors(run, tmp_path, monkeypatch):
    job = import_module("hyenadna_core.inference.embed_job")
    monkeypatch.setattr(job, "PART", 500)
    monkeypatch.setattr("hyenadna_biotype.run.probe_split", lambda *_: None)
    monkeypatch.setattr("hyenadna_biotype.run.write_results", lambda *_: Result([], []))
    compute, done = job.compute, []

    def stops(*arguments):
        done.append(1)
        if len(done) == 3:
            raise KeyboardInterrupt
        return compute(*arguments)

    monkeypatch.setattr(job, "compute", stops)
    stopped = run("--split", "block")
    assert stopped.exit_code == 130
    assert (tmp_path / "out" / "vectors.npz.parts").is_dir()
    assert run("--split", "block", "--resume").exit_code == 0  # the line of a stopped job names --resume
    continued = (tmp_path / "out" / "vectors.npz").read_bytes()
    assert len(done) == 3 + 7 - 2  # of seven parts, two were finished
    (tmp_path / "out" / "vectors.npz").unlink()
    assert run("--split", "block").exit_code == 0
    assert (tmp_path / "out" / "vectors.npz").read_bytes() == continued
    assert len(done) == 8 + 7


def test_random_weights_have_the_shape_of_a_preset(run, tmp_path, monkeypatch):
    monkeypatch.setattr("hyenadna_biotype.run.embed_file", lambda *_, **options: given.update(options))
    monkeypatch.setattr("hyenadna_biotype.run.probe_split", lambda *_: None)
    monkeypatch.setattr("hyenadna_biotype.run.write_results", lambda *_: Result([], []))
    given = {}
    result = run("--split", "block", "--seed", 3, source=("--random", "tiny-1k"))
    assert result.exit_code == 0, result.output
    assert given["weights"] == str(tmp_path / "out" / "random.safetensors")
    config = load(given["weights"]).backbone.hyena_config
    assert (config.d_model, config.most_bases) == (128, 1024)
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["vectors"]["preset"] == "tiny-1k"
    assert run("--split", "block", source=("--random", "tiny-1k")).exit_code == 0  # no vectors were written
    both = run("--weights", "x", source=("--random", "tiny-1k"))
    assert "give one of them" in str(both.exception)


def test_a_run_without_named_splits_leaves_out_those_that_cannot_be_made(run, monkeypatch):
    made = []
    monkeypatch.setattr("hyenadna_biotype.run.embed_file", lambda *_, **__: None)
    monkeypatch.setattr("hyenadna_biotype.run.probe_split", lambda *_: None)
    monkeypatch.setattr(
        "hyenadna_biotype.run.write_results", lambda _, splits, *__: made.append(splits) or Result([], [])
    )
    result = run("--chromosomes", "piece1", "--block-size", 180_000)  # the second block has one gene
    assert result.exit_code == 0, result.output
    assert made == [["stratified"]]
    assert result.stderr.count("Left out the split by ") == 2


def test_kmers_are_counted_once(run, monkeypatch):
    probe_file = import_module("hyenadna_core.probe.probe_file")
    count, counted = probe_file.kmer_features, []
    monkeypatch.setattr(probe_file, "kmer_features", lambda *given: counted.append(1) or count(*given))
    monkeypatch.setattr("hyenadna_biotype.run.write_results", lambda *_: Result([], []))
    assert run("--split", "block", "--split", "stratified").exit_code == 0
    assert len(counted) == 1
