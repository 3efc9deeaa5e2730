"""Values at each base of an interval: the log-likelihood of the base, the entropy, or a logo.

A window gives the values of its last bases; the bases before them are their past. The windows of a
contig have fixed positions. So a base has the same value, whichever interval is asked for.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from hyenadna_backends.forward import without_gradients
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.inference.windows import (
    STRANDS,
    Window,
    is_base,
    of_bases,
    padded,
    predictions,
    read_window,
    rows_at_once,
)
from hyenadna_core.model.spectra import forward
from hyenadna_core.terminal import Advance
from hyenadna_core.training.prefetch import prefetched


def likelihoods(predicted: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return log P of each base, in nats: (L, 4), (L,) -> (L, 1)."""
    return of_bases(predicted, ids)[..., None]


def entropies(predicted: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the entropy of A, C, G and T at each base, in nats: (L, 4), (L,) -> (L, 1)."""
    shares = np.exp(predicted) / np.exp(predicted).sum(axis=-1, keepdims=True)
    return np.where(is_base(ids), -(shares * np.log(shares)).sum(axis=-1), np.nan)[..., None]


def logos(predicted: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return log P of A, C, G and T at each base, in nats: (L, 4), (L,) -> (L, 4)."""
    return np.where(is_base(ids)[..., None], predicted, np.nan)


class Quantity(NamedTuple):
    """What a track shows: the names of its values, and how they follow from predictions."""

    names: tuple[str, ...]
    of: Callable[[np.ndarray, np.ndarray], np.ndarray]


WHAT = {
    "log-likelihood": Quantity(("log-likelihood",), likelihoods),
    "entropy": Quantity(("entropy",), entropies),
    "logo": Quantity(("A", "C", "G", "T"), logos),
}


class Row(NamedTuple):
    """A window that gives the values of bases `first` to `last`."""

    first: int
    last: int
    past: int  # bases that are read before them
    ids: np.ndarray  # in the direction of the strand


def track_values(
    model: Any,
    genome: Genome,
    chrom: str,
    start: int,
    end: int,
    *,
    window: int,
    context: int,
    what: str = "log-likelihood",
    strand: str = "both",
    batch_size: int = 16,
    advance: Advance = lambda done: None,
) -> np.ndarray:
    """Return the values of bases start to end of a contig: (end - start, values) float32.

    Each base is predicted from at least `context` bases before it, or from all that there are at
    the end of a contig. Bases that are not A, C, G or T have no value, NaN. The value of a base is
    the mean of the strands that have one. `advance` is called with the bases that are done, on each
    strand.
    """
    strands = STRANDS[strand]
    sums = np.zeros((end - start, len(WHAT[what].names)), np.float64)
    counts = np.zeros(end - start, np.int64)
    for name in strands:
        for first, values in _on_strand(model, genome, chrom, start, end, window, context, what, name, batch_size):
            given = ~np.isnan(values[:, 0])
            part = slice(first - start, first - start + len(values))
            sums[part][given] += values[given]
            counts[part] += given
            advance(len(values))
    with np.errstate(invalid="ignore"):
        return (sums / counts[:, None]).astype(np.float32)


def _on_strand(
    model: Any,
    genome: Genome,
    chrom: str,
    start: int,
    end: int,
    window: int,
    context: int,
    what: str,
    strand: str,
    batch_size: int,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield pairs (first base, values) of all windows with bases of the interval."""
    step, contig, width = window - context, genome.contigs[chrom], len(WHAT[what].names)
    firsts = range(start // step * step, end, step)
    batches = [firsts[number : number + batch_size] for number in range(0, len(firsts), batch_size)]

    def read(firsts: range) -> list[Row]:
        rows = []
        for first in firsts:
            last = min(first + step, contig)
            past = first - max(0, first - context) if strand == "+" else min(contig, last + context) - last
            edges = (first - past, last) if strand == "+" else (first, last + past)
            rows.append(Row(first, last, past, read_window(genome, Window(chrom, *edges, strand))))
        return rows

    with prefetched(read, batches) as ready, without_gradients():
        for rows in ready:
            some = [row for row in rows if is_base(row.ids[row.past :]).any()]  # the others have no values
            values = {row.first: np.full((row.last - row.first, width), np.nan) for row in rows}
            if some:
                ids = padded([row.ids for row in some], window, rows_at_once(len(some), batch_size))
                predicted = predictions(model, forward(model.backbone, ids))
                for row, of_row in zip(some, predicted, strict=False):
                    of_strand = WHAT[what].of(of_row[row.past : len(row.ids)], row.ids[row.past :])
                    values[row.first] = turned(of_strand) if strand == "-" else of_strand
            for row in rows:
                low, high = max(start, row.first), min(end, row.last)
                yield low, values[row.first][low - row.first : high - row.first]


def turned(values: np.ndarray) -> np.ndarray:
    """Turn values of the reverse strand into the order of the genome; A is T there: (L, V)."""
    return values[::-1, ::-1]  # A, C, G, T the other way round are their complements
