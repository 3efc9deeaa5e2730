"""The choice among trials: by the validation figure only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.runner.cells import Cell, finished
from hyenadna_core import HyenaDNAError


def best_of(trials: Sequence[Cell], out: Path) -> dict[str, Any]:
    """Return the drawn options of the trial with the best validation figure; of equals, the first.

    Raises:
        HyenaDNAError: a trial has no result, or no figure is defined.
    """
    results = [result for trial in trials if (result := finished(trial.folder(out)))]
    what = f"trials of {trials[0].contender.name} on {trials[0].set}"
    if len(results) < len(trials):
        raise HyenaDNAError(
            f"{len(trials) - len(results)} of {len(trials)} {what} have no result, and the choice needs all: start the "
            "same command again."
        )
    measured = [result for result in results if isinstance(result.get("valid"), float)]
    if not measured:
        raise HyenaDNAError(f"The {what} have no defined figure on validation: leave out --sweep.")
    best = max(measured, key=lambda result: result["valid"])
    return dict(best["drawn"])
