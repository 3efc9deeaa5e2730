"""The verdict of seqleak, a linter of benchmarks, if it is installed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from hyenadna_benchmarks.benchmark_set import PUBLISHED
from hyenadna_core import progress


@dataclass(frozen=True)
class Check:
    """A check of seqleak.

    Args:
        status: "PASS", "WARN", "FAIL" or "SKIP".
        value: mostly a share of the test rows, else a score of a rule; None if skipped.
        reason: what was found, in words.
    """

    name: str
    status: str
    value: float | None
    reason: str

    def sentence(self) -> str:
        """Name the check with its status and, if it has one, its value."""
        return f"{self.name} {self.status}" + ("" if self.value is None else f" {self.value:.3g}")


@dataclass(frozen=True)
class Verdict:
    """What seqleak says of a benchmark.

    Args:
        status: "PASS", "WARN", "FAIL", or why there is no verdict: "not installed", "not asked",
            "failed".
        version: of seqleak and its rules.
        reason: why it failed.
        checks: every check.
    """

    status: str
    version: str = ""
    reason: str = ""
    checks: tuple[Check, ...] = ()

    def sentence(self) -> str:
        """Say the verdict and the checks with a fault."""
        if not self.checks:
            return f"seqleak: {self.status}{f' ({self.reason})' if self.reason else ''}."
        faults = [each.sentence() for each in self.checks if each.status in FAULTS]
        return f"seqleak: {self.status}{' (' * bool(faults)}{', '.join(faults)}{')' * bool(faults)}."

    def value(self, name: str) -> float | None:
        """Return the value of a check, such as construction.segment; None if it has none."""
        return next((each.value for each in self.checks if each.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return asdict(self) | {"checks": [asdict(each) for each in self.checks]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Verdict":
        """Read what `to_json` returned."""
        checks = tuple(
            Check(str(each["name"]), str(each["status"]), _number(each["value"]), str(each["reason"]))
            for each in values["checks"]
        )
        return cls(str(values["status"]), str(values["version"]), str(values["reason"]), checks)


FAULTS = ("FAIL", "WARN")
NOT_INSTALLED, NOT_ASKED = Verdict("not installed"), Verdict("not asked")


def verdict_of(splits: Mapping[str, Sequence[bytes]], labels: Mapping[str, np.ndarray]) -> Verdict:
    """Run seqleak on the splits of a benchmark; labels are numbers.

    It aligns no sequences with BLAST or MMseqs2, which only some machines have.
    """
    try:
        import seqleak
        from seqleak.audit import load_task, run_audit
    except ImportError:
        return NOT_INSTALLED
    with TemporaryDirectory() as folder, progress("Running seqleak", 1) as advance:
        files = {}
        for split in PUBLISHED:
            if split in splits:
                files[split] = [_written(Path(folder) / f"{split}.fasta", splits[split], labels[split])]
        try:
            report, _ = run_audit(load_task(coords="none", **files), homology="off", quiet=True)
            checks = tuple(
                Check(name, each["status"], _number(each["value"]), each["reason"])
                for name, each in report["checks"].items()
            )
            verdict = Verdict(report["verdict"]["status"], seqleak.__version__, checks=checks)
        except Exception as error:  # whatever it cannot audit
            return Verdict("failed", seqleak.__version__, f"{type(error).__name__}: {error}")
        advance(1)
    return verdict


def _written(path: Path, sequences: Sequence[bytes], labels: np.ndarray) -> str:
    """Write a FASTA of sequences with labels in their headers."""
    with path.open("wb") as file:
        for number, (sequence, label) in enumerate(zip(sequences, labels.tolist(), strict=True)):
            file.write(b">%d label=%d\n%s\n" % (number, label, bytes(sequence)))
    return str(path)


def _number(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
