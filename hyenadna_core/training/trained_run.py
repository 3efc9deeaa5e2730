"""Runs from Python: start, resume and open a run; its figures, model and predictions."""

import signal
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from hyenadna_backends import choose
from hyenadna_core.errors import HyenaDNAError, Interrupted, shown
from hyenadna_core.fields import FieldError, from_json
from hyenadna_core.registry import Session, find_task, session_plugins
from hyenadna_core.task import Task, no_exit
from hyenadna_core.terminal import notice
from hyenadna_core.training.arguments import check_task, options_of, path_of, plain, prediction_options
from hyenadna_core.training.config import RunConfig, RunFile
from hyenadna_core.training.figures import figures_of_run
from hyenadna_core.training.fold import Fold
from hyenadna_core.training.option_values import meant, options_from_python
from hyenadna_core.training.options import TrainOptions, option_names
from hyenadna_core.training.run import resume_run, start_run
from hyenadna_core.training.run_folder import read_report, read_run
from hyenadna_core.training.task_options import task_of_run
from hyenadna_core.training.trained import check_name_of_split, open_trained, split_to_measure


class TrainedRun:
    """A run folder: its configuration, its figures, and its model with the best weights.

    `train`, `resume` and `open_run` return it. Nothing is loaded before it is asked for.

    Args:
        path: the run folder.
        task: the task of the run or its class, if no plug-in registers it.

    Raises:
        HyenaDNAError: the folder has no run, or its run.json was edited.
    """

    def __init__(self, path: str | Path, task: Task | type[Task] | None = None) -> None:
        self.path, self._given = path_of("path", path), task
        if task is not None:
            check_task(task)
        _ = self.config

    def __repr__(self) -> str:
        return f"TrainedRun({str(self.path)!r})"

    @property
    def run(self) -> dict[str, Any]:
        """The content of run.json."""
        return read_run(self.path)

    @property
    def config(self) -> RunConfig:
        """The configuration of the run."""
        return RunFile.of(self.run, self.path)[1]

    @property
    def finished(self) -> bool:
        """Whether the run has ended and its report is written."""
        run = self.run
        return run.get("finished") == RunFile.of(run, self.path)[1].steps

    @property
    def figures(self) -> dict[str, dict[str, float]]:
        """The figures at the end of the run, by model and by name; the model of the run is first.

        The other models are the baselines. A figure that is not defined is nan. Without a report
        there are none.
        """
        return figures_of_run(self.run, self.path).by_model

    @property
    def report(self) -> str:
        """The text that `hyenadna train` printed when the run ended; empty if it printed none."""
        return read_report(self.path)

    @cached_property
    def task(self) -> Task:
        """The task with the options of the run, as it knows its data."""
        kept, config = RunFile.of(self.run, self.path)
        with no_exit(config.task):
            task = task_of_run(session_plugins(), config, self.path, kept.task, kept.origin, self._given)
        task.seq_len = max(stage.seq_len for stage in config.stages)
        return task

    @cached_property
    def model(self) -> Any:
        """The Keras model with the best weights, or the newest if the run had no validation."""
        _, self.task, model = open_trained(_session(), self.path, self._given)
        return model

    def evaluate(self, split: str | None = None) -> dict[str, float]:
        """Measure the model on a split; by default on test, or on valid if there is none.

        Raises:
            HyenaDNAError: there is no such split, the task has no such data, or they have changed.
        """
        check_name_of_split(split)
        model, task = self.model, self.task
        with no_exit(task.name):
            return task.evaluate(model, split_to_measure(self.run, task, split))

    def predict(self, path: str | Path, **options: Any) -> tuple[list[str], list[list[Any]]]:
        """Predict the sequences in a file: return names of columns, and a row for each sequence.

        Args:
            options: as those of `hyenadna predict`: sequence_column (a tuple of two for pairs),
                name_column, fasta, batch_size.

        Raises:
            HyenaDNAError: an option is unknown or wrong, the task does not predict, or the file
                cannot be read.
        """
        path, given = path_of("path", path), prediction_options(options)
        model, task = self.model, self.task
        with no_exit(task.name):
            parts = list(task.predictions(model, path, **given))
        return parts[0][0], [row for _, rows in parts for row in rows]


def train(
    task: str | Task | type[Task],
    options: Mapping[str, Any] | None = None,
    *,
    preset: str | None = None,
    weights: str | Path | None = None,
    out: str | Path | None = None,
    **settings: Any,
) -> TrainedRun:
    """Train as `hyenadna train` does, with the same numbers, and return the run.

    Args:
        task: the name of a registered task, a subclass of Task, or a task. A task is used as it is.
        options: the options of the task by name, which its command line would take, such as
            {"train": "train.csv"}. For a task that is given, they are only kept in run.json.
        preset: the name of an architecture, whose weights are random at first.
        weights: weights to start from, as `load` takes them, or "none" for random ones; by default
            those of the task, if there is no preset.
        out: the run folder to create; by default runs/PRESET-N.
        settings: the other options of `hyenadna train` by name: steps, batch_size, stages, warmup,
            learning_rate, seed, fold="2/5", valid_every, patience, freeze, precision, ...

    Raises:
        HyenaDNAError: an input cannot be used; nothing is written then.
        KeyboardInterrupt: Ctrl-C came; `resume` continues the run.
    """
    check_task(task)
    options, folder = options_of(options), None if out is None else path_of("out", out)
    settings |= {"preset": preset, "weights": None if weights is None else str(path_of("weights", weights))}
    all_options = _train_options(task if isinstance(task, str) else task.name, settings, folder)
    session, given = _session(), None if isinstance(task, str) else task
    described = find_task(session.plugins, task) if isinstance(task, str) else task
    of_task = options_from_python(described.options, options, described.name, fills=not isinstance(task, Task))
    folders: list[Path] = []
    _interruptible(lambda: start_run(session, all_options, of_task, None, given, folders.append))
    return TrainedRun(folders[0], given)


def resume(path: str | Path, task: Task | type[Task] | None = None) -> TrainedRun:
    """Continue the run in a folder, with its own options, and return it.

    A finished run is left as it is. `task` is the task of the run or its class, if no plug-in
    registers it.

    Raises:
        HyenaDNAError: the folder has no run, is in use, or its data have changed.
        KeyboardInterrupt: Ctrl-C came; `resume` continues the run.
    """
    run = TrainedRun(path, task)
    _interruptible(lambda: resume_run(_session(), run.path, given=task))
    return TrainedRun(path, task)


def open_run(path: str | Path, task: Task | type[Task] | None = None) -> TrainedRun:
    """Open the folder of a run; `task` is its task or the class, if no plug-in registers it.

    Raises:
        HyenaDNAError: the folder has no run, or its run.json was edited.
    """
    return TrainedRun(path, task)


def _session() -> Session:
    return Session(session_plugins(), choose())


def _train_options(task: str, settings: dict[str, Any], out: Path | None) -> TrainOptions:
    """Return the options of a run from arguments of Python.

    Raises:
        HyenaDNAError: an option is unknown or has a wrong value.
    """
    names = sorted(option_names() - {"task", "out"})
    for name in settings:
        if name not in names:
            raise HyenaDNAError(f"`train` has no option {shown(repr(name))}: {meant(name, names)}")
    values = {name: _plain(name, value) for name, value in settings.items() if value is not None}
    try:
        options = from_json(TrainOptions, values | {"task": task})
    except FieldError as error:
        raise HyenaDNAError(f"`train`: {error}.") from None
    return options if out is None else options.filled(out=out)


def _plain(name: str, value: Any) -> Any:
    """Return an option as JSON has it: a fold as text, one text for a list as a list."""
    if isinstance(getattr(TrainOptions, name), tuple) and isinstance(value, str):
        return [value]
    return str(value) if isinstance(value, Fold) else plain(value)


def _interruptible(run: Callable[[], object]) -> None:
    """Call a function that trains; Ctrl-C and SIGTERM then do what they do in other Python code.

    Raises:
        KeyboardInterrupt: a signal came; the message says how to continue.
    """
    try:
        run()
    except Interrupted as stop:
        way = f"hyenadna_core.resume({str(stop.run_folder)!r}), or hyenadna train --resume {stop.run_folder}"
        sentence = f"Stopped at step {stop.step}; continue with {way}"
        notice(sentence)
        if stop.signal_number != signal.SIGINT:
            signal.raise_signal(stop.signal_number)  # ends the process, unless it has its own handler
        raise KeyboardInterrupt(sentence) from None
