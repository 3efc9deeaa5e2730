"""The measurement of a cell: fit or train a contender, predict the whole test split, keep both."""

import csv
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hyenadna_benchmarks.runner import cells, inputs, recipes
from hyenadna_benchmarks.runner.cells import Cell
from hyenadna_benchmarks.runner.contenders import BASELINES, CNN, PROBE, TRAINED
from hyenadna_benchmarks.runner.protocols import PROTOCOLS
from hyenadna_benchmarks.suites import task_class
from hyenadna_core import SequenceTask, TrainedRun, fit_baseline, resume, train
from hyenadna_core.errors import NotAffordable
from hyenadna_core.recipe import ORIGINAL
from hyenadna_core.task import SPLITS

PACKAGES = ("hyenadna", "hyenadna-benchmarks", "keras", "jax", "torch", "mlx", "numpy", "scipy", "scikit-learn")
OF_SPEC = ("cell", "protocol", "backend", "preset", "trials", "threads", "options")  # in cell.json
STARTED_WITH = ("options", "backend", "preset", inputs.ROWS, inputs.WEIGHTS)  # a run with others does not go on
NO_BASELINE = {"baseline": ["none"]}  # each baseline is a contender


class Outcome(NamedTuple):
    """What a contender predicts, (n, K); the classes, (n,); its settings in words; seconds.

    The seconds are those of training with its validations, or of fitting with the predictions.
    `cropped` is what `cropped_rows` returns.
    """

    predicted: np.ndarray
    targets: np.ndarray
    settings: str
    seconds: float | None
    cropped: Mapping[str, int] | None = None


def measure(spec: Mapping[str, Any], folder: Path) -> None:
    """Compute a cell and write its files; cell.json comes last.

    Raises:
        HyenaDNAError: it cannot be computed.
    """
    cell = Cell.from_json(spec["cell"])
    record = {name: spec[name] for name in OF_SPEC} | {"versions": versions()}
    suite_task = task_class(spec["suite"])
    task = (suite_task if cell.trial is None else without_test(suite_task)).from_options(spec["task"])
    record |= {inputs.ROWS: inputs.rows_sha256(task)}
    record |= {"cautions": list(task.cautions)}
    record |= {inputs.WEIGHTS: inputs.sha256_of_weights(cell.contender.weights)}
    of_weights = [(cell.contender.weights, each) for each in ({inputs.WEIGHTS: spec["kept_weights"]}, record)]
    inputs.check_weights(cell.out(folder), of_weights)
    cells.start(folder, {name: record[name] for name in STARTED_WITH})
    if cell.contender == cells.AUDIT:
        from hyenadna_benchmarks.runner.audited import audit

        record |= audit(spec, folder)
    elif cell.trial is not None:
        record |= trial(spec, cell, folder)
    else:
        outcome = HOW[cell.contender.kind](spec, cell, folder)
        if isinstance(outcome, str):
            cells.write_json(folder / cells.RESULT, record | {"not_run": outcome})
            return
        predicted, metrics = np.asarray(outcome.predicted, np.float32), task.chosen_metrics()
        figures = {metric.name: float(metric.of(predicted, outcome.targets)) for metric in metrics}
        cells.write_predictions(folder / cells.PREDICTIONS, predicted, outcome.targets)
        record |= {
            "metric": task.monitor[0],
            "figures": {name: None if math.isnan(value) else value for name, value in figures.items()},
            "classes": list(task.target.names),
            "rows": len(outcome.targets),
            "settings": outcome.settings,
            "seconds": outcome.seconds,
            "cropped": outcome.cropped,
        }
    cells.write_json(folder / cells.RESULT, record)


def baseline(spec: Mapping[str, Any], cell: Cell, folder: Path) -> Outcome | str:
    """Fit a simple model; return the reason if it is not affordable."""
    task = task_class(spec["suite"]).from_options(spec["task"])
    if cell.fold is not None:
        task = task.fold(cell.fold, PROTOCOLS[spec["protocol"]].folds)
    targets = task.split("test").targets
    task.prepare(int(task.split("train").lengths.max()))  # other errors come here
    start = time.perf_counter()
    try:
        fitted = fit_baseline(task, cell.contender.kind, seed=cell.seed)
    except NotAffordable as error:
        return str(error)
    seconds = round(time.perf_counter() - start, 3)
    cropped = cropped_rows(task, task.seq_len) if cell.contender.kind == CNN else None  # the others read whole rows
    return Outcome(fitted.predicted, targets, fitted.settings, seconds, cropped)


def trained(spec: Mapping[str, Any], cell: Cell, folder: Path) -> Outcome:
    """Train a network in the run folder of the cell, or go on with it."""
    run, options = run_of(spec, cell, folder, task_class(spec["suite"]))
    predicted, targets = predicted_by(run)
    cropped = cropped_rows(run.task, run.model.max_seq_len)
    return Outcome(predicted, targets, recipes.text_of(options), seconds_of(run.path), cropped)


def probe(spec: Mapping[str, Any], cell: Cell, folder: Path) -> Outcome:
    """Fit the frozen probe in the run folder of the cell."""
    from hyenadna_benchmarks.runner.probe import probe_of

    task, path = probe_of(task_class(spec["suite"])), folder / cells.RUN
    if (path / "run.json").exists():
        run = resume(path, task)
    else:
        run = train(
            task, spec["task"] | NO_BASELINE, weights=cell.contender.weights, fold=fold_of(spec, cell), out=path
        )
    predicted, targets = predicted_by(run)
    settings = dict(run.model.settings)
    seconds = settings.pop("seconds")
    cropped = cropped_rows(run.task, run.model.max_seq_len)
    return Outcome(predicted, targets, recipes.text_of(settings), seconds, cropped)


def trial(spec: Mapping[str, Any], cell: Cell, folder: Path) -> dict[str, Any]:
    """Train with drawn options, without the test split; return the validation figure."""
    task = without_test(task_class(spec["suite"]))
    run, options = run_of(spec, cell, folder, task)
    figures, metric = next(iter(run.figures.values())), run.task.monitor[0]
    drawn = {name: options[name] for name in spec["drawn"]}
    valid = figures[metric]
    return {"valid": None if math.isnan(valid) else valid, "metric": metric, "drawn": drawn}


def cropped_rows(task: Any, longest: int) -> dict[str, int] | None:
    """Count the rows that are longer than a model reads: with all rows and the model's bases."""
    splits = [task.split(split) for split in SPLITS if split != "valid" or task.protocol != "paper"]
    longer = sum(int((rows.lengths > longest).sum()) for rows in splits)
    return {"rows": longer, "of": sum(map(len, splits)), "bases": longest} if longer else None


def predicted_by(run: TrainedRun) -> tuple[np.ndarray, np.ndarray]:
    """Return the predictions of a run for the test split, (n, K), and the classes, (n,)."""
    assert isinstance(run.task, SequenceTask)  # noqa: S101 (the suites have no other tasks)
    return run.task.predicted(run.model, run.task.split("test"))


def run_of(spec: Mapping[str, Any], cell: Cell, folder: Path, task: Any) -> tuple[TrainedRun, dict[str, Any]]:
    """Return the finished run of a cell with its options; a run that was cut off goes on."""
    path, options = folder / cells.RUN, {**spec["options"]}
    rows = training_rows(spec, cell)
    if options.pop("trial_batch", False):
        options = recipes.fitting_batch(options, rows)
    settings, of_task = routed(options, rows)
    if (decay := settings.pop("weight_decay", None)) is not None:
        base = ORIGINAL if settings.pop("recipe", "preset") == "original" else task.recipe
        task = type(task.__name__, (task,), {"recipe": replace(base, weight_decay=decay), "__doc__": task.__doc__})
    if (path / "run.json").exists():
        run = resume(path, task)
    else:
        settings |= {"weights": cell.contender.weights} if spec["preset"] is None else {"preset": spec["preset"]}
        given = spec["task"] | of_task | NO_BASELINE
        run = train(task, given, seed=cell.seed, fold=fold_of(spec, cell), out=path, **settings)
    return run, options


def training_rows(spec: Mapping[str, Any], cell: Cell) -> int:
    """Return the number of training rows of a cell, if its options depend on it; else 0."""
    if not (spec["options"].get("valid_every") == recipes.EPOCH or "trial_batch" in spec["options"]):
        return 0
    task = task_class(spec["suite"]).from_options(spec["task"])
    if cell.fold is not None:
        task = task.fold(cell.fold, PROTOCOLS[spec["protocol"]].folds)
    return len(task.split("train"))


def routed(options: Mapping[str, Any], rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of `train`, and those of the task; "epoch" becomes a number of steps."""
    settings = {name: value for name, value in options.items() if name not in recipes.OF_TASK}
    if settings.get("valid_every") == recipes.EPOCH:
        settings["valid_every"] = max(1, math.ceil(rows / settings["batch_size"]))
        if "steps" in settings:
            settings["valid_every"] = min(settings["valid_every"], settings["steps"])
    return settings, {name: value for name, value in options.items() if name in recipes.OF_TASK}


def without_test(task: Any) -> Any:
    """Return the class of a task that never reads its test split."""

    def sequences(self: Any, split: str) -> Any:
        return None if split == "test" else task.sequences(self, split)

    return type(task.__name__, (task,), {"sequences": sequences, "__doc__": task.__doc__})


def fold_of(spec: Mapping[str, Any], cell: Cell) -> str | None:
    return None if cell.fold is None else f"{cell.fold}/{PROTOCOLS[spec['protocol']].folds}"


def seconds_of(run: Path) -> float | None:
    """Return the seconds of training with its validations, as log.tsv has them, or None."""
    with suppress(OSError, KeyError, ValueError, IndexError), (run / "log.tsv").open(encoding="utf-8") as file:
        return float(list(csv.DictReader(file, delimiter="\t"))[-1]["seconds"])
    return None


def versions() -> dict[str, str]:
    """Return the versions of the packages that numbers depend on."""
    numbers = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            numbers[name] = version(name)
    return numbers


HOW: dict[str, Callable[[Mapping[str, Any], Cell, Path], Outcome | str]] = {
    **dict.fromkeys(BASELINES, baseline),
    **dict.fromkeys(TRAINED, trained),
    PROBE: probe,
}
