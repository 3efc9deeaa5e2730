"""Values along a genome, in blocks of consecutive bases, checked before a file is written."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names, shown

PIECE = 1 << 16  # bases: what a writer holds in memory does not grow with the blocks


class Block(NamedTuple):
    """The values of consecutive bases of a contig from `start` (0-based); NaN is no value.

    `values` is (n,) float32 for one track, (n, tracks) for several.
    """

    chrom: str
    start: int
    values: np.ndarray


def checked(path: Path, contigs: Mapping[str, int], blocks: Iterable[Block], tracks: int) -> Iterator[Block]:
    """Yield the blocks in pieces with values (n, tracks) float32, n at most PIECE.

    Args:
        path: the file that messages name.
        contigs: the length of each contig, in the order of the genome.

    Raises:
        HyenaDNAError: a block is not in a contig, does not come after the block before it, or has
            another number of tracks; or a value is infinite.
    """
    numbers = {name: number for number, name in enumerate(contigs)}
    done = (0, 0)  # contig and base at which the last block ended
    for chrom, start, block in blocks:
        if chrom not in numbers:
            raise HyenaDNAError(
                f"{path}: values for a contig '{shown(chrom)}' that the genome lacks; it has {first_names(contigs)}."
            )
        values = np.asarray(block, np.float32)
        values = values[:, None] if values.ndim == 1 else values
        end = start + len(values)
        place = f"{path}, {shown(chrom)}:{start + 1:,}-{end:,}"
        if values.ndim != 2 or values.shape[1] != tracks:
            raise HyenaDNAError(f"{place}: values of shape {np.shape(block)}, expected {tracks} for each base.")
        if start < 0 or end > contigs[chrom]:
            raise HyenaDNAError(f"{place}: values for bases outside of the contig, which has {contigs[chrom]:,} bases.")
        if (numbers[chrom], start) < done:
            raise HyenaDNAError(f"{place}: values that come after later bases: give them once, in the genome's order.")
        done = (numbers[chrom], end)
        for first in range(0, len(values), PIECE):
            piece = values[first : first + PIECE]
            if (infinite := np.isinf(piece).any(axis=1)).any():
                position = start + first + int(infinite.argmax()) + 1
                raise HyenaDNAError(
                    f"{path}, {shown(chrom)}:{position:,}: the value is infinite: a track cannot show it."
                )
            yield Block(chrom, start + first, piece)
