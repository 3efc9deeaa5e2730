"""Audit the splits of a benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hyenadna_benchmarks.audit.linter import NOT_ASKED, verdict_of
from hyenadna_benchmarks.audit.matches import LEAST, NEAR, Split, count_in, match
from hyenadna_benchmarks.audit.result import Audit, Repeats
from hyenadna_benchmarks.audit.rows import Groups, Rows, groups_of
from hyenadna_benchmarks.benchmark_set import PUBLISHED
from hyenadna_core import HyenaDNAError


def audit_splits(
    splits: Mapping[str, Sequence[bytes]],
    labels: Mapping[str, np.ndarray],
    least: float = LEAST,
    linter: bool = True,
) -> Audit:
    """Find the sequences that the splits of a benchmark share, on either strand.

    Args:
        splits: the sequences of "train", "test" and, if there is one, "dev": bytes or (L,) uint8.
        labels: of each split: (n,) classes or numbers, or (n, K).
        least: matches of a smaller similarity are not named; above 0, at most 0.7.
        linter: whether to run seqleak, if it is installed.

    Raises:
        HyenaDNAError: a split is missing, empty or unknown, or has not one label for each row.
    """
    if not 0 < least <= NEAR:
        raise HyenaDNAError(f"The least similarity is {least}: give a number above 0 and at most {NEAR}.")
    _check(splits, labels)
    present = [split for split in PUBLISHED if split in splits]
    rows = {split: Rows.of(splits[split]) for split in present}
    groups, numbers = groups_of(rows), _numbered({split: np.asarray(labels[split]) for split in present})
    parts = {split: Split(rows[split], groups[split], numbers[split]) for split in present}
    pairs = [(split, other) for split in present for other in present[: present.index(split)]]
    return Audit(
        rows={split: len(each) for split, each in rows.items()},
        repeats={split: _repeats(each.groups, each.labels) for split, each in parts.items()},
        matches={
            (split, other): match(parts[split], parts[other], least, f"Comparing {split} with {other}")
            for split, other in pairs
        },
        least=least,
        linter=verdict_of(splits, numbers) if linter else NOT_ASKED,
    )


def rows_of(task: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the sequences and labels of the published splits of a SetTask, for `audit_splits`."""
    rows = {split: task.published(split) for split in task.set.splits}
    return rows, {split: each.targets for split, each in rows.items()}


def _check(splits: Mapping[str, Sequence[bytes]], labels: Mapping[str, np.ndarray]) -> None:
    if unknown := [split for split in splits if split not in PUBLISHED]:
        raise HyenaDNAError(f"There is no split {unknown[0]!r}: name them {', '.join(PUBLISHED)}.")
    for split in PUBLISHED:
        if split not in splits:
            if split == "dev":
                continue
            raise HyenaDNAError(f"An audit compares train and test, and there is no {split}: give its sequences.")
        count = len(splits[split])
        if not count:
            raise HyenaDNAError(f"The split {split} has no rows: leave it out, or give its sequences.")
        if split not in labels or len(labels[split]) != count:
            given = len(labels[split]) if split in labels else 0
            raise HyenaDNAError(f"The split {split} has {count:,} rows and {given:,} labels: give one for each row.")


def _numbered(labels: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give equal labels the same number: (n,) or (n, K) -> (n,) int64 from 0."""
    shapes = {each.shape[1:] for each in labels.values()}
    if len(shapes) > 1:
        raise HyenaDNAError(f"Labels have the shapes {sorted(shapes)} in different splits: give them one shape.")
    _, numbers = np.unique(np.concatenate(list(labels.values())), axis=0, return_inverse=True)
    parts = np.split(numbers.reshape(-1).astype(np.int64), np.cumsum([len(each) for each in labels.values()])[:-1])
    return dict(zip(labels, parts, strict=True))


def _repeats(groups: Groups, labels: np.ndarray) -> Repeats:
    count, either = len(labels), groups.either
    keys = either * (1 + labels.max()) + labels
    differs = count_in(either, either) > count_in(keys, keys)
    return Repeats(
        count - len(np.unique(either)), count - len(np.unique(groups.stranded)), int(np.count_nonzero(differs))
    )
