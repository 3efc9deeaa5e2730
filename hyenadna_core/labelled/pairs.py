"""Labelled pairs of sequences, such as REF and ALT, held as arrays."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from hyenadna_core.errors import NAME, HyenaDNAError, shown
from hyenadna_core.labelled.sequences import LabelledSequences, text_of_lengths


@dataclass(frozen=True)
class LabelledPairs:
    """n pairs of sequences with one target each: a source of rows that is in memory.

    Args:
        first: the first sequence of each pair, with the targets and the names of the rows.
        second: the second sequence of each pair, in the same order.

    Raises:
        HyenaDNAError: a sequence is empty, or the numbers of sequences and targets differ.
    """

    first: LabelledSequences
    second: LabelledSequences

    def __post_init__(self) -> None:
        counts = len(self.first), len(self.second), len(self.first.targets)
        if len(set(counts)) > 1:
            raise HyenaDNAError(
                "There are {:,} first and {:,} second sequences with {:,} targets: "
                "give one of each for every pair.".format(*counts)
            )
        for side, word in ((self.first, "first"), (self.second, "second")):
            empty = np.flatnonzero(side.lengths == 0)
            if len(empty):
                name = shown(self.name(int(empty[0])), NAME)
                raise HyenaDNAError(f"The {word} sequence of the pair {name} is empty: add bases around the allele.")

    @classmethod
    def of(
        cls,
        first: Sequence[str | bytes],
        second: Sequence[str | bytes],
        targets: np.ndarray,
        names: Sequence[str] | None = None,
    ) -> "LabelledPairs":
        """Join the sequences of pairs and their targets, (n,) or (n, K), which have the same order.

        Without names, the pairs are numbered from 1.

        Raises:
            HyenaDNAError: a sequence is empty, or the numbers of sequences, targets and names
                differ.
        """
        of_second = np.zeros(len(second), np.uint8)  # only the first has the targets
        return cls(LabelledSequences.of(first, targets, names), LabelledSequences.of(second, of_second))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} pairs{text_of_lengths(self.lengths)})"

    def __len__(self) -> int:
        return len(self.first)

    @property
    def lengths(self) -> np.ndarray:
        """Return the bases of the longer sequence of each pair, (n,) int64."""
        longer: np.ndarray = np.maximum(self.first.lengths, self.second.lengths)
        return longer

    @property
    def targets(self) -> np.ndarray:
        """Return the targets, (n,) or (n, K)."""
        return self.first.targets

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the pairs."""
        return self.first.names

    @cached_property
    def checksum(self) -> str:
        """Return the SHA-256 of the sequences and targets."""
        return hashlib.sha256((self.first.checksum + self.second.checksum).encode()).hexdigest()

    def row(self, index: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        """Return the bases of both sequences, (L,) uint8 each, and the target of the pair."""
        return (self.first[index], self.second[index]), self.first.target(index)

    def name(self, index: int) -> str:
        """Return the name of a pair."""
        return self.first.name(index)

    def take(self, rows: Sequence[int] | np.ndarray) -> "LabelledPairs":
        """Copy some pairs, in the given order."""
        return LabelledPairs(self.first.take(rows), self.second.take(rows))


InMemory: TypeAlias = LabelledSequences | LabelledPairs


def sides_of(sequences: InMemory) -> tuple[LabelledSequences, ...]:
    """Return the sequences of rows: one for each row, or the first and the second of pairs."""
    return (sequences.first, sequences.second) if isinstance(sequences, LabelledPairs) else (sequences,)
