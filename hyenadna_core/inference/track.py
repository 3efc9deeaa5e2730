"""Values at each base of an interval: the log-likelihood of the base, the entropy, or a logo.

A window gives the values of its last bases; the bases before them are their past. The windows of a
contig have fixed positions. So a base has the same value, whichever interval is asked for.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from hyenadna_backends.forward import without_gradients
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.genome.region import check_interval
from hyenadna_core.inference.windows import (
    STRANDS,
    Window,
    check_reading,
    is_base,
    log_p_of_bases,
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
    return log_p_of_bases(predicted, ids)[..., None]


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


Place = tuple[str, int]  # the contig and the first base of a window


def track_values(
    model: Any,
    genome: Genome,
    intervals: Sequence[Interval],
    *,
    window: int,
    context: int,
    what: str = "log-likelihood",
    strand: str = "both",
    batch_size: int = 16,
    advance: Advance = lambda done: None,
) -> np.ndarray:
    """Return the values of the bases of all intervals, in their order: (n, values) float32.

    `what` is "log-likelihood" or "entropy", (n, 1), or "logo", (n, 4) by A, C, G, T. `strand` is
    "both" (the mean), "+" or "-".

    Each base is predicted from at least `context` bases before it, or from all that there are at
    the end of a contig. Bases that are not A, C, G or T have no value, NaN. The value of a base is
    the mean of the strands that have one. Intervals in the same window share it. `advance` is
    called with the bases that are done, on each strand.

    Raises:
        HyenaDNAError: an interval is not in the genome, or a value is none of these.
    """
    check_reading(model, window, strand)
    if what not in WHAT:
        raise HyenaDNAError(f"There is no track {shown(what)}: choose one of {', '.join(WHAT)}.")
    if not 1 <= context < window:
        raise HyenaDNAError(f"A context of {context:,} leaves no base of a window of {window:,}: choose 1 or more.")
    for each in intervals:
        check_interval(each, genome)
    places = places_of(intervals, window - context)
    count = sum(map(len, intervals))
    sums = np.zeros((count, len(WHAT[what].names)), np.float64)
    counts = np.zeros(count, np.int64)
    for name in STRANDS[strand]:
        for place, values in _on_strand(model, genome, list(places), window, context, what, name, batch_size):
            given = ~np.isnan(values[:, 0])
            for own, rows in places[place]:
                sums[rows][given[own]] += values[own][given[own]]
                counts[rows] += given[own]
                advance(rows.stop - rows.start)
    with np.errstate(invalid="ignore"):
        return (sums / counts[:, None]).astype(np.float32)


def places_of(intervals: Sequence[Interval], step: int) -> dict[Place, list[tuple[slice, slice]]]:
    """Return the windows with bases of intervals, which begin at multiples of `step`.

    Each has pairs of slices: bases of the window, and where they are among those of all intervals.
    """
    places: dict[Place, list[tuple[slice, slice]]] = {}
    row = 0
    for each in intervals:
        for first in range(each.start // step * step, each.end, step):
            low, high = max(each.start, first), min(each.end, first + step)
            rows = slice(row + low - each.start, row + high - each.start)
            places.setdefault((each.chrom, first), []).append((slice(low - first, high - first), rows))
        row += len(each)
    return places


def _on_strand(
    model: Any,
    genome: Genome,
    places: Sequence[Place],
    window: int,
    context: int,
    what: str,
    strand: str,
    batch_size: int,
) -> Iterator[tuple[Place, np.ndarray]]:
    """Yield pairs (window, values of its bases)."""
    step, width = window - context, len(WHAT[what].names)
    batches = [places[number : number + batch_size] for number in range(0, len(places), batch_size)]

    def read(batch: Sequence[Place]) -> list[tuple[Place, Row]]:
        rows = []
        for chrom, first in batch:
            contig = genome.contigs[chrom]
            last = min(first + step, contig)
            past = first - max(0, first - context) if strand == "+" else min(contig, last + context) - last
            edges = (first - past, last) if strand == "+" else (first, last + past)
            ids = read_window(genome, Window(chrom, *edges, strand))
            rows.append(((chrom, first), Row(first, last, past, ids)))
        return rows

    with prefetched(read, batches) as ready, without_gradients():
        for rows in ready:
            values = {place: np.full((row.last - row.first, width), np.nan) for place, row in rows}
            some = [(place, row) for place, row in rows if is_base(row.ids[row.past :]).any()]  # others have no values
            if some:
                ids = padded([row.ids for _, row in some], window, rows_at_once(len(some), batch_size))
                # The past is shorter at the end of a contig only. JAX compiles for each `unused`.
                unused = context - 1 if all(row.past == context for _, row in some) else 0
                predicted = predictions(model, forward(model.backbone, ids, first=unused))
                for (place, row), of_row in zip(some, predicted, strict=False):
                    of_strand = WHAT[what].of(of_row[row.past - unused : len(row.ids) - unused], row.ids[row.past :])
                    values[place] = turned(of_strand) if strand == "-" else of_strand
            yield from values.items()


def turned(values: np.ndarray) -> np.ndarray:
    """Turn values of the reverse strand into the order of the genome; A is T there: (L, V)."""
    return values[::-1, ::-1]  # A, C, G, T the other way round are their complements
