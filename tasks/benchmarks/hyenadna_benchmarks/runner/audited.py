"""The cell that audits the splits of a set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_benchmarks.audit import audit_splits
from hyenadna_benchmarks.runner import cells
from hyenadna_benchmarks.suites import task_class
from hyenadna_core import file_written_aside

NAMES = {"train": "train", "valid": "dev", "test": "test"}


def audit(spec: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Audit the splits of a set as holdout divides them; keep the report, and the leaked rows."""
    from safetensors.numpy import save_file

    task = task_class(spec["suite"]).from_options(spec["task"] | {"protocol": "holdout"})
    splits = {name: task.split(split) for split, name in NAMES.items() if task.has(split)}
    texts = {name: [bytes(rows[row]) for row in range(len(rows))] for name, rows in splits.items()}
    report = audit_splits(texts, {name: np.asarray(rows.targets) for name, rows in splits.items()})
    leaked = np.asarray(report.leaked("test"), np.uint8)
    of_test = [matches for (split, _), matches in report.matches.items() if split == "test"]
    copied = np.any([matches.copied for matches in of_test], axis=0)
    other_label = np.any([matches.copied & matches.other_label for matches in of_test], axis=0)
    with file_written_aside(folder / cells.AUDIT_FILE) as aside:
        aside.write_text(report.to_text(), encoding="utf-8")
    with file_written_aside(folder / cells.LEAKED) as aside:
        save_file({"leaked": leaked}, aside)
    return {
        "rows": len(leaked),
        "leaked": int(leaked.sum()),
        "repeats": int(copied.sum()),
        "repeats_other_label": int(other_label.sum()),
        "seqleak": report.linter.status,
    }
