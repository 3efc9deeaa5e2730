"""Counts of k-mers in the sequences of the rows, for a baseline on the same folds."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.evaluation.baselines import LONGEST, SHORTER, kmer_counter
from hyenadna_core.genome.fasta import Genome, open_genome
from hyenadna_core.labelled.files import read_labelled
from hyenadna_core.labelled.regions import COMPLEMENT
from hyenadna_core.probe.examples import Examples
from hyenadna_core.probe.features import Features
from hyenadna_core.probe.positions import CHROMOSOMES, whole_numbers
from hyenadna_core.terminal import progress

FLANK = 20  # bases on each side of REF


def kmer_features(examples: Examples, sequences: Path | None, fasta: Path | None) -> Features:
    """Count the k-mers of each row's sequence.

    The sequences come from a file by name, or from a genome by position. A variant has the k-mers
    around REF, and those around ALT minus those around REF. The lengths of the k-mers are chosen as
    penalties are: up to 4, 5 or 6 bases.

    Raises:
        HyenaDNAError: a row has no sequence, or its position is not in the genome.
    """
    if sequences is not None:
        return _counted([_of_file(examples, sequences, fasta)])
    if fasta is None:
        raise ValueError("k-mers need sequences or a genome")
    return _counted(_of_genome(examples, open_genome(fasta)))


def _of_file(examples: Examples, path: Path, fasta: Path | None) -> list[str]:
    records = read_labelled(path, fasta=fasta, needs_labels=False)
    of_names = dict(zip(records.names, records.sequences, strict=True))
    if len(of_names) < len(records.names):
        raise HyenaDNAError(f"{path} has {len(records.names) - len(of_names):,} names that come twice: rename them.")
    if missing := [name for name in examples.names if name not in of_names]:
        raise HyenaDNAError(
            f"{path} has no sequence for {len(missing):,} of {len(examples.names):,} rows, {first_names(missing)}; it "
            f"has {first_names(records.names[:3])}: use the same names in both."
        )
    return [of_names[name].decode("latin-1").upper() for name in examples.names]


def _of_genome(examples: Examples, genome: Genome) -> list[list[str]]:
    """Return the sequences of intervals; or those around REF, and around ALT, of variants."""
    columns = examples.columns
    chrom = next((columns[name] for name in CHROMOSOMES if name in columns), None)
    is_variant = "ref" in columns and "alt" in columns
    if chrom is None or "start" not in columns or not (is_variant or "end" in columns):
        raise HyenaDNAError(
            f"No file has the columns chrom, start and end, only {first_names(columns)}: "
            "give the sequences by name with --sequences."
        )
    starts = whole_numbers(columns["start"], "start", examples.names).tolist()
    if is_variant:
        rows = zip(examples.names, chrom, starts, columns["ref"], columns["alt"], strict=True)
        pairs = [_around(genome, *row) for row in rows]
        return [[ref for ref, _ in pairs], [alt for _, alt in pairs]]
    ends = whole_numbers(columns["end"], "end", examples.names).tolist()
    strands = columns.get("strand") or ["+"] * len(starts)
    texts = []
    for name, contig, start, end, strand in zip(examples.names, chrom, starts, ends, strands, strict=True):
        bases = _bases(genome, name, contig, start, end)
        texts.append((bases.translate(COMPLEMENT)[::-1] if strand == "-" else bases).decode("latin-1").upper())
    return [texts]


def _around(genome: Genome, name: str, contig: str, start: int, ref: str, alt: str) -> tuple[str, str]:
    """Return the bases around REF with REF, and with ALT.

    Raises:
        HyenaDNAError: REF is not what the genome has there.
    """
    end = start + len(ref)
    there = _bases(genome, name, contig, start, end).decode("latin-1").upper()
    if there != ref.upper():
        raise HyenaDNAError(
            f"Row {name}: REF is {shown(ref)} but {genome.path} has {there} at {contig}:{start + 1:,}: "
            "is this the right genome build?"
        )
    length = genome.contigs[contig]
    before, after = (
        _bases(genome, name, contig, *edges).decode("latin-1").upper()
        for edges in ((max(0, start - FLANK), start), (end, min(length, end + FLANK)))
    )
    return before + there + after, before + alt.upper() + after


def _bases(genome: Genome, name: str, contig: str, start: int, end: int) -> bytes:
    length = genome.contigs.get(contig)
    if length is None:
        raise HyenaDNAError(f"Row {name}: {genome.path} has no contig {contig}; it has {first_names(genome.contigs)}.")
    if not 0 <= start <= end <= length:
        raise HyenaDNAError(f"Row {name}: {genome.path} has no bases {start:,}-{end:,} of {contig}: it has {length:,}.")
    return genome.read(contig, start, end).tobytes()


def _counted(texts: Sequence[list[str]]) -> Features:
    """Count the k-mers of sequences; of two lists, those of the first, and second minus first."""
    from scipy.sparse import csr_array, hstack

    def passed(every: list[str]) -> Iterator[str]:
        for text in every:
            yield text
            advance(1)

    shortest = LONGEST[0] - SHORTER
    if not any(len(text) >= shortest for every in texts for text in every):
        raise HyenaDNAError(
            f"No sequence has the {shortest} bases that k-mers need: leave out --sequences and --fasta."
        )
    counter = kmer_counter(shortest, LONGEST[-1])
    with progress("Counting k-mers", sum(map(len, texts))) as advance:
        counts = csr_array(counter.fit_transform(passed([text for every in texts for text in every])))
    lengths = np.array([len(kmer) for kmer in counter.get_feature_names_out()])
    rows = len(texts[0])
    if len(texts) > 1:
        counts = csr_array(hstack([counts[:rows], counts[rows:] - counts[:rows]]))
        lengths = np.tile(lengths, 2)
    choices = {
        f"{k - SHORTER}- to {k}-mers": np.flatnonzero((lengths >= k - SHORTER) & (lengths <= k)) for k in LONGEST
    }
    return Features(counts, "MaxAbsScaler", {name: columns for name, columns in choices.items() if len(columns)})
