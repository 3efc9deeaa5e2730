"""Published figures of a set: those of the paper, and those of stricter reruns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from hyenadna_benchmarks.runner.tables import table

PAPER = "paper"
STRICTER = ("cv5", "cv10", "package")


@dataclass(frozen=True)
class Published:
    """A published figure of a model on a set; `contender` is the kind comparable with it."""

    suite: str
    set: str
    model: str
    contender: str
    protocol: str
    metric: str
    value: float
    spread: float | None
    source: str

    @property
    def text(self) -> str:
        spread = "" if self.spread is None else f" ± {self.spread:.3f}"
        return f"{self.value:.3f}{spread} {self.metric} ({self.protocol})"


@cache
def published() -> tuple[Published, ...]:
    """Return all published figures."""
    return tuple(map(_of_row, table("published.tsv")))


def _of_row(row: Mapping[str, str]) -> Published:
    texts = {name: text for name, text in row.items() if name not in ("value", "spread")}
    return Published(**texts, value=float(row["value"]), spread=float(row["spread"]) if row["spread"] else None)


def of_set(suite: str, name: str) -> list[Published]:
    """Return the published figures of a set."""
    return [each for each in published() if (each.suite, each.set) == (suite, name)]


def comparable(suite: str, name: str, kind: str, strict: bool) -> Published | None:
    """Return the figure of the paper, or of a stricter rerun, for a kind of contender."""
    protocols = STRICTER if strict else (PAPER,)
    return next((each for each in of_set(suite, name) if each.contender == kind and each.protocol in protocols), None)
