"""Folds of rows: whole chromosomes, blocks or groups are held out, or rows at random."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.evaluation.metrics import scikit_learn
from hyenadna_core.labelled.targets import Target
from hyenadna_core.probe.positions import BLOCK, Positions
from hyenadna_core.terminal import notice

SPLITS = ("chromosome", "block", "group", "stratified")
INNER = 3  # folds in the training part of a fold, which choose the penalty
FEWEST_CLUSTERS = 10  # for which an interval from whole clusters means something
LEAKS = (
    "Rows were split at random: homologous or overlapping sequences may lie on both sides, "
    "so that the figures may be too high."
)


@dataclass(frozen=True)
class Fold:
    """Rows that are held out, rows to train on, and inner folds of the latter.

    Args:
        name: the chromosomes that are held out, or the number of the fold from 1.
        held_out: (n,) bool.
        train: (n,) bool; without the rows that overlap those held out.
        inner_split: how the inner folds were made: one of SPLITS.
        inner: (train, held out) of each inner fold, (n,) bool each.
    """

    name: str
    held_out: np.ndarray
    train: np.ndarray
    inner_split: str
    inner: tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass(frozen=True)
class Folds:
    """The folds of n rows.

    Args:
        split: one of SPLITS.
        reason: why this one.
        folds: each row is held out in one of them.
        clusters: the number of the cluster of each row, (n,): the bootstrap draws whole clusters.
        clusters_of: what the clusters are: blocks, groups, chromosomes or rows.
    """

    split: str
    reason: str
    folds: tuple[Fold, ...]
    clusters: np.ndarray
    clusters_of: str


@dataclass(frozen=True)
class Rows:
    """What folds are made from: targets, and the positions and groups of n rows, if known."""

    target: Target
    targets: np.ndarray
    positions: Positions | None = None
    groups: np.ndarray | None = None
    block_size: int = BLOCK

    def groups_of(self, split: str) -> np.ndarray | None:
        """Return the group of each row, (n,) text, or None if the rows have none for a split."""
        if split == "group":
            return self.groups
        if self.positions is None or split == "stratified":
            return None
        if split == "chromosome":
            return self.positions.chrom
        return self.positions.blocks(self.block_size)


def make_folds(rows: Rows, split: str | None = None, count: int = 5, seed: int = 0) -> Folds:
    """Divide rows into folds.

    Rows of a chromosome, block or group are in one fold. The folds have about the same number of
    rows of each class; if there are at most `count` groups, each is a fold. An interval is in the
    block of its start. Rows that overlap a row held out are not used to train that fold.

    Args:
        split: one of SPLITS; by default by group if groups are given, by chromosome if there are
            two, by block if positions are known, else stratified.

    Raises:
        HyenaDNAError: the rows cannot be split in this way, or those to train on have one class.
    """
    chosen, reason = (split, "as given") if split else _usual(rows)
    groups = rows.groups_of(chosen)
    if chosen != "stratified":
        _check_groups(chosen, groups)
    numbers = _assign(rows, groups, np.ones(len(rows.targets), bool), count, seed)
    folds = tuple(
        _fold(rows, chosen, groups, numbers, number, seed) for number in range(int(numbers.max(initial=0)) + 1)
    )
    _check_classes(rows, folds)
    _notice_overlaps(rows, chosen, numbers, folds)
    if chosen == "stratified":
        notice(LEAKS)
    return Folds(chosen, reason, folds, *_clusters(rows))


def _usual(rows: Rows) -> tuple[str, str]:
    """Return the default way to split, and the reason."""
    if rows.groups is not None:
        return "group", "groups are given"
    if rows.positions is None:
        return "stratified", "there is no column of chromosomes"
    chromosomes = len(np.unique(rows.positions.chrom))
    if chromosomes > 1:
        return "chromosome", f"the rows are on {chromosomes:,} chromosomes"
    blocks = rows.groups_of("block")
    if blocks is not None and len(np.unique(blocks)) > 1:
        return "block", f"the rows are on one chromosome, {rows.positions.chrom[0]}"
    return "stratified", "the rows are in one block of one chromosome, or have no start"


def _check_groups(split: str, groups: np.ndarray | None) -> None:
    ways = {
        "chromosome": ("a column chrom", "--split block"),
        "block": ("columns chrom and start", "a smaller --block-size"),
        "group": ("--group-column", "another --group-column"),
    }
    needs, other = ways[split]
    if groups is None:
        raise HyenaDNAError(f"--split {split} needs {needs}: add them, or give --split stratified, which may leak.")
    if len(names := np.unique(groups)) < 2:
        raise HyenaDNAError(f"--split {split} needs two groups, but all rows are in {names[0]}: give {other}.")


def _fold(rows: Rows, split: str, groups: np.ndarray | None, numbers: np.ndarray, number: int, seed: int) -> Fold:
    held_out = numbers == number
    train = _train(rows, split, ~held_out, held_out)
    inner_split, inner_groups = split, groups
    if split != "stratified":
        # What is left when a chromosome is held out may be one chromosome.
        ways = [(way, rows.groups_of(way)) for way in (split, "block")]
        usable = [(way, of) for way, of in ways if of is not None and len(np.unique(of[train])) >= INNER]
        inner_split, inner_groups = usable[0] if usable else ("stratified", None)
    inner = _assign(rows, inner_groups, train, INNER, seed)
    parts = []
    for one in range(int(inner.max(initial=-1)) + 1):
        rows_out = inner == one
        parts.append((_train(rows, inner_split, train & ~rows_out, rows_out), rows_out))
    if split == "chromosome" and groups is not None:
        name = first_names(dict.fromkeys(groups[held_out]))
    else:
        name = str(number + 1)
    return Fold(name, held_out, train, inner_split, tuple(parts))


def _train(rows: Rows, split: str, train: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Leave out of the rows to train on those that overlap a row held out: (n,), (n,) -> (n,)."""
    if rows.positions is None or split == "stratified":
        return train
    return np.asarray(train & ~rows.positions.overlap_any(train, held_out))


def _assign(rows: Rows, groups: np.ndarray | None, among: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the number of the fold of each row among some, and -1 for the others: (n,)."""
    places = np.flatnonzero(among)
    classes = rows.targets[places] if rows.target.kind == "classes" else None
    of = np.full(len(among), -1)
    if groups is not None:
        names, codes = np.unique(groups[places], return_inverse=True)
        of[places] = codes if len(names) <= count else _numbers(classes, codes, len(places), count, seed)
    elif len(places) >= 2:
        of[places] = _numbers(classes, None, len(places), min(count, len(places)), seed)
    return of


def _numbers(classes: np.ndarray | None, codes: np.ndarray | None, n: int, count: int, seed: int) -> np.ndarray:
    """Divide n rows into `count` folds, by classes and by groups if they are given: (n,)."""
    selection = scikit_learn("model_selection")
    shuffled = {"n_splits": count, "shuffle": True, "random_state": seed}
    # A splitter by classes needs one class with a row for each fold.
    by_class = classes is not None and np.bincount(classes).max() >= count
    if codes is None:
        splitter = selection.StratifiedKFold(**shuffled) if by_class else selection.KFold(**shuffled)
    else:
        splitter = selection.StratifiedGroupKFold(**shuffled) if by_class else selection.GroupKFold(count)
    of = np.zeros(n, np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a rare class is not in each fold, which we report ourselves
        for number, (_, held_out) in enumerate(splitter.split(np.zeros((n, 1)), classes, codes)):
            of[held_out] = number
    if codes is not None and len(np.unique(of)) < count:  # only GroupKFold promises a group in each fold
        for number, (_, held_out) in enumerate(selection.GroupKFold(count).split(np.zeros((n, 1)), None, codes)):
            of[held_out] = number
    return of


def _check_classes(rows: Rows, folds: Sequence[Fold]) -> None:
    """Check that each fold has two classes to train on, and tell which classes it lacks.

    Raises:
        HyenaDNAError: a fold has one class, or no two rows, to train on.
    """
    ways = "give another --split, other --folds, or more rows"
    for fold in folds:
        if rows.target.kind != "classes":
            if fold.train.sum() < 2:
                raise HyenaDNAError(f"Fold {fold.name} leaves {fold.train.sum()} rows to train on: {ways}.")
            continue
        train, held_out = (np.unique(rows.targets[part]) for part in (fold.train, fold.held_out))
        if len(train) < 2:
            only = first_names(repr(rows.target.names[number]) for number in train)
            raise HyenaDNAError(f"Fold {fold.name} leaves rows of {len(train)} class to train on, {only}: {ways}.")
        if absent := [rows.target.names[number] for number in np.setdiff1d(held_out, train)]:
            notice(
                f"Fold {fold.name}: no row to train on has the class {first_names(absent)}, "
                "so its probability is 0 in this fold."
            )
        if len(held_out) == 1:
            notice(f"Fold {fold.name} has one class, {rows.target.names[held_out[0]]}: some figures of it are nan.")


def _notice_overlaps(rows: Rows, split: str, numbers: np.ndarray, folds: Sequence[Fold]) -> None:
    if rows.positions is None:
        return
    count = int((rows.positions.overlaps(numbers) > 0).sum())
    if count and split == "stratified":
        notice(f"{count:,} rows share bases with a row of another fold.")
    elif count:
        unused = sum(int((~fold.held_out & ~fold.train).sum()) for fold in folds)
        notice(
            f"{count:,} rows share bases with a row of another fold: {unused:,} times, a row is not used to train, "
            "because it shares bases with a row held out."
        )


def _clusters(rows: Rows) -> tuple[np.ndarray, str]:
    """Return the number of each row's cluster, (n,), and what the clusters are."""
    nouns = {"group": "groups", "block": f"blocks of {rows.block_size:,} bases", "chromosome": "chromosomes"}
    for way in ("group", "block", "chromosome"):
        groups = rows.groups_of(way)
        if groups is not None:
            names, codes = np.unique(groups, return_inverse=True)
            if len(names) >= FEWEST_CLUSTERS:
                return codes, nouns[way]
    return np.arange(len(rows.targets)), "rows"
