"""Finished runs for a summary: the options that their numbers depend on, and their figures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.json_file import read_object
from hyenadna_core.files.run_names import BEST, CHECKPOINTS, RUN
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.training.config import RunConfig, RunFile
from hyenadna_core.training.figures import RunFigures, figures_of_run, numbers_of
from hyenadna_core.training.run_folder import read_run
from hyenadna_core.weights.checkpoints import STATE

# Options of `hyenadna train` that decide the stages. Those of two folds may differ by some steps,
# because folds may differ by a row. So the options that were given count, and not the stages.
OF_STAGES = ("stages", "warmup", "steps", "batch_size", "batch_bases", "valid_every", "patience")
KEPT = ("freeze", "precision", "label_smoothing")
OF_THE_REPORT = ("baseline",)  # options of a task that change no number of the model
OF_THE_MACHINE = ("seed", "rematerialise", "dtype")  # in the model's hyperparameters; precision has the dtype


@dataclass(frozen=True)
class MeasuredRun:
    """A finished run.

    Args:
        options: all that its numbers depend on except for seed and fold, by name.
        data: the task, the split that was measured, and the checksum of its data. Folds are
            measured on parts of the same data if there is no test split.
        pair: seed and fold; the fold is empty if there is none.
    """

    path: Path
    options: Mapping[str, Any]
    data: tuple[str, ...]
    pair: tuple[int, str]
    figures: RunFigures

    @property
    def model(self) -> str:
        """The name of the model of the run."""
        return next(iter(self.figures.by_model))

    @property
    def has_numbers(self) -> bool:
        """Whether a figure of the model is defined."""
        return not all(map(math.isnan, self.figures.by_model[self.model].values()))


def run_folders(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the folders of runs: each path, or the folders in it if some of them are of runs."""
    seen = set()
    for path in paths:
        inner = []
        if path.is_dir() and not (path / RUN).exists():
            inner = sorted(each for each in path.iterdir() if each.is_dir())
        for folder in inner if any((each / RUN).exists() for each in inner) else [path]:
            if folder.resolve() not in seen:
                seen.add(folder.resolve())
                yield folder


def measured_run(path: Path) -> MeasuredRun:
    """Read the run in a folder.

    Raises:
        HyenaDNAError: the folder holds no run, the run is not finished or has no figures, or its
            run.json is damaged.
    """
    if not path.is_dir():
        raise HyenaDNAError(f"{path} is not a folder." if path.exists() else f"There is no folder {path}.")
    run = read_run(path)
    kept, config = RunFile.of(run, path)
    if kept.finished != config.steps:
        raise HyenaDNAError(f"{path} is not finished: hyenadna train --resume {path}")
    figures = figures_of_run(run, path)
    if not next(iter(figures.by_model.values()), {}):  # those of the model of the run
        figures = _figures_of_best(path, config.preset)
    whole, test = run.get("whole_sha256", kept.data_sha256), str(kept.splits.get("test", ""))
    return MeasuredRun(
        path,
        _options(run, config),
        (config.task, figures.split, test if figures.split == "test" and test else str(whole)),
        (config.seed, "" if config.fold is None else str(config.fold)),
        figures,
    )


def _figures_of_best(path: Path, model: str) -> RunFigures:
    """Return the validation figures of the best weights, for a task without figures at the end.

    Raises:
        HyenaDNAError: there are none.
    """
    file = path / CHECKPOINTS / BEST / STATE
    state = read_object(file).get("state") if file.exists() else None
    figures = {name: value for name, value in state.items() if name != "step"} if isinstance(state, dict) else {}
    if not figures:
        raise HyenaDNAError(f"{path} has no figures: its task measures none.")
    try:
        return RunFigures("valid", {model: numbers_of(figures)})
    except (ArithmeticError, TypeError):
        raise HyenaDNAError(f"{file}: its figures are damaged.") from None


def _options(run: Mapping[str, Any], config: RunConfig) -> dict[str, Any]:
    """Return the options that decide the numbers of a run; the first ones name groups first."""
    architecture = HyenaConfig.from_arguments(config.model).asdict()
    given, written, versions = run.get("given"), config.to_json(), run.get("versions")
    options = {"weights": config.start, "preset": config.preset, "learning_rate": config.recipe.learning_rate}
    options |= {f"option {name}": value for name, value in config.options.items() if name not in OF_THE_REPORT}
    if config.fold is not None and isinstance(given, dict):
        options |= {name: given.get(name) for name in OF_STAGES}
    else:
        options |= {"stages": ",".join(written["stages"])} | {name: written[name] for name in OF_STAGES[-2:]}
    options |= {name: written[name] for name in KEPT}
    options |= {"folds": None if config.fold is None else config.fold.of, "backend": run.get("backend")}
    options["version"] = versions.get("hyenadna") if isinstance(versions, dict) else None
    options |= {f"recipe {name}": value for name, value in written["recipe"].items() if name != "learning_rate"}
    options |= {"task": config.task, "data": str(run.get("whole_sha256", run["data_sha256"]))[:12]}
    options |= {f"model {name}": value for name, value in architecture.items() if name not in OF_THE_MACHINE}
    return options
