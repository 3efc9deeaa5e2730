"""The choice among trials: by the validation figure alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.runner.cells import Cell, finished
from hyenadna_core import HyenaDNAError


def best_of(trials: Sequence[Cell], out: Path) -> dict[str, Any]:
    """Return the drawn options of the trial with the best validation figure; of equals, the first.

    Raises:
        HyenaDNAError: no trial has finished.
    """
    results = [result for trial in trials if (result := finished(trial.folder(out)))]
    measured = [result for result in results if isinstance(result.get("valid"), float)]
    if not measured:
        raise HyenaDNAError(f"No trial of {trials[0].set} has finished: start the command again.")
    best = max(measured, key=lambda result: result["valid"])
    return dict(best["drawn"])
