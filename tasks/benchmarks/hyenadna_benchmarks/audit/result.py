"""What an audit found: counts, sentences, and the rows to leave out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hyenadna_benchmarks.audit.linter import NOT_INSTALLED, Verdict
from hyenadna_benchmarks.audit.matches import Matches
from hyenadna_core import HyenaDNAError

VERSION = 1  # of the JSON object
COLUMNS = tuple(field.name for field in fields(Matches))


@dataclass(frozen=True)
class Repeats:
    """How often a split repeats its own rows.

    Args:
        rows: rows that repeat an earlier one, on either strand.
        on_strand: rows that repeat an earlier one on the same strand.
        other_label: rows, the first of each sequence too, that have a copy with another label.
    """

    rows: int
    on_strand: int
    other_label: int


@dataclass(frozen=True)
class Audit:
    """The sequences that the splits of a benchmark share.

    Args:
        rows: the number of rows of each split: "train", "dev" if there is one, "test".
        repeats: the repeats inside each split.
        matches: for each pair (split, other): ("dev", "train"), ("test", "train") and ("test",
            "dev"): the most similar row of the other split.
        least: the similarity from which a match is named.
        linter: the verdict of seqleak.
    """

    rows: Mapping[str, int]
    repeats: Mapping[str, Repeats]
    matches: Mapping[tuple[str, str], Matches]
    least: float
    linter: Verdict = NOT_INSTALLED

    def leaked(self, split: str = "test") -> np.ndarray:
        """Return which rows of a split have a copy or a near duplicate in the splits before it.

        They are train for dev, and train and dev for test: (n,) bool.

        Raises:
            HyenaDNAError: there is no such split.
        """
        if split not in self.rows:
            raise HyenaDNAError(f"The audit has no split {split!r}: choose one of {', '.join(self.rows)}.")
        leaked = np.zeros(self.rows[split], np.bool_)
        for (ours, _), matches in self.matches.items():
            if ours == split:
                leaked |= matches.leaked
        return leaked

    def counts(self) -> list[dict[str, Any]]:
        """Return a row of counts for each split, then for each pair of splits."""
        return [
            *(
                _counted(split, split, self.rows[split], each.rows, each.on_strand, each.other_label)
                for split, each in self.repeats.items()
            ),
            *(
                _counted(
                    split,
                    other,
                    self.rows[split],
                    each.copied.sum(),
                    each.copied_on_strand.sum(),
                    (each.copied & each.other_label).sum(),
                    int(each.near.sum()),
                    int((each.near & each.other_label).sum()),
                )
                for (split, other), each in self.matches.items()
            ),
        ]

    def sentences(self) -> list[str]:
        """Describe the audit: a sentence for each row of `counts`, then the leaked rows."""
        sentences = []
        for row in self.counts():
            split, other = row["split"], row["compared with"]
            what = "repeat an earlier row" if split == other else f"repeat a row of {other}"
            text = (
                f"{row['repeats']:,} of {row['rows']:,} rows of {split} {what} "
                f"({row['same strand']:,} on the same strand)"
            )
            if split == other:
                sentences.append(f"{text}; {row['other label']:,} rows have a copy with another label.")
                continue
            sentences.append(
                f"{text}, {row['other label']:,} with another label; {row['near']:,} more are near duplicates "
                f"of one, {row['near, other label']:,} with another label."
            )
        leaked = self.leaked()
        sentences.append(f"{leaked.sum():,} of {len(leaked):,} rows of test leak.")
        return [*sentences, self.linter.sentence()]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; only rows with a match are in it."""
        pairs = []
        for (split, other), each in self.matches.items():
            kept = np.flatnonzero(each.row >= 0)
            columns = {name: getattr(each, name)[kept].tolist() for name in COLUMNS}
            pairs.append({"split": split, "other": other, "rows": kept.tolist(), **columns})
        return {
            "version": VERSION,
            "rows": dict(self.rows),
            "least": self.least,
            "counts": self.counts(),
            "leaked_rows_of_test": int(self.leaked().sum()),
            "repeats": {split: vars(each) for split, each in self.repeats.items()},
            "linter": self.linter.to_json(),
            "pairs": pairs,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Audit":
        """Read what `to_json` returned.

        Raises:
            HyenaDNAError: it is something else.
        """
        try:
            if values["version"] != VERSION:
                raise HyenaDNAError(f"The audit has version {values['version']}, not {VERSION}: make it again.")
            rows = {str(split): int(count) for split, count in values["rows"].items()}
            repeats = {
                split: Repeats(**{name: int(each[name]) for name in vars(Repeats(0, 0, 0))})
                for split, each in values["repeats"].items()
            }
            matches = {(each["split"], each["other"]): _matches(rows[each["split"]], each) for each in values["pairs"]}
            return cls(rows, repeats, matches, float(values["least"]), Verdict.from_json(values["linter"]))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
            raise HyenaDNAError(f"This is no audit ({type(error).__name__}: {error}): make it again.") from None

    def to_text(self) -> str:
        """Return the JSON object as text, for a file."""
        return json.dumps(self.to_json()) + "\n"


def _counted(split: str, other: str, rows: int, repeats: Any, on_strand: Any, label: Any, *near: int) -> dict[str, Any]:
    """Return a row of `counts`; a split compared with itself has no near duplicates."""
    of_near = near or (None, None)
    return {
        "split": split,
        "compared with": other,
        "rows": rows,
        "repeats": int(repeats),
        "same strand": int(on_strand),
        "other label": int(label),
        "near": of_near[0],
        "near, other label": of_near[1],
        "leaked": int(repeats) + near[0] if near else None,
    }


def _matches(count: int, values: Mapping[str, Any]) -> Matches:
    """Return the matches of a JSON object, for `count` rows."""
    kept = np.array(values["rows"], np.int64)
    if kept.size and (kept.min() < 0 or kept.max() >= count):
        raise HyenaDNAError(f"This is no audit (a row is not from 0 to {count - 1}): make it again.")
    kinds = {"row": np.int64, "similarity": np.float64, "strand": np.int8}
    columns = {}
    for name in COLUMNS:
        column = np.full(count, -1 if name == "row" else 0, kinds.get(name, np.bool_))
        column[kept] = np.array(values[name], column.dtype).reshape(kept.shape)
        columns[name] = column
    return Matches(**columns)
