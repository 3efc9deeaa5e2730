"""The exact pretraining windows of the original code on hg38: bases of an interval, token ids.

Sources: src/dataloaders/datasets/hg38_dataset.py and hg38_fixed_dataset.py of
HazyResearch/hyena-dna. Its `max_length` also counts the target after the last input, so a model
that reads L positions has max_length = L + 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.tokens import PAD, SEP, TO_ID, N

MISSING = np.uint8(ord("."))  # pad_interval writes it beyond the contig's ends; the tokenizer reads it as [UNK]

# The complement of each character, in its own case. Characters other than A, C, G and T stay.
COMPLEMENT = np.arange(256, dtype=np.uint8)
COMPLEMENT[np.frombuffer(b"ACGTacgt", np.uint8)] = np.frombuffer(b"TGCAtgca", np.uint8)

# The intervals of hg38 that the fixed test set consists of, 0-based half-open.
FIXED_TEST = (
    Interval("chr14", 19_726_402, 106_677_047, "test"),
    Interval("chrX", 2_825_622, 144_342_320, "test"),
)


@dataclass(frozen=True)
class Place:
    """The position of a window: bases start to end, and the number missing at each contig end."""

    start: int
    end: int
    missing_left: int
    missing_right: int


def place_of(interval: Interval, max_length: int, contig_length: int) -> Place:
    """Compute the window of an interval.

    An interval longer than max_length gives its first max_length bases. A shorter one is extended
    on both sides, up to the ends of the contig. If an odd number of bases is added, the right side
    gets one more.
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
    """Read the window of an interval as bytes: (max_length,), or fewer at a contig's end.

    Args:
        other_strand: return the reverse complement.
        pad_interval: write "." for each missing base. On both strands, the padding stays on the
            side on which the forward strand lacks bases.
    """
    place = place_of(interval, max_length, genome.contigs[interval.chrom])
    bases = genome.read(interval.chrom, place.start, place.end)
    if other_strand:
        bases = reverse_complement_bases(bases)
    if pad_interval:
        bases = np.pad(bases, (place.missing_left, place.missing_right), constant_values=MISSING)
    return bases


def reverse_complement_bases(bases: np.ndarray) -> np.ndarray:
    """Return the reverse complement of bytes; case and other characters are kept: (L,) -> (L,)."""
    other: np.ndarray = COMPLEMENT[bases[::-1]]
    return other


def window_ids(bases: np.ndarray, max_length: int, add_eos: bool = True, replace_n: bool = False) -> np.ndarray:
    """Return the token ids of a window's bytes: (max_length,) int32.

    Inputs are all ids except the last; targets are all ids except the first. The encoding is
    "original": lower case is [UNK]. A short window is padded on its left with [PAD].

    Args:
        add_eos: end with [SEP] in place of the last base.
        replace_n: write [PAD] for N, as the original's replace_N_token does.
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
    """Return the token ids of the original's fixed test set: (windows, max_length + 1).

    It consists of consecutive windows, in capitals, with N read as [PAD]. Each window has
    max_length bases and then [SEP]; the last window of each interval is padded on the left.

    Raises:
        HyenaDNAError: the genome lacks one of the intervals.
    """
    rows = []
    for stretch in stretches:
        if stretch.end > genome.contigs.get(stretch.chrom, 0):
            raise HyenaDNAError(
                f"{genome.path} has no {stretch.chrom}:{stretch.start:,}-{stretch.end:,}, which the fixed test set "
                "needs: open hg38, or give other intervals."
            )
        for start in range(stretch.start, stretch.end, max_length):
            bases = genome.read(stretch.chrom, start, min(start + max_length, stretch.end))
            capitals = np.frombuffer(bases.tobytes().upper(), np.uint8)
            rows.append(window_ids(capitals, max_length + 1, replace_n=True))
    return np.stack(rows)
