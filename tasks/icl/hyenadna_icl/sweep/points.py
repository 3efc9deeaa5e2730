"""The points of a sweep: each one is a run in its own folder, so a sweep can be stopped."""

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from hyenadna_core import HyenaDNAError, file_written_aside, locked, notice
from hyenadna_icl.faults import DoesNotFit
from hyenadna_icl.source import source_of

RESULT, PLAN, INPUTS, RUN = "result.json", "sweep.json", "inputs.json", "run"
LINES = ("fine-tuned", "frozen probe", "kmer", "majority")
KINDS = (*reversed(LINES), "few-shot", "soft-prompt")
FIELDS = {"length": "prompt_length", "shots": "shots", "tune": "tune", "seed": "seed"}  # by parts of folder names
READ = ("folder", "valid", "test", "protocol", "sequence_column", "label_column", "labels", "fasta")  # of `source_of`


@dataclass(frozen=True)
class Point:
    """A model to measure: its kind, and the numbers that apply to it."""

    kind: str  # "soft-prompt", "few-shot" or one of LINES
    seed: int = 0
    prompt_length: int | None = None
    shots: int | None = None
    tune: int | None = None

    @property
    def name(self) -> str:
        """The name of its folder."""
        numbers = {name: getattr(self, field) for name, field in FIELDS.items()}
        parts = [f"{name}-{number}" for name, number in numbers.items() if number is not None]
        return "_".join([self.kind.replace(" ", "-"), *parts])

    @property
    def order(self) -> tuple[int, ...]:
        """The place among other points: those that take little time come first."""
        return KINDS.index(self.kind), self.tune or 0, self.shots or 0, self.prompt_length or 0, self.seed

    @classmethod
    def of_name(cls, name: str) -> Self | None:
        """Return the point of a folder, or None if no point has this name."""
        kind, *parts = name.split("_")
        try:
            numbers = {FIELDS[field]: int(number) for field, number in (part.rsplit("-", 1) for part in parts)}
            point = cls(next(each for each in KINDS if each.replace(" ", "-") == kind), **numbers)
        except (ValueError, KeyError, StopIteration):
            return None
        return point if point.name == name else None


def points_of(
    lengths: Sequence[int], shots: Sequence[int], tune: Sequence[int], seeds: int, lines: Sequence[str]
) -> list[Point]:
    """Return all points of a sweep, those that take little time first."""
    drawn = range(seeds)
    points = [Point(line, seed) for line in LINES if line in lines for seed in _seeds_of(line, drawn)]
    points += [Point("few-shot", seed, None, k, n) for n in tune for k in shots for seed in drawn]
    points += [Point("soft-prompt", seed, length) for length in lengths for seed in drawn]
    return sorted(points, key=lambda point: point.order)


def with_kept(points: Sequence[Point], out: Path) -> list[Point]:
    """Return points and those that earlier commands have measured in a folder, in order."""
    kept = (Point.of_name(path.parent.name) for path in out.glob(f"*/{RESULT}"))
    return sorted({*points, *filter(None, kept)}, key=lambda point: point.order)


def _seeds_of(line: str, seeds: Sequence[int]) -> Sequence[int]:
    return seeds if line in ("fine-tuned", "frozen probe") else seeds[:1]


def check_folder(out: Path, plan: Mapping[str, Any]) -> None:
    """Write the plan of a new sweep, or check that a folder has points of the same one.

    Raises:
        HyenaDNAError: the folder is not empty, or has points of another sweep.
    """
    path = out / PLAN
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if differ := [name for name in {**kept, **plan} if kept.get(name) != plan.get(name)]:
            raise HyenaDNAError(
                f"{out} has points of another sweep: --{differ[0].replace('_', '-')} was {kept.get(differ[0])!r}, and "
                f"is now {plan.get(differ[0])!r}. Give another --out."
            )
        return
    if out.exists() and any(out.iterdir()):
        raise HyenaDNAError(f"{out} is not empty and is no sweep: give another --out.")
    out.mkdir(parents=True, exist_ok=True)
    with file_written_aside(path) as aside:
        aside.write_text(json.dumps(plan, indent=1), encoding="utf-8")


def checksums_of(data: Mapping[str, Any], weights: str) -> dict[str, str]:
    """Return the checksums of the rows of each split, and of the weights.

    Raises:
        HyenaDNAError: there are no test rows, or rows or weights cannot be read.
    """
    from hyenadna_core import load, model_sha256

    task = _source(data)
    rows = {f"{split} rows": task.split(split).checksum for split in ("train", "valid", "test") if task.has(split)}
    return {**rows, "weights": model_sha256(load(weights))}


def check_inputs(out: Path, sums: Mapping[str, str]) -> None:
    """Write the checksums of the inputs of a new sweep, or check that they are the same.

    Raises:
        HyenaDNAError: the rows or the weights changed since the sweep began.
    """
    path = out / INPUTS
    if not path.exists():
        with file_written_aside(path) as aside:
            aside.write_text(json.dumps(sums, indent=1), encoding="utf-8")
        return
    kept = json.loads(path.read_text(encoding="utf-8"))
    if changed := [name for name in {**kept, **sums} if kept.get(name) != sums.get(name)]:
        raise HyenaDNAError(
            f"The {changed[0]} changed since {out} has points: give another --out, so that all points have the same "
            "rows and weights."
        )


def measured(points: Sequence[Point], out: Path, data: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[Any]:
    """Measure each point that has no result yet; yield (point, result) of all.

    Args:
        data: the options of the data, of all points.
        settings: weights, steps, batch_size, precision and micro_batch.
    """
    for number, point in enumerate(points, start=1):
        folder = out / point.name
        if not (folder / RESULT).exists():
            notice(f"Point {number} of {len(points)}: {point.name}")
            folder.mkdir(parents=True, exist_ok=True)
            result = result_of(point, folder / RUN, data, settings)
            with file_written_aside(folder / RESULT) as aside:
                aside.write_text(json.dumps(result), encoding="utf-8")
        yield point, json.loads((folder / RESULT).read_text(encoding="utf-8"))


def result_of(point: Point, path: Path, data: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Measure a point on test; a point that does not fit has the reason as its `note`."""
    start = time.monotonic()
    try:
        figures = (_line if point.kind in LINES else _in_context)(point, path, data, settings)
    except DoesNotFit as error:
        notice(f"{point.name} is left out: {error}")
        return {"note": str(error)}
    chosen = {name: figures.get(name) for name in ("accuracy", "mcc")}
    return chosen | {"seconds": round(time.monotonic() - start, 1), "note": ""}


def _in_context(point: Point, path: Path, data: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, float]:
    from hyenadna_icl.few_shot import FewShotTask
    from hyenadna_icl.soft_prompt import SoftPromptTask

    if point.kind == "soft-prompt":
        options = {**data, "prompt_length": point.prompt_length, "baseline": ["none"]}
        return _run(SoftPromptTask, options, path, point.seed, settings)
    own = {"shots": point.shots, "tune": point.tune, "context_seed": point.seed}
    used = ("weights", "precision", "micro_batch") if point.tune else ("weights", "precision")  # not steps: one pass
    return _run(FewShotTask, {**data, **own}, path, point.seed, {name: settings.get(name) for name in used})


def _line(point: Point, path: Path, data: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, float]:
    from hyenadna_core import fit_baseline

    task = _source(data)
    task.reverse_complements = data.get("reverse_complements")
    if point.kind in ("kmer", "majority"):
        rows: Any = task.split("test")
        try:
            predicted = fit_baseline(task, point.kind).predicted
        except HyenaDNAError as error:  # it would take too long
            raise DoesNotFit(str(error)) from None
        targets = np.array([rows.row(number)[1] for number in range(len(rows))])
        metrics = {metric.name: metric for metric in task.chosen_metrics()}
        return {name: float(metrics[name].of(predicted, targets)) for name in ("accuracy", "mcc") if name in metrics}
    return _run(task, {}, path, point.seed, {**settings, "freeze": point.kind == "frozen probe"})


def _source(data: Mapping[str, Any]) -> Any:
    reading = {name: data[name] for name in READ if name in data}
    if "label_column" in reading:
        reading["label_column"] = (reading["label_column"],)
    task = source_of(data["of"], **reading)
    if not task.has("test"):
        raise HyenaDNAError(f"{data['of']} has no test rows, and a sweep measures on them: give --test.")
    return task


def _run(task: Any, options: Mapping[str, Any], path: Path, seed: int, settings: Mapping[str, Any]) -> dict[str, float]:
    """Train, or go on with a run that was stopped, and return its figures."""
    from hyenadna_core import resume, train

    if _goes_on(path):
        run = resume(path, task)
    else:
        given = {name: value for name, value in settings.items() if value is not None}
        run = train(task, options, out=path, seed=seed, **given)
    return next(iter(run.figures.values()))


def _goes_on(path: Path) -> bool:
    """Return whether a run is resumed. One without a checkpoint is removed, and begins again."""
    if not (path / "run.json").exists():  # a run that did not begin
        return False
    if (path / "checkpoints" / "latest").exists():
        return True
    with (path / ".lock").open("a") as lock:
        if not locked(lock, path):
            return True  # another process trains there, and `resume` says so
        shutil.rmtree(path)
    return False
