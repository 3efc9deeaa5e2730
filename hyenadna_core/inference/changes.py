"""Predictions in windows with a changed base or allele.

The bases before a change are the same as in the unchanged window. They are computed once for all
changes of a window (model/continuation.py).
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from hyenadna_backends.forward import without_gradients
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.inference.windows import Window, padded, predictions, read_window, rows_at_once
from hyenadna_core.model.continuation import kept_bytes, margin, rest_of
from hyenadna_core.model.spectra import forward, forward_and_keep

STARTS = 16  # a part of a window begins at one of so many positions: JAX compiles each length
KEPT = 1 << 30  # bytes of a window


class Change(NamedTuple):
    """An allele in place of `ref` bases of a window, all in the direction in which it is read."""

    window: Window  # unchanged
    offset: int  # of the first changed base
    ref: int  # bases that the allele replaces
    alt: np.ndarray  # token ids
    flank: int  # bases behind the allele that are read

    @property
    def end(self) -> int:
        """The length of the changed window."""
        return self.offset + len(self.alt) + self.flank

    def changed_ids(self, unchanged: np.ndarray, start: int) -> np.ndarray:
        """Return the token ids of the changed window from `start` on."""
        behind = self.offset + self.ref
        return np.concatenate([unchanged[start : self.offset], self.alt, unchanged[behind : behind + self.flank]])


class Predicted(NamedTuple):
    """The predictions of a window from a changed position on, as `windows.predictions` has them."""

    number: int  # of the change
    ids: np.ndarray  # unchanged (L,)
    before: np.ndarray  # (L, 4)
    after: np.ndarray  # (L', 4) with the change


def changed_predictions(
    model: Any, genome: Genome, changes: Sequence[Change], length: int, batch_size: int
) -> Iterator[Predicted]:
    """Yield the predictions of each change, in any order. Windows have at most `length` bases."""
    of_window: dict[Window, list[int]] = {}
    for number, change in enumerate(changes):
        of_window.setdefault(change.window, []).append(number)
    windows = list(of_window)
    for first in range(0, len(windows), batch_size):
        some = windows[first : first + batch_size]
        rows = [read_window(genome, window) for window in some]
        numbers = [(row, number) for row, window in enumerate(some) for number in of_window[window]]
        with without_gradients():
            yield from _of_windows(model, rows, numbers, changes, length, batch_size)


def _of_windows(
    model: Any,
    rows: Sequence[np.ndarray],
    numbers: Sequence[tuple[int, int]],
    changes: Sequence[Change],
    length: int,
    batch_size: int,
) -> Iterator[Predicted]:
    """Yield the predictions for the changes of a few windows: pairs (window, change)."""
    ids = padded(rows, length, rows_at_once(len(rows), batch_size))
    reused = reuses_convolutions(model.hyena_config, length)
    by_start: dict[int, list[tuple[int, int]]] = {}
    for row, number in numbers:
        start = start_of_rest(model.hyena_config, changes[number].offset, length) if reused else 0
        by_start.setdefault(start, []).append((row, number))
    first = min(by_start)  # earlier predictions are not needed
    hidden, kept = forward_and_keep(model.backbone, ids, first) if reused else (forward(model.backbone, ids), [])
    before = predictions(model, hidden)
    for start, pairs in by_start.items():
        for at in range(0, len(pairs), batch_size):
            some = pairs[at : at + batch_size]
            count = rows_at_once(len(some), batch_size)
            changed = [changes[number].changed_ids(rows[row], start) for row, number in some]
            rest = padded(changed, length - start, count)
            of_rows = np.array([row for row, _ in some] + [some[-1][0]] * (count - len(some)))
            hidden = forward(model.backbone, rest, rest_of(kept, of_rows, start) if start else None)
            after = predictions(model, hidden)
            for (row, number), values in zip(some, after, strict=False):
                offset, end, whole = changes[number].offset, changes[number].end, len(rows[row])
                yield Predicted(
                    number,
                    rows[row][offset:],
                    before[row, offset - first : whole - first],
                    values[offset - start : end - start],
                )


def reuses_convolutions(config: HyenaConfig, length: int) -> bool:
    """Return whether changed windows of this length reuse the convolutions of the unchanged one.

    An operator of attention convolves nothing. In very long windows it would take too much memory.
    """
    return config.mixer == "hyena" and kept_bytes(config, length) <= KEPT


def start_of_rest(config: HyenaConfig, offset: int, length: int) -> int:
    """Return where to start the rest of a window that changes at `offset`, or 0 for all of it.

    The rest begins with a margin of unchanged bases. For a variant in the middle of the window, few
    extra bases are computed; other offsets are rounded down, so that few lengths occur.
    """
    needed = margin(config) + 1
    middle = length // 2 - needed - max(4, length // 128)  # for alleles of a few bases
    step = max(1, length // STARTS)
    return max(0, middle - -(-(middle - (offset - needed)) // step) * step)
