"""Variants of a genome, their normal form, and the reasons for which an allele has no score."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from hyenadna_core.genome.fasta import Genome

ACGT = frozenset("ACGT")
STEP = 256  # bases that are compared first when an insertion or deletion is moved to the left


class Reason(IntEnum):
    """The reason for which an allele has no score; as uint8 in arrays, by name in files."""

    SCORED = 0
    MISSING = 1  # no alternate allele: "."
    STAR = 2  # "*": a deletion of another record covers the position
    SYMBOLIC = 3  # <DEL>, <*>, <NON_REF>
    BREAKEND = 4
    NOT_ACGT = 5  # REF or ALT has N, an IUPAC code or another character
    SAME_AS_REF = 6
    TOO_LONG = 7  # REF or ALT does not fit the window: the scorer decides it
    OTHER_CONTIG = 8  # the FASTA has no such contig
    PAST_CONTIG_END = 9  # REF has bases before the start or after the end of the contig
    REF_MISMATCH = 10  # the genome has another base
    N_IN_REFERENCE = 11  # the genome has N or an IUPAC code where REF has a base

    @property
    def text(self) -> str:
        """Return the reason as files have it; "." for an allele with a score."""
        return self.name.lower() if self else "."


MISMATCHES = (Reason.REF_MISMATCH, Reason.N_IN_REFERENCE, Reason.PAST_CONTIG_END)


class Variant(NamedTuple):
    """One alternate allele.

    `chrom` is the name in the genome, `start` is 0-based, and the alleles are capitals.
    """

    chrom: str
    start: int
    ref: str
    alt: str
    record: int = 0  # of a file, from 0
    allele: int = 0  # of the record, from 0


def reference_reason(genome: Genome, chrom: str, start: int, ref: str) -> Reason:
    """Compare a REF allele, in capitals, with the genome in any case."""
    length = genome.contigs.get(chrom)
    if length is None:
        return Reason.OTHER_CONTIG
    if start < 0 or start + len(ref) > length:
        return Reason.PAST_CONTIG_END
    bases = bases_of(genome, chrom, start, start + len(ref))
    if bases == ref and ACGT.issuperset(ref):
        return Reason.SCORED if ref else Reason.NOT_ACGT
    pairs = {(own, other) for own, other in zip(ref, bases, strict=True) if own in ACGT and own != other}
    if any(other in ACGT for _, other in pairs):
        return Reason.REF_MISMATCH
    return Reason.N_IN_REFERENCE if pairs else Reason.NOT_ACGT


def allele_reason(ref: str, alt: str) -> Reason:
    """Return the reason for which an alternate allele, in capitals, can have no score."""
    if alt in ("", "."):
        return Reason.MISSING
    if alt == "*":
        return Reason.STAR
    if alt.startswith("<"):
        return Reason.SYMBOLIC
    if "[" in alt or "]" in alt or alt[0] == "." or alt[-1] == ".":
        return Reason.BREAKEND
    if not ACGT.issuperset(alt):
        return Reason.NOT_ACGT
    return Reason.SAME_AS_REF if alt == ref else Reason.SCORED


def variant_reason(genome: Genome, variant: Variant) -> Reason:
    """Return the reason for which a variant can have no score; REF is compared with the genome."""
    return reference_reason(genome, variant.chrom, variant.start, variant.ref) or allele_reason(
        variant.ref, variant.alt
    )


def normalized(genome: Genome, variant: Variant) -> Variant:
    """Return the shortest form of a variant; an insertion or deletion is moved to the left.

    Each form of the same variant gives the same result. REF and ALT keep at least one base: an
    insertion or deletion has the base before it, or at the start of a contig the base after it.
    """
    ref, alt, start = variant.ref, variant.alt, variant.start
    if ref == alt:
        return variant
    after = _shared(ref[::-1], alt[::-1])
    ref, alt = ref[: len(ref) - after], alt[: len(alt) - after]
    before = _shared(ref, alt)
    ref, alt, start = ref[before:], alt[before:], start + before
    if ref and alt:
        return variant._replace(start=start, ref=ref, alt=alt)
    start, moved = _leftmost(genome, variant.chrom, start, ref or alt)
    ref, alt = (moved, "") if ref else ("", moved)
    if start:
        base = bases_of(genome, variant.chrom, start - 1, start)
        return variant._replace(start=start - 1, ref=base + ref, alt=base + alt)
    base = bases_of(genome, variant.chrom, len(ref), len(ref) + 1)
    return variant._replace(start=0, ref=ref + base, alt=alt + base)


def bases_of(genome: Genome, chrom: str, start: int, end: int) -> str:
    """Return bases of a genome as capitals."""
    return genome.read(chrom, start, end).tobytes().decode("latin-1").upper()


def _shared(one: str, other: str) -> int:
    """Count the characters that two texts share at their start."""
    shortest = min(len(one), len(other))
    if one[:shortest] == other[:shortest]:
        return shortest
    return next(at for at in range(shortest) if one[at] != other[at])


def _leftmost(genome: Genome, chrom: str, start: int, piece: str) -> tuple[int, str]:
    """Move bases that are put in or taken out to the left, while the haplotype stays the same.

    A piece may move by one base if the base before it equals its last base. So it may move as far
    as the genome before it continues the piece with a period of the length of the piece.
    """
    known, step = 0, STEP  # bases before `start` that were compared
    text = np.frombuffer(piece.encode(), np.uint8)
    while known < start:
        first = max(0, start - known - step)
        bases = np.frombuffer(bases_of(genome, chrom, first, start - known).encode("latin-1"), np.uint8)
        text = np.concatenate([bases, text])
        differ = np.flatnonzero(bases != text[len(piece) : len(piece) + len(bases)])
        if differ.size:
            known += len(bases) - 1 - int(differ[-1])
            text = text[int(differ[-1]) + 1 :]
            break
        known, step = known + len(bases), 2 * step
    return start - known, text[: len(piece)].tobytes().decode()
