"""The result of the audit of a set, as columns of its rows in the table."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hyenadna_benchmarks.runner import cells
from hyenadna_benchmarks.runner.cells import Cell

NOT_AUDITED, FAILED = "not audited", "audit failed"


@dataclass(frozen=True)
class Audited:
    """The audit of a set.

    Args:
        seqleak: the verdict of seqleak, or "not installed", "not audited", "audit failed".
        leaked: which test rows repeat, or nearly repeat, rows of train or dev: (n,) bool; None
            without a finished audit.
        repeats: the number of test rows that repeat a row of train or dev exactly.
        repeats_other_label: of these, the number with a copy that has another label.
        error: of a failed audit.
    """

    seqleak: str = NOT_AUDITED
    leaked: np.ndarray | None = None
    repeats: int | None = None
    repeats_other_label: int | None = None
    error: str = ""


def read_audit(out: Path, name: str) -> Audited:
    """Read what is kept of the audit of a set.

    Raises:
        HyenaDNAError: the file of the leaked rows is damaged.
    """
    folder = Cell(name, cells.AUDIT).folder(out)
    result = cells.finished(folder)
    if result is None:
        error = cells.error_of(folder)
        return Audited(FAILED, error=f"audit: {error}") if error else Audited()
    (leaked,) = cells.read_arrays(folder / cells.LEAKED, "leaked")
    return Audited(result["seqleak"], leaked.astype(bool), result["repeats"], result["repeats_other_label"])
