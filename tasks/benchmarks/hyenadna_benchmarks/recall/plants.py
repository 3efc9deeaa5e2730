"""Sequences with a planted key and its value, and the same sequences without them.

    KEY VALUE background ... KEY VALUE
    |<----- distance ----->|

The model reads the second key and is asked for the value, base by base. In the control, background
stands in place of the first key and value; everything else is the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core import HyenaDNAError, encode
from hyenadna_core.tokens import A, T

BASES = np.frombuffer(b"ACGT", np.uint8)
TRIES = 200  # places of a genome that are tried for a window without N

Background = Callable[[np.random.Generator, int], np.ndarray]  # draws, length -> (length,) uint8 of ACGT


@dataclass(frozen=True)
class Plant:
    """The lengths of key and value in bases, and the seed of all draws."""

    key: int = 16
    value: int = 8
    seed: int = 0

    @property
    def shortest(self) -> int:
        """The shortest distance: the key follows its value at once."""
        return self.key + self.value

    def length(self, distance: int) -> int:
        """Return the bases of a sequence with this distance."""
        return distance + self.key + self.value

    def farthest(self, longest: int) -> int:
        """Return the longest distance in `longest` bases."""
        return longest - self.key - self.value


class Pair(NamedTuple):
    """Token ids with the plant and without it: (L,) int32 each. The last `value` are asked for."""

    planted: np.ndarray
    control: np.ndarray


def make_pair(plant: Plant, distance: int, number: int, background: Background) -> Pair:
    """Return sequence `number` of a distance; it depends on nothing else."""
    rng = np.random.default_rng([plant.seed, distance, number])
    control = background(rng, plant.length(distance)).copy()
    entry = BASES[rng.integers(4, size=plant.shortest)]
    control[distance:] = entry
    planted = control.copy()
    planted[: plant.shortest] = entry
    return Pair(encode(planted), encode(control))


def random_background(rng: np.random.Generator, length: int) -> np.ndarray:
    """Draw bases, all with the same probability: (length,) uint8."""
    return BASES[rng.integers(4, size=length)]


def genome_background(genome: Any, longest: int) -> Background:
    """Return a function that draws a window of a genome, as capitals, without N.

    Raises:
        HyenaDNAError: no contig has `longest` bases; when called, no window without N was found.
    """
    most = max(genome.contigs.values())
    if most < longest:
        raise HyenaDNAError(
            f"The longest contig of {genome.path} has {most:,} bases, and the longest sequence {longest:,}: give "
            "shorter --distances, or another --fasta."
        )

    def draw(rng: np.random.Generator, length: int) -> np.ndarray:
        places = {name: bases - length + 1 for name, bases in genome.contigs.items() if bases >= length}
        names, counts = list(places), np.array(list(places.values()), float)
        for _ in range(TRIES):
            name = names[rng.choice(len(names), p=counts / counts.sum())]
            start = int(rng.integers(places[name]))
            ids = encode(genome.read(name, start, start + length))
            if ((ids >= A) & (ids <= T)).all():
                bases: np.ndarray = BASES[ids - A]
                return bases
        raise HyenaDNAError(
            f"{TRIES} windows of {length:,} bases of {genome.path} all have N: give shorter --distances, or another "
            "--fasta."
        )

    return draw


def distances_up_to(plant: Plant, longest: int) -> list[int]:
    """Return the powers of two that fit into `longest` bases, and the longest distance."""
    farthest = plant.farthest(longest)
    powers = [1 << n for n in range(plant.shortest.bit_length() - 1, max(1, farthest.bit_length()))]
    return sorted({each for each in (*powers, farthest) if plant.shortest <= each <= farthest})


def check_distances(plant: Plant, distances: list[int], longest: int, name: str) -> None:
    """Check that there are distances, and that each fits.

    Raises:
        HyenaDNAError: one is too short for key and value, or too long for the model.
    """
    farthest = plant.farthest(longest)
    if farthest < plant.shortest:
        raise HyenaDNAError(
            f"{name} reads {longest:,} bases, too few for a key of {plant.key} and a value of {plant.value} bases "
            "twice: give a shorter --key or --value."
        )
    for distance in distances:
        if not plant.shortest <= distance <= farthest:
            raise HyenaDNAError(
                f"A distance of {distance:,} bases does not fit: {name} reads {longest:,} bases, so distances of "
                f"{plant.shortest:,} to {farthest:,} do."
            )
