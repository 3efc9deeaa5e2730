"""The genome of a species: one FASTA, or a folder with a FASTA for each chromosome."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from hyenadna_core import HyenaDNAError, open_genome, progress
from hyenadna_species.fasta_folder import SUFFIX, fasta_files, other_names

NAMES_SHOWN = 8  # in a message
CHROMOSOME = re.compile(r"(\d{1,3}[A-Z]?|[IVX]+|[XYWZ]|M|MT)")  # without chr, in upper case
# The names of transcripts, of NCBI (parts of genes, RefSeq) and of Ensembl.
TRANSCRIPT = re.compile(r"lcl\||[NX][MR]_\d|ENS[A-Z]*T\d{11}")
IS_KNOWN = np.isin(np.arange(256), list(b"ACGTUacgtu"))
AT_ONCE = 1 << 24  # bases read in one step


class SpeciesGenome:
    """The contigs of a species, with the names that the split knows them by.

    A contig that is alone in a file of a folder has the name of its file, such as chr1 of
    chr1.fna.gz, unless its own name is that of a chromosome, as in the files of Ensembl. All other
    contigs have their own names. Files of a folder that have only transcripts are not read.

    Attributes:
        contigs: the length of each contig in bases.
        transcripts: the names of the files that are not read because they have transcripts.
        sha256: the checksum of all files.

    Raises:
        HyenaDNAError: the folder has no FASTA, or two contigs have one name or the same bases.
    """

    def __init__(self, name: str, path: Path | str) -> None:
        self.name, self.path = name, Path(path)
        folder = self.path.is_dir()
        files = [(file, open_genome(file)) for file in fasta_files(self.path)]
        self.transcripts = [file.name for file, genome in files if folder and are_transcripts(genome.contigs)]
        files = [(file, genome) for file, genome in files if file.name not in self.transcripts]
        if not files:
            raise HyenaDNAError(f"{self.path} has only transcripts, {some_names(self.transcripts)}: name a genome.")
        self._genomes = [genome for _, genome in files]
        self._places: dict[str, tuple[int, str]] = {}  # the number of its genome, and its own name
        for number, (file, genome) in enumerate(files):
            known = {plain(contig): contig for contig in self._places}
            for contig in genome.contigs:
                alone = folder and len(genome.contigs) == 1 and not CHROMOSOME.fullmatch(plain(contig))
                known_as = SUFFIX.sub("", file.name) if alone else contig
                if other := known.get(plain(known_as)):
                    raise HyenaDNAError(
                        f"{self.path} has two contigs named {known_as}, in {files[self._places[other][0]][0].name} and "
                        f"{file.name}: leave one of its files out of the folder."
                    )
                self._places[known_as] = number, contig
        self.contigs = {name: self._genomes[number].contigs[own] for name, (number, own) in self._places.items()}
        self.sha256 = hashlib.sha256(" ".join(genome.sha256 for genome in self._genomes).encode()).hexdigest()
        self._refuse_repeats()

    def _refuse_repeats(self) -> None:
        """Compare contigs of one length in different files, such as a chromosome in two maskings.

        Raises:
            HyenaDNAError: two have the same bases.
        """
        of_length: dict[int, list[str]] = {}
        for contig, length in self.contigs.items():
            of_length.setdefault(length, []).append(contig)
        alike = [names for names in of_length.values() if len({self._places[name][0] for name in names}) > 1]
        for names in alike:
            first: dict[str, str] = {}
            for name, checksum in zip(names, contig_checksums(self, names), strict=True):
                other = first.setdefault(checksum, name)
                if self._places[other][0] != self._places[name][0]:
                    raise HyenaDNAError(
                        f"{self.path}: {other} and {name} have the same bases: leave one of their files out."
                    )

    def read(self, contig: str, start: int, end: int) -> np.ndarray:
        """Read bases start to end of a contig, 0-based half-open: (end - start,) uint8."""
        number, own = self._places[contig]
        return self._genomes[number].read(own, start, end)

    def parts(self, contig: str, start: int, end: int) -> Iterator[np.ndarray]:
        """Read bases start to end of a contig in parts that fit into memory."""
        for first in range(start, end, AT_ONCE):
            yield self.read(contig, first, min(first + AT_ONCE, end))

    def not_read(self) -> list[str]:
        """Return sentences that name what else is in the folder."""
        sentences = []
        if names := other_names(self.path):
            sentences.append(
                f"{self.name}: not read in {self.path}, as they are no files whose name ends in .fa, .fna or .fasta, "
                f"or these with .gz or .bgz: {len(names):,} ({some_names(names)})."
            )
        if self.transcripts:
            sentences.append(
                f"{self.name}: not read in {self.path}, as their sequences have names of transcripts: "
                f"{len(self.transcripts):,} ({some_names(self.transcripts)})."
            )
        return sentences


def are_transcripts(names: Iterable[str]) -> bool:
    """Return whether all sequences of a file are transcripts by their names."""
    return all(map(TRANSCRIPT.match, names))


def plain(contig: str) -> str:
    """Return the name of a contig without "chr" before it, in upper case: chrX and x give X."""
    return contig[3 * contig.lower().startswith("chr") :].upper()


def same_bases(one: SpeciesGenome, other: SpeciesGenome) -> bool:
    """Return whether two genomes have equal contigs, whatever their names, order and case."""
    if one.sha256 == other.sha256:
        return True
    if sorted(one.contigs.values()) != sorted(other.contigs.values()):
        return False
    return sorted(contig_checksums(one, one.contigs)) == sorted(contig_checksums(other, other.contigs))


def contig_checksums(genome: SpeciesGenome, contigs: Iterable[str]) -> list[str]:
    """Return the checksum of each of these contigs in upper case."""
    lengths, checksums = {contig: genome.contigs[contig] for contig in contigs}, []
    with progress(f"Comparing the bases of {genome.name}", sum(lengths.values())) as advance:
        for contig, length in lengths.items():
            digest = hashlib.sha256()
            for bases in genome.parts(contig, 0, length):
                digest.update(bases.tobytes().upper())
                advance(len(bases))
            checksums.append(digest.hexdigest())
    return checksums


def known_bases(bases: np.ndarray) -> int:
    """Count the bases that are A, C, G or T, of either case: (L,) uint8 -> ()."""
    return int(np.count_nonzero(IS_KNOWN[bases]))


def some_names(names: Iterable[str]) -> str:
    """Return the first names of a list for a message, and count the others."""
    names = list(names)
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return (", ".join(names[:NAMES_SHOWN]) or "none") + more
