"""What a folder has already: the plan of its last command, and its finished cells."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.kept_parts import PLAN, kept_job
from hyenadna_benchmarks.report.columns import counted
from hyenadna_benchmarks.runner import cells, inputs, recipes
from hyenadna_benchmarks.runner.cells import Cell
from hyenadna_benchmarks.runner.plan import Plan
from hyenadna_benchmarks.suites import SUITES
from hyenadna_core import HyenaDNAError

NAMES = {  # of what a cell was made with
    "protocol": "--protocol",
    "backend": "the backend",
    "preset": "--preset",
    "trials": "--trials of a sweep:",
    "options": "the options of training",
}
BEFORE = {"trials": 0}  # of cells that do not tell


def kept_plan(out: Path) -> dict[str, Any] | None:
    """Return the plan of the last command in a folder; None if no cell is finished.

    Raises:
        HyenaDNAError: the plan cannot be read.
    """
    if not (out / PLAN).exists() or not any((out / cells.CELLS).glob(f"*/*/*/{cells.RESULT}")):
        return None
    return kept_job(out / PLAN)


def plan_in(out: Path, plan: Plan, kept: Mapping[str, Any] | None) -> Plan:
    """Return a plan with the threads of the folder, because numbers may depend on them.

    Raises:
        HyenaDNAError: the folder is that of another suite.
    """
    if kept is None:
        return plan
    if (suite := kept.get("suite")) != plan.suite:
        title = SUITES[suite].title if suite in SUITES else suite
        raise HyenaDNAError(
            f"{out} has results of {title}, and now the suite is {SUITES[plan.suite].title}: choose another --out."
        )
    return replace(plan, threads=kept.get("threads", plan.threads))


def compared_sets(plan: Plan, kept: Mapping[str, Any] | None) -> list[str]:
    """Return the sets whose files the last command compared with its finished cells."""
    if kept is None or (kept.get("folder"), kept.get("task")) != (plan.folder, plan.task):
        return []
    return list(kept.get("sets", ()))


def keep(plan: Plan, out: Path) -> None:
    """Write the plan of a command whose inputs were checked."""
    cells.write_json(out / PLAN, asdict(plan))


def check_cells(plan: Plan, planned: Iterable[Cell], out: Path) -> None:
    """Check that finished cells were made with what the plan has.

    Raises:
        HyenaDNAError: one was not. The line has both values, and the folder to remove.
    """
    different = [
        (cell, difference)
        for cell, result in cells.results(planned, out)
        if (difference := _difference(plan, cell, result, out))
    ]
    if not different:
        return
    cell, (name, old, new) = different[0]
    others = f" (and {counted(len(different) - 1, 'other measurement')})" if len(different) > 1 else ""
    raise HyenaDNAError(
        f"{cell.title}: measured with {name} {_text(old)}, and now it is {_text(new)}: remove {cell.folder(out)}"
        f"{others}, or choose another --out."
    )


def _difference(plan: Plan, cell: Cell, result: Mapping[str, Any], out: Path) -> tuple[str, Any, Any] | None:
    """Return the name of the first difference, with the value of a result and that of the plan."""
    wanted, kept = plan.made_with(cell), BEFORE | dict(result)
    with suppress(HyenaDNAError):  # a trial has no result yet
        wanted["options"] = plan.options_of(cell, out)
    for name, value in json.loads(json.dumps(wanted)).items():
        if name in kept and kept[name] != value:
            return NAMES[name], kept[name], value
    old, new = kept.get("cell", {}).get("contender", {}).get("weights"), cell.contender.weights
    if old != new and kept.get(inputs.WEIGHTS) != inputs.sha256_of_weights(new):
        return "the weights", old, new
    return None


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return recipes.text_of(value) or "(none)"
    return "(none)" if value is None else str(value)
