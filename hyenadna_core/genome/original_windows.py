"""The original's windows for pretraining on hg38, exactly: where it cuts an interval, and what a row of a batch is.

Facts: src/dataloaders/datasets/hg38_dataset.py and hg38_fixed_dataset.py of HazyResearch/hyena-dna. Its `max_length`
counts the token behind the last input too, so a model that reads L positions has max_length = L + 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.tokens import PAD, SEP, TO_ID, N

MISSING = np.uint8(ord("."))  # what pad_interval writes where the contig has ended; unknown to the tokenizer

# Of each character; what is not a base, in capitals or not, stays as it is.
COMPLEMENT = np.arange(256, dtype=np.uint8)
COMPLEMENT[np.frombuffer(b"ACGTacgt", np.uint8)] = np.frombuffer(b"TGCAtgca", np.uint8)

# The stretches of hg38 that its fixed test set is cut from, 0-based half-open.
FIXED_TEST = (
    Interval("chr14", 19_726_402, 106_677_047, "test"),
    Interval("chrX", 2_825_622, 144_342_320, "test"),
)


@dataclass(frozen=True)
class Place:
    """Where a window lies: bases start to end of a contig, and how many it lacks beyond the contig's two ends."""

    start: int
    end: int
    missing_left: int
    missing_right: int


def place_of(interval: Interval, max_length: int, contig_length: int) -> Place:
    """The window of an interval: its first bases if it is longer, else the interval and what lies around it.

    A shorter one is extended by half of what it lacks on the left, by the rest on the right, up to the contig's ends.
    """
    if len(interval) > max_length:
        return Place(interval.start, interval.start + max_length, 0, 0)
    lacks = max_length - len(interval)
    start = interval.start - lacks // 2
    end = start + max_length
    return Place(max(start, 0), min(end, contig_length), max(-start, 0), max(end - contig_length, 0))


def window_bases(
    genome: Genome, interval: Interval, max_length: int, other_strand: bool = False, pad_interval: bool = False
) -> np.ndarray:
    """The characters of an interval's window, as bytes: (max_length,), or fewer where its contig ends.

    Args:
        other_strand: their reverse complement.
        pad_interval: a "." for each one that is missing, on the side where it is, whichever strand is read.
    """
    place = place_of(interval, max_length, genome.contigs[interval.chrom])
    bases = genome.read(interval.chrom, place.start, place.end)
    if other_strand:
        bases = reverse_complement_bases(bases)
    if pad_interval:
        bases = np.pad(bases, (place.missing_left, place.missing_right), constant_values=MISSING)
    return bases


def reverse_complement_bases(bases: np.ndarray) -> np.ndarray:
    """The other strand of a sequence of bytes; its case and other characters are kept: (L,) -> (L,)."""
    other: np.ndarray = COMPLEMENT[bases[::-1]]
    return other


def window_ids(bases: np.ndarray, max_length: int, add_eos: bool = True, replace_n: bool = False) -> np.ndarray:
    """Token ids of a window's bytes; inputs are all but the last, targets all but the first: -> (max_length,) int32.

    The encoding is "original": lower case is [UNK]. A window that is too short has [PAD] on its left, wherever its
    bases are missing.

    Args:
        add_eos: end with [SEP], in the place of the last base.
        replace_n: [PAD] for N, the original's replace_N_token.
    """
    last = max_length - add_eos
    kept = TO_ID["original"][bases[:last]]
    ids = np.full(max_length, PAD, np.int32)
    ids[last - len(kept) : last] = kept
    if add_eos:
        ids[-1] = SEP
    if replace_n:
        ids[ids == N] = PAD
    return ids


def fixed_test_ids(genome: Genome, max_length: int, stretches: Sequence[Interval] = FIXED_TEST) -> np.ndarray:
    """The fixed test set: consecutive windows of a genome in capitals, N read as [PAD]: (windows, max_length + 1) ids.

    [SEP] stands behind max_length bases here; the last window of each stretch is padded on the left.

    Raises:
        HyenaDNAError: the genome lacks one of the stretches.
    """
    rows = []
    for stretch in stretches:
        if stretch.end > genome.contigs.get(stretch.chrom, 0):
            raise HyenaDNAError(
                f"{genome.path} has no {stretch.chrom}:{stretch.start:,}-{stretch.end:,}, which the fixed test set is "
                "cut from: open hg38, or name other stretches."
            )
        for start in range(stretch.start, stretch.end, max_length):
            bases = genome.read(stretch.chrom, start, min(start + max_length, stretch.end))
            capitals = np.frombuffer(bases.tobytes().upper(), np.uint8)
            rows.append(window_ids(capitals, max_length + 1, replace_n=True))
    return np.stack(rows)
