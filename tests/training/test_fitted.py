"""A task that fits logistic regression to frozen features: no pickle, no steps, every backend."""

import errno
import json
import os
import pickle
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import hyenadna_core
from hyenadna_backends import BACKENDS
from hyenadna_core import FittedTask, HyenaDNAError, LabelledSequences, SequenceTask, Target, read_labelled
from hyenadna_core.tokens import PAD
from hyenadna_core.weights.checkpoints import write_state

pytestmark = pytest.mark.keras
once = pytest.mark.one_backend


class LinearReadOut:
    """Logistic regression of the mean hidden states, as SequenceTask uses it."""

    def __init__(self, language_model, weights, bias):
        self.backbone, self.max_seq_len = language_model.backbone, language_model.max_seq_len
        self.weights, self.bias = weights, bias

    def predict_on_batch(self, ids):
        """Return logits: (B, L) -> (B, 2)."""
        logits = mean_states(self.backbone, ids) @ self.weights + self.bias
        return np.stack([np.zeros(len(logits)), logits], axis=1)


def mean_states(backbone, ids):
    """Return the mean hidden states of the real positions: (B, L) -> (B, D)."""
    import keras

    hidden = keras.ops.convert_to_numpy(backbone.predict_on_batch(ids)).astype(np.float64)
    real = (ids != PAD)[..., None]
    return (hidden * real).sum(axis=1) / real.sum(axis=1)


class Probe(FittedTask, SequenceTask):
    """Tell sequences apart by logistic regression of frozen features."""

    name = "probe"
    target = Target("classes", ("0", "1"))
    fits = 0
    split_rows = staticmethod(lambda split: rows(["train", "valid", "test"].index(split)))

    def sequences(self, split):
        return self.split_rows(split)

    def fit(self, language_model, folder):
        from sklearn.linear_model import LogisticRegression

        type(self).fits += 1
        train = self.split("train")
        ids = self.rows(train, np.arange(len(train)), int(train.lengths.max())).ids
        np.save(folder / "features.npy", mean_states(language_model.backbone, ids))
        model = LogisticRegression(max_iter=1000).fit(np.load(folder / "features.npy"), train.targets)
        return LinearReadOut(language_model, model.coef_[0], model.intercept_)

    def save_fitted(self, fitted, folder):
        save_file({"weights": fitted.weights, "bias": fitted.bias}, folder / "read_out.safetensors")

    def load_fitted(self, language_model, folder):
        return LinearReadOut(language_model, **load_file(folder / "read_out.safetensors"))


def rows(seed, count=40):
    """Return sequences rich in A and C, or in G and T, of several lengths, with their classes."""
    random = np.random.default_rng(seed)
    classes = random.integers(2, size=count).astype(np.int32)
    shares = ([0.35, 0.35, 0.15, 0.15], [0.15, 0.15, 0.35, 0.35])
    lengths = random.integers(20, 40, count)
    texts = [
        "".join(random.choice(list("ACGT"), size, p=shares[one])) for one, size in zip(classes, lengths, strict=True)
    ]
    return LabelledSequences.of(texts, classes)


@pytest.fixture
def weights(tmp_path):
    hyenadna_core.save(hyenadna_core.CausalLM(hyenadna_core.HyenaBackbone(1, 8, 66, seed=3)), tmp_path / "tiny")
    return tmp_path / "tiny"


def test_it_is_fitted_once_saved_and_used_again(tmp_path, weights, capsys):
    """Fit on any backend, also on one without gradients."""
    Probe.fits = 0
    run = hyenadna_core.train(Probe, {"baseline": "none"}, weights=weights, out=tmp_path / "run", seed=1)
    assert (Probe.fits, run.finished) == (1, True)
    assert "Fitting probe (40 sequences of" in capsys.readouterr().err
    shutil.rmtree(weights)  # the run has all that it needs
    opened = hyenadna_core.open_run(run.path, task=Probe)
    assert opened.evaluate() == run.figures["tiny"]
    assert run.figures["tiny"]["accuracy"] > 0.7
    assert run.report.startswith("test: 40 sequences;")
    assert hyenadna_core.resume(run.path, task=Probe).finished
    assert Probe.fits == 1
    names = sorted(str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file())
    assert [name for name in names if "/" in name] == [
        "checkpoints/best/config.json",
        "checkpoints/best/model.safetensors",
        "checkpoints/best/state.json",
        "fitted/read_out.safetensors",
        "fitted/state.json",
    ]
    (tmp_path / "new.fa").write_text(">a\n" + "AC" * 14 + "\n>b\n" + "GT" * 12 + "\n")
    columns, predictions = opened.predict(tmp_path / "new.fa")
    assert (columns[:2], [row[:2] for row in predictions]) == (["name", "predicted"], [["a", "0"], ["b", "1"]])
    assert [row.mean for row in hyenadna_core.summarise(run.path, ["accuracy"]).rows] == [
        run.figures["tiny"]["accuracy"]
    ]


@once
def test_folds_and_random_weights(tmp_path):
    runs = [
        hyenadna_core.train(Probe, {"baseline": "none"}, out=tmp_path / "runs" / str(number), fold=f"{number}/2")
        for number in (1, 2)
    ]
    valid = [run.task.split("valid").names for run in runs]
    assert sorted(name for names in valid for name in names) == sorted(Probe().split("train").names)
    assert hyenadna_core.summarise(tmp_path / "runs", ["mcc"]).rows[0].runs == 2


@once
def test_what_only_steps_use_is_one_line(tmp_path):
    with pytest.raises(HyenaDNAError, match="The task probe is fitted without steps: leave out --valid-every, --steps"):
        hyenadna_core.train(Probe, out=tmp_path / "run", steps=3, valid_every=2)
    assert not (tmp_path / "run").exists()


@once
def test_a_run_that_was_stopped_in_the_fit_or_in_the_report_goes_on(tmp_path, weights, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    Probe.fits = 0
    whole = hyenadna_core.train(Probe, {"baseline": "none"}, weights=weights, out=tmp_path / "whole")
    for number, method in enumerate(("save_fitted", "report")):
        monkeypatch.setattr(Probe, method, stop)
        with pytest.raises(KeyboardInterrupt, match="Stopped at step 0"):
            hyenadna_core.train(Probe, {"baseline": "none"}, weights=weights, out=tmp_path / method)
        monkeypatch.undo()
        assert hyenadna_core.resume(tmp_path / method, task=Probe).figures == whole.figures
        assert Probe.fits == 3 + number


@once
@pytest.mark.parametrize("name", ["read_out.safetensors", "state.json"])
def test_damaged_files_are_one_line(tmp_path, weights, name):
    run = hyenadna_core.train(Probe, {"baseline": "none"}, weights=weights, out=tmp_path / "run")
    path = run.path / "fitted" / name
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(HyenaDNAError, match=f"fitted is damaged: {name} is not as it was written: fit again"):
        hyenadna_core.open_run(run.path, task=Probe).evaluate()
    shutil.rmtree(path.parent)
    with pytest.raises(HyenaDNAError, match="The task probe has no file of its fitted model"):
        hyenadna_core.open_run(run.path, task=Probe).evaluate()


@once
@pytest.mark.parametrize("name", [None, "model.pkl", "model.joblib", "state.json"])
def test_a_task_that_writes_a_pickle_or_nothing_is_refused(tmp_path, weights, name):
    class Pickles(Probe):
        def save_fitted(self, fitted, folder):
            if name:
                (folder / name).write_bytes(b"x")

    message = f"The task probe writes {name} for its fitted model: only files .json, .saf" if name else "has no file of"
    with pytest.raises(HyenaDNAError, match=message):
        hyenadna_core.train(Pickles, {"baseline": "none"}, weights=weights, out=tmp_path / "run")
    assert not (tmp_path / "run" / "fitted").exists()


def saving(write):
    """Return a class of a task that saves its fitted model by `write(folder)`."""

    class Saving(Probe):
        def save_fitted(self, fitted, folder):
            write(folder)

    return Saving


def no_space(folder):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / "model.json"))


NOT_SAVED = [
    *[
        (
            lambda folder, name=name, protocol=protocol: (folder / name).write_bytes(pickle.dumps([1.5], protocol)),
            f"The file {name} of the fitted model of the task probe is a pickle, which runs code",
        )
        for name, protocol in zip(("x.json", "x.tsv", "x.txt", "x.skops"), range(2, 6), strict=True)
    ],
    (lambda folder: (folder / "x.json").write_text("{"), "x.json of .* is not in the format .json: write .json, .saf"),
    (lambda folder: (folder / "x.tsv").write_bytes(b"a\0"), "x.tsv of .* is not in the format .tsv"),
    (lambda folder: (folder / "x.txt").write_bytes(b"\xff"), "x.txt of .* is not in the format .txt"),
    (lambda folder: (folder / "x.skops").write_bytes(b"zip"), "x.skops of .* is not in the format .skops"),
    (lambda folder: (folder / "x.safetensors").write_bytes(b"x" * 9), "x.safetensors of .* not in the format .safeten"),
    (no_space, r"^The task probe cannot write its fitted model: No space left on device\.$"),
    (lambda folder: None, r"^The task probe has no file of its fitted model: `save_fitted` has to write one\.$"),
]


@once
@pytest.mark.parametrize(("write", "message"), NOT_SAVED)
def test_what_is_not_in_the_format_of_its_name_is_not_saved(tmp_path, weights, write, message):
    with pytest.raises(HyenaDNAError, match=message) as raised:
        hyenadna_core.train(saving(write), {"baseline": "none"}, weights=weights, out=tmp_path / "run")
    assert "/" not in str(raised.value)
    assert not (tmp_path / "run" / "fitted").exists()


@once
def test_a_fit_of_nothing_is_one_line_and_saves_nothing(tmp_path, weights, monkeypatch):
    monkeypatch.setattr(Probe, "fit", lambda self, language_model, folder: None)
    with pytest.raises(HyenaDNAError, match="The task probe has no fitted model: `fit` returned None"):
        hyenadna_core.train(Probe, {"baseline": "none"}, weights=weights, out=tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [".lock", "run.json"]


@once
def test_a_pickle_with_a_right_checksum_is_not_loaded(tmp_path, weights):
    run = hyenadna_core.train(Probe, {"baseline": "none"}, weights=weights, out=tmp_path / "run")
    folder = run.path / "fitted"
    (folder / "read_out.safetensors").write_bytes(pickle.dumps([1.5]))
    write_state(folder, {}, ["read_out.safetensors"])
    with pytest.raises(HyenaDNAError, match=r"The file read_out.safetensors of .* is a pickle, which runs code"):
        hyenadna_core.open_run(run.path, task=Probe).evaluate()


@once
def test_it_has_no_batches():
    with pytest.raises(HyenaDNAError, match="The task probe is fitted without steps: it has no batches"):
        Probe().batch(hyenadna_core.Draw("train", 0, 8, 2, 0))


@once
def test_real_promoters(tmp_path, shared_data):
    """Fit TATA promoters of GUE with the small weights of the package, better than by chance."""

    class Promoters(Probe):
        @staticmethod
        def split_rows(split):
            name = {"train": "train", "valid": "dev", "test": "test"}[split]
            path = shared_data / "data" / "benchmarks" / f"GUE_prom_prom_300_tata_{name}.csv.gz"
            records = read_labelled(path)
            labels = np.array([int(label) for (label,) in records.labels], np.int32)
            return LabelledSequences.of(records.sequences, labels).take(range(500))

    run = hyenadna_core.train(Promoters, {"baseline": "none"}, weights="human-chr20-1k", out=tmp_path / "run")
    assert run.figures["human-chr20-1k"]["auroc"] > 0.6
    assert hyenadna_core.open_run(run.path, task=Promoters).evaluate() == run.figures["human-chr20-1k"]


@pytest.mark.skipif(BACKENDS["numpy"].trains, reason="the reference trains")
@pytest.mark.all_backends  # the backend numpy needs JAX
def test_the_command_evaluates_a_run_of_another_backend(tmp_path, weights, install_plugin):
    """Fit on this backend with a plug-in, and evaluate on NumPy in another process."""
    import subprocess
    import sys
    from pathlib import Path

    source = Path(__file__).read_text(encoding="utf-8").replace("from hyenadna_plugins import hookimpl\n", "")
    body = source.partition("@pytest.fixture")[0]
    folder = install_plugin("probe_task", f"{body}\n\n@hookimpl\ndef register_tasks(register):\n    register(Probe)\n")
    run = hyenadna_core.train("probe", {"baseline": "none"}, weights=weights, out=tmp_path / "run")
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "hyenadna_core", "evaluate", str(run.path), "--json", "--backend", "numpy"]
    environment = os.environ | {"PYTHONPATH": path, "KERAS_BACKEND": "numpy"}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert answer.returncode == 0, answer.stderr
    figures = json.loads(answer.stdout)
    assert figures.pop("split") == "test"
    np.testing.assert_allclose(list(figures.values()), list(run.figures["tiny"].values()), atol=1e-5)
