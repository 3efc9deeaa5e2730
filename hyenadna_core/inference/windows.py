"""Windows of a genome that a model reads, on either strand, and the log-probabilities in them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.tokens import PAD, TO_ID, A, T, reverse_complement

STRANDS = {"both": ("+", "-"), "+": ("+",), "-": ("-",)}  # of the option --strand
BASES = slice(int(A), int(T) + 1)  # A, C, G, T among the token ids


class Window(NamedTuple):
    """Bases start to end of a contig, 0-based half-open, read on a strand."""

    chrom: str
    start: int
    end: int
    strand: str = "+"


def check_reading(model: Any, window: int, strand: str) -> None:
    """Check what a model reads at once.

    Raises:
        HyenaDNAError: the window is too short or too long, or there is no such strand.
    """
    if not 2 <= window <= model.max_seq_len:
        raise HyenaDNAError(f"The window has {window:,} bases, and the model reads 2 to {model.max_seq_len:,}.")
    if strand not in STRANDS:
        raise HyenaDNAError(f"The strand is {shown(strand)}: choose one of {', '.join(STRANDS)}.")


def read_window(genome: Genome, window: Window) -> np.ndarray:
    """Read the token ids of a window in the direction of its strand: (L,) int32."""
    ids: np.ndarray = TO_ID["default"][genome.read(window.chrom, window.start, window.end)]
    return reverse_complement(ids) if window.strand == "-" else ids


def padded(rows: Sequence[np.ndarray], length: int, count: int) -> np.ndarray:
    """Return token ids as a batch (count, length) int32.

    Shorter rows are padded on the right, which does not change the outputs of a causal model at
    real positions. Missing rows repeat the last one.
    """
    batch = np.full((count, length), PAD, np.int32)
    for number, row in enumerate(rows):
        batch[number, : len(row)] = row
    batch[len(rows) :] = batch[len(rows) - 1]
    return batch


def rows_at_once(count: int, batch_size: int) -> int:
    """Return the number of rows of a batch for `count` sequences.

    It is batch_size, or a smaller power of two. Few shapes occur, because JAX compiles each one.
    """
    return batch_size if count >= batch_size else min(batch_size, 1 << (count - 1).bit_length())


def predictions(model: Any, hidden: Tensor) -> np.ndarray:
    """Return log P of A, C, G and T at each position, in nats: (B, L, D) -> (B, L, 4) float32.

    It is that of the base given all bases before it. The first position has no past and is NaN.

    Raises:
        HyenaDNAError: a number is nan or infinite.
    """
    log_probs = ops.convert_to_numpy(ops.log_softmax(model.head(hidden[:, :-1]), axis=-1)[..., BASES])
    check_finite(log_probs)
    return np.pad(log_probs, ((0, 0), (1, 0), (0, 0)), constant_values=np.nan)


def check_finite(values: np.ndarray) -> None:
    """Raise HyenaDNAError if a number that the model gave is nan or infinite."""
    if not np.isfinite(values).all():
        raise HyenaDNAError("The model gives nan or infinity: its weights are damaged, or try --precision float32.")


def log_p_of_bases(predicted: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return log P of the bases that are there: (..., L, 4), (..., L) -> (..., L).

    It is NaN for everything that is not A, C, G or T, and where there is no past.
    """
    known = is_base(ids)
    chosen = np.take_along_axis(predicted, np.where(known, ids - A, 0)[..., None], axis=-1)[..., 0]
    return np.where(known, chosen, np.nan)


def is_base(ids: np.ndarray) -> np.ndarray:
    """Return which token ids are A, C, G or T."""
    known: np.ndarray = (ids >= A) & (ids <= T)
    return known
