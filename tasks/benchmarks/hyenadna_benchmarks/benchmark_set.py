"""A set of a benchmark suite: its name, classes, metric and origin."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class BenchmarkSet:
    """A published set of labelled sequences.

    Args:
        suite: "genomic-benchmarks", "nt-original", "nt-revised" or "gue".
        name: the name of the set in its suite, such as "human_nontata_promoters".
        folder: its folder in the published layout of the suite, such as "tf/0".
        classes: the names of the classes; a class id is a place in this order, in every split.
        metric: the metric of the published figures: "accuracy", "mcc" or "macro_f1".
        rows: the number of sequences by published split: "train", "dev", "test".
        median_length: in bases.
        licence, source: of the data.
        sha256: of files whose content is known, by their path in the folder.
    """

    suite: str
    name: str
    folder: str
    classes: tuple[str, ...]
    metric: str
    rows: Mapping[str, int]
    median_length: int
    licence: str
    source: str
    sha256: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Return the name among all datasets, such as gue/tf_0."""
        return f"{self.suite}/{self.name}"


def sets_of(suite: str) -> dict[str, BenchmarkSet]:
    """Return the sets of a suite by name, in the order of their table."""
    return {name: each for name, each in _SETS.items() if each.suite == suite}


_SETS = {
    name: BenchmarkSet("gue", name, folder, ("0", "1"), "mcc", {}, length, "Apache-2.0", "DNABERT-2")
    for name, folder, length in (
        *((f"tf_{number}", f"tf/{number}", 101) for number in range(5)),
        *((name, f"prom/{name}", 70) for name in ("prom_core_all", "prom_core_tata", "prom_core_notata")),
        ("prom_300_tata", "prom/prom_300_tata", 300),
    )
}
