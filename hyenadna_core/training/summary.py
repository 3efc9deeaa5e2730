"""A summary of several runs: figures by group, and paired differences between groups."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.training.arguments import paths_of, text_of, texts_of
from hyenadna_core.training.measured_run import MeasuredRun, measured_run, run_folders
from hyenadna_core.training.run_folder import as_json_numbers
from hyenadna_core.training.summary_table import as_text

CONFIDENCE = 0.95
MOST_NAMES = 3  # options in the name of a group, before all are taken


@dataclass(frozen=True)
class SummaryRow:
    """A figure of a model over the runs of a group.

    `sd` is the standard deviation with n - 1, and `se` is sd over the root of n; both are nan for
    one run. Runs in which the figure is not defined are not counted.
    """

    group: str
    model: str
    split: str
    figure: str
    runs: int
    mean: float
    sd: float
    smallest: float
    largest: float
    se: float


@dataclass(frozen=True)
class Difference:
    """A figure of the runs of a group minus that of another one, paired by seed and fold.

    `against` is the other group, or a baseline of the same runs. `low` and `high` are the 95 %
    interval of the mean by Student's t over the pairs; nan for fewer than two pairs.
    """

    group: str
    against: str
    figure: str
    pairs: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Summary:
    """Figures of groups of runs that differ only in seed and fold.

    Args:
        rows: a row for each group, model and figure; baselines follow the model of the group.
        differences: of each group from its baselines, and from the reference if that has the same
            data.
        runs: the folders of each group.
        also: by group, the options that are not in its name and differ between groups.
        left_out: folders without figures, or that repeat a run, with the reason.
    """

    rows: tuple[SummaryRow, ...]
    differences: tuple[Difference, ...]
    runs: Mapping[str, tuple[Path, ...]]
    also: Mapping[str, Mapping[str, Any]]
    left_out: tuple[tuple[Path, str], ...]

    def __str__(self) -> str:
        return self.as_text("table")

    def as_text(self, form: str) -> str:
        """Return the rows and the differences as text: "table", "tsv" or "markdown"."""
        return as_text((self.rows, self.differences), form)

    def to_json(self) -> dict[str, Any]:
        """Return all parts as JSON keeps them; None stands for nan."""
        parts: dict[str, Any] = {
            "rows": [vars(row) for row in self.rows],
            "differences": [vars(difference) for difference in self.differences],
            "groups": {name: {"runs": [str(path) for path in paths]} for name, paths in self.runs.items()},
            "left_out": [{"path": str(path), "reason": reason} for path, reason in self.left_out],
        }
        for name, options in self.also.items():
            parts["groups"][name]["also"] = dict(options)
        return dict(as_json_numbers(parts))


def summarise(
    paths: Iterable[str | Path] | str | Path, figures: Sequence[str] | str = (), against: str | None = None
) -> Summary:
    """Summarise runs, as `hyenadna summarise` does.

    Args:
        paths: run folders, or folders of run folders.
        figures: one name of a figure or several; by default all.
        against: the group with which the others are compared, or a part of its name that no other
            has; by default the first.

    Raises:
        HyenaDNAError: there is no finished run, no such figure or group, or a path is none.
    """
    folders, wanted = paths_of("paths", paths), texts_of("figures", figures)
    against = text_of("against", against)
    runs, left_out = [], []
    for folder in run_folders(folders):
        try:
            runs.append(measured_run(folder))
        except HyenaDNAError as error:
            left_out.append((folder, str(error)))
    grouped, repeated = _groups(runs)
    if not grouped:
        reasons = f": {left_out[0][1]}" if left_out else ", because none was given."
        raise HyenaDNAError(f"No finished run to summarise{reasons}")
    known = list(dict.fromkeys(name for run in runs for table in run.figures.by_model.values() for name in table))
    for name in wanted:
        if name not in known:
            raise HyenaDNAError(f"No run has the figure {shown(repr(name))}: choose one of {first_names(known)}.")
    names, also = _names([group[0].options for group in grouped])
    groups = dict(zip(names, grouped, strict=True))
    chosen = wanted or known
    return Summary(
        tuple(row for name, group in groups.items() for row in _rows(name, group, chosen)),
        (*_from_baselines(groups, chosen), *_differences(groups, chosen, _reference(names, against))),
        {name: tuple(run.path for run in group) for name, group in groups.items()},
        {name: options for name, options in zip(names, also, strict=True) if options},
        (*left_out, *repeated),
    )


def _groups(runs: Sequence[MeasuredRun]) -> tuple[list[list[MeasuredRun]], list[tuple[Path, str]]]:
    """Return the runs that differ only in seed and fold together, and those that repeat another."""
    groups: list[list[MeasuredRun]] = []
    repeated = []
    for run in runs:
        group = next((group for group in groups if (group[0].data, group[0].options) == (run.data, run.options)), None)
        if group is None:
            groups.append([run])
        elif same := [number for number, other in enumerate(group) if other.pair == run.pair]:
            kept, other = group[same[0]], run
            if other.has_numbers and not kept.has_numbers:
                group[same[0]], kept, other = other, other, kept
            repeated.append((other.path, f"{other.path} repeats {kept.path}: seed, fold and all options are the same."))
        else:
            group.append(run)
    return groups, repeated


def _names(options: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return a short name for each group, and the other options in which the groups differ.

    The name has the fewest options that tell all groups apart.
    """
    every = list(dict.fromkeys(name for each in options for name in each))
    differ = [name for name in every if any(each.get(name) != options[0].get(name) for each in options)]
    chosen: Sequence[str] = differ
    for count in range(1, min(MOST_NAMES, len(differ)) + 1):
        telling = (names for names in combinations(differ, count) if _tell_apart(options, names))
        if smallest := next(telling, None):
            chosen = smallest
            break
    names = [
        ", ".join(f"{_short(name)}={option_text(each.get(name))}" for name in chosen) or "all runs" for each in options
    ]
    if len(set(names)) < len(names):  # the same options on other data, or files of one name
        names = [f"{name} ({number})" for number, name in enumerate(names, 1)]
    rest = [name for name in differ if name not in chosen]
    return names, [{name: each.get(name) for name in rest} for each in options]


def _tell_apart(options: Sequence[Mapping[str, Any]], names: Sequence[str]) -> bool:
    values = [tuple(option_text(each.get(name)) for name in names) for each in options]
    return len(set(values)) == len(values)


def _short(name: str) -> str:
    return name.removeprefix("option ")


def option_text(value: Any) -> str:
    """Return the value of an option as short text: of a path its last part."""
    if isinstance(value, list):
        return "+".join(map(option_text, value)) or "none"
    if isinstance(value, str) and value.startswith("/"):
        return shown(Path(value).name, 60)
    return "none" if value is None else shown(f"{value:g}" if isinstance(value, float) else value, 60)


def _reference(names: Sequence[str], against: str | None) -> str:
    """Return the name of the group to compare with.

    Raises:
        HyenaDNAError: no group has the name, or several have this part of it.
    """
    if against is None or against in names:
        return names[0] if against is None else against
    fitting = [name for name in names if against in name]
    if len(fitting) != 1:
        fault = "No group is" if not fitting else "Several groups have names with"
        raise HyenaDNAError(f"{fault} {shown(repr(against))}: choose one of {first_names(fitting or names)}.")
    return fitting[0]


def _rows(name: str, group: Sequence[MeasuredRun], figures: Sequence[str]) -> Iterable[SummaryRow]:
    models = dict.fromkeys(model for run in group for model in run.figures.by_model)
    for model in models:
        for figure in figures:
            values = [run.figures.by_model.get(model, {}).get(figure, math.nan) for run in group]
            if any(figure in run.figures.by_model.get(model, {}) for run in group):
                yield _row(
                    name, model, group[0].figures.split, figure, [each for each in values if not math.isnan(each)]
                )


def _row(group: str, model: str, split: str, figure: str, values: Sequence[float]) -> SummaryRow:
    count = len(values)
    if not count:
        return SummaryRow(group, model, split, figure, 0, *[math.nan] * 5)
    sd = float(np.std(values, ddof=1)) if count > 1 else math.nan
    return SummaryRow(
        group, model, split, figure, count, float(np.mean(values)), sd, min(values), max(values), sd / math.sqrt(count)
    )


def _differences(
    groups: Mapping[str, Sequence[MeasuredRun]], figures: Sequence[str], reference: str
) -> Iterable[Difference]:
    """Compare each group on the data of the reference with it."""
    base = groups[reference]
    for name, group in groups.items():
        if name == reference or group[0].data != base[0].data:
            continue
        others = {run.pair: run.figures.by_model[run.model] for run in base}
        for figure in figures:
            pairs = [(run.figures.by_model[run.model], others.get(run.pair, {})) for run in group]
            yield _difference(name, reference, figure, pairs)


def _from_baselines(groups: Mapping[str, Sequence[MeasuredRun]], figures: Sequence[str]) -> Iterable[Difference]:
    """Compare the model of each group with each baseline of the same runs."""
    for name, group in groups.items():
        for baseline in dict.fromkeys(model for run in group for model in list(run.figures.by_model)[1:]):
            for figure in figures:
                tables = [run.figures.by_model for run in group]
                pairs = [(next(iter(table.values())), table.get(baseline, {})) for table in tables]
                if any(figure in other for _, other in pairs):
                    yield _difference(name, baseline, figure, pairs)


def _difference(
    name: str, against: str, figure: str, pairs: Sequence[tuple[Mapping[str, float], Mapping[str, float]]]
) -> Difference:
    """Return the mean difference of a figure over pairs of tables, where both have it."""
    values = [one[figure] - other[figure] for one, other in pairs if figure in one and figure in other]
    values = [value for value in values if not math.isnan(value)]
    mean, half = float(np.mean(values)) if values else math.nan, _half_interval(values)
    return Difference(name, against, figure, len(values), mean, mean - half, mean + half)


def _half_interval(values: Sequence[float]) -> float:
    """Return half the length of the 95 % interval of a mean, by Student's t."""
    if len(values) < 2:
        return math.nan
    from scipy.stats import t

    quantile = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1))
    return quantile * float(np.std(values, ddof=1)) / math.sqrt(len(values))
