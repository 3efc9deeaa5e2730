"""Blocks: some rows of a file of vectors, so that a large file never is in memory as a whole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError

# What a column of a row holds.
TEXT, CATEGORY, NUMBER = "text", "category", "number"


class Layout(NamedTuple):
    """What a file of vectors holds.

    Attributes:
        rows: the number of rows of all blocks.
        channels: the numbers of a vector.
        kinds: the names of the vectors of a row, such as mean and max.
        columns: TEXT, CATEGORY (few texts) or NUMBER (whole) of each column, by name.
        settings: how the vectors were made: text and numbers by name.
    """

    rows: int
    channels: int
    kinds: Sequence[str]
    columns: Mapping[str, str]
    settings: Mapping[str, Any]


class Block(NamedTuple):
    """Rows that follow each other: their names, columns (n,), and vectors (n, D) float32."""

    names: Sequence[str]
    columns: Mapping[str, Sequence[str] | np.ndarray]
    vectors: Mapping[str, np.ndarray]


def counted(layout: Layout, blocks: Iterable[Block]) -> Iterator[tuple[int, Block]]:
    """Yield blocks with rows, and the number of the first row of each.

    Raises:
        HyenaDNAError: the rows of all blocks are not those of the layout.
    """
    first = 0
    for block in blocks:
        if block.names:
            yield first, block
        first += len(block.names)
    if first != layout.rows:
        raise HyenaDNAError(f"There are {first:,} rows, and {layout.rows:,} are needed.")
