"""Folds of a sequence task: each of k parts of the training rows is the validation split once."""

import copy
import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.pairs import InMemory
from hyenadna_core.labelled.row_faults import check_source
from hyenadna_core.labelled.rows import Rows, take_rows
from hyenadna_core.labelled.targets import Target
from hyenadna_core.task import Task

SEED = 0  # of the order in which rows are dealt: the same for all runs


class FoldedTask(Task):
    """A task with rows, which may be divided into folds.

    A subclass has a `target` and `sequences(split)`. If its rows have groups that must not be
    divided, such as chromosomes or genes, it has `fold_groups`.
    """

    target: Target
    fold_of: tuple[int, int] | None = None  # the number of the fold, and how many there are

    @abstractmethod
    def sequences(self, split: str) -> Rows | None:
        """Return the rows of a split, or None; called once for each split.

        They are LabelledSequences, which are in memory, or another source that reads each row when
        it is needed (Rows). A task of pairs has LabelledPairs, or another source of pairs.
        """

    def fold_groups(self, split: str) -> Sequence[Any] | np.ndarray | None:
        """Return the group of each row of `sequences(split)`, (n,), or None; for the split "train".

        The rows of a group are in one part.
        """
        return None

    def fold(self, number: int, of: int) -> Self:
        """Return this task with part `number` of `of` parts of its training rows to validate on.

        The parts have like numbers of rows and, if the rows are in memory and the targets are
        classes, of rows of each class.
        Other rows to validate on are not used.
        """
        task = copy.copy(self)
        for name in list(vars(task)):
            if isinstance(getattr(type(task), name, None), cached_property):
                del vars(task)[name]
        vars(task).update(_splits={}, _groups={}, fold_of=(number, of))
        return task

    def rows_of_split(self, split: str) -> Rows | None:
        """Return the rows of a split, or those of the fold.

        Raises:
            HyenaDNAError: a source of rows has no rows, or wrong lengths or checksum.
        """
        if self.fold_of is None or split == "test":
            return self._checked(self.sequences(split), split)
        whole, (number, _) = self._whole, self.fold_of
        in_part = self._parts == number
        return self._checked(take_rows(whole, np.flatnonzero(in_part if split == "valid" else ~in_part)), split)

    def _checked(self, rows: Rows | None, split: str) -> Rows | None:
        if rows is not None:
            check_source(rows, split, self.name)
        return rows

    @property
    def whole_sha256(self) -> str:
        """The checksum of all training rows, and of test."""
        if self.fold_of is None:
            return self.sha256
        of_test = self.checksum("test") if self.has("test") else ""
        return hashlib.sha256((of_test + self._whole.checksum).encode()).hexdigest()

    @cached_property
    def _whole(self) -> Rows:
        sequences = self._checked(self.sequences("train"), "train")
        if sequences is None:
            raise HyenaDNAError(f"The task {self.name} has no train data to divide: leave out --fold.")
        return sequences

    @cached_property
    def _parts(self) -> np.ndarray:
        """The part of each training row, (n,), from 1."""
        assert self.fold_of is not None  # noqa: S101 (for mypy)
        groups, count = self.fold_groups("train"), len(self._whole)
        if groups is not None and len(groups) != count:
            raise HyenaDNAError(
                f"The task {self.name} has {len(groups):,} groups for {count:,} rows: give one for each."
            )
        whole, classes = self._whole, np.zeros(count, np.int32)
        if self.target.kind == "classes" and isinstance(whole, InMemory):
            classes = whole.targets
        return parts_of_rows(np.asarray(classes), None if groups is None else np.asarray(groups), self.fold_of[1])


def parts_of_rows(classes: np.ndarray, groups: np.ndarray | None, count: int) -> np.ndarray:
    """Divide n rows into `count` parts, from 1: (n,), and (n,) or None -> (n,).

    The parts have like numbers of rows of each class. The rows of a group are in one part. The same
    arguments give the same parts on every machine.

    Raises:
        HyenaDNAError: there are fewer rows or groups than parts.
    """
    units, noun = (len(classes), "rows") if groups is None else (len(np.unique(groups)), "groups of rows")
    if units < count:
        raise HyenaDNAError(f"{units:,} training {noun} cannot be divided into {count:,} folds: take fewer folds.")
    order = np.random.default_rng(SEED).permutation(len(classes))
    if groups is None:
        parts = np.empty(len(classes), np.int64)
        parts[order[np.argsort(classes[order], kind="stable")]] = np.arange(len(classes)) % count + 1
        return parts
    return _parts_of_groups(classes, groups, order, count)


def _parts_of_groups(classes: np.ndarray, groups: np.ndarray, order: np.ndarray, count: int) -> np.ndarray:
    """Place one group after another, the largest first, into the part that it fits best.

    This is the part whose shares of all rows of each class stay the smallest, by their squares.
    """
    names, of_rows = np.unique(groups, return_inverse=True)
    kinds, of_class = np.unique(classes, return_inverse=True)
    counts = np.zeros((len(names), len(kinds)))
    np.add.at(counts, (of_rows, of_class), 1)
    shuffled = np.array(list(dict.fromkeys(of_rows[order].tolist())))
    shares, filled = counts / counts.sum(axis=0), np.zeros((count, len(kinds)))
    part_of = np.zeros(len(names), np.int64)
    empty = count
    for place, group in enumerate(shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")].tolist()):
        costs = ((filled + shares[group]) ** 2 - filled**2).sum(axis=1)
        if len(names) - place <= empty:  # each part has a group
            costs[filled.sum(axis=1) > 0] = np.inf
        part = int(costs.argmin())
        empty -= not filled[part].any()
        filled[part] += shares[group]
        part_of[group] = part + 1
    return part_of[of_rows]
