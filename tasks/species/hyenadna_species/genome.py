"""The genome of a species: one FASTA, or a folder with a FASTA for each chromosome."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from hyenadna_core import HyenaDNAError, open_genome, progress

SUFFIX = re.compile(r"\.(fa|fna|fasta)(\.gz|\.bgz)?$", re.IGNORECASE)
NAMES_SHOWN = 8  # in a message
INDEX_SUFFIXES = (".fai", ".gzi")  # of files that have no bases
IS_KNOWN = np.isin(np.arange(256), list(b"ACGTUacgtu"))
AT_ONCE = 1 << 24  # bases read in one step


class SpeciesGenome:
    """The contigs of a species, with the names that the split knows them by.

    A contig of a folder has the name of its file, such as chr1 of chr1.fna.gz, if it is alone in
    it. All other contigs have their own names.

    Attributes:
        contigs: the length of each contig in bases.
        sha256: the checksum of all files.

    Raises:
        HyenaDNAError: the folder has no FASTA, or two contigs have one name.
    """

    def __init__(self, name: str, path: Path | str) -> None:
        self.name, self.path = name, Path(path)
        files = fasta_files(self.path)
        self._genomes = [open_genome(file) for file in files]
        self._places: dict[str, tuple[int, str]] = {}  # the number of its genome, and its own name
        for number, (file, genome) in enumerate(zip(files, self._genomes, strict=True)):
            alone = self.path.is_dir() and len(genome.contigs) == 1
            for contig in genome.contigs:
                known_as = SUFFIX.sub("", file.name) if alone else contig
                if known_as in self._places:
                    raise HyenaDNAError(
                        f"{self.path} has two contigs named {known_as}: leave one of its files out of the folder."
                    )
                self._places[known_as] = number, contig
        self.contigs = {name: self._genomes[number].contigs[own] for name, (number, own) in self._places.items()}
        self.sha256 = hashlib.sha256(" ".join(genome.sha256 for genome in self._genomes).encode()).hexdigest()

    def read(self, contig: str, start: int, end: int) -> np.ndarray:
        """Read bases start to end of a contig, 0-based half-open: (end - start,) uint8."""
        number, own = self._places[contig]
        return self._genomes[number].read(own, start, end)

    def parts(self, contig: str, start: int, end: int) -> Iterator[np.ndarray]:
        """Read bases start to end of a contig in parts that fit into memory."""
        for first in range(start, end, AT_ONCE):
            yield self.read(contig, first, min(first + AT_ONCE, end))

    def not_read(self) -> str:
        """Return a sentence that names what else is in the folder, or ""."""
        if not (names := other_names(self.path)):
            return ""
        return (
            f"{self.name}: not read in {self.path}, as the name does not end in .fa, .fna or .fasta, or these "
            f"with .gz or .bgz: {len(names):,} ({some_names(names)})."
        )


def fasta_files(path: Path) -> list[Path]:
    """Return the FASTA files of a folder in the order of their names, or a file itself.

    Raises:
        HyenaDNAError: the folder has none.
    """
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if is_fasta(file))
    if not files:
        raise HyenaDNAError(
            f"The folder {path} has no FASTA file, whose name ends in .fa, .fna or .fasta, or also in .gz: "
            "name the folder with the files."
        )
    return files


def is_fasta(file: Path) -> bool:
    """Return whether a file is a FASTA by its name; a hidden one, as ._chr1.fa of macOS, is not."""
    return bool(SUFFIX.search(file.name)) and not file.name.startswith(".") and file.is_file()


def other_names(path: Path) -> list[str]:
    """Return the names in a folder that are not FASTA; hidden files and indexes do not count."""
    if not path.is_dir():
        return []
    others = (file.name for file in path.iterdir() if not is_fasta(file) and not file.name.startswith("."))
    return sorted(name for name in others if not name.lower().endswith(INDEX_SUFFIXES))


def same_bases(one: SpeciesGenome, other: SpeciesGenome) -> bool:
    """Return whether two genomes have equal contigs, whatever their names, order and case."""
    if one.sha256 == other.sha256:
        return True
    if sorted(one.contigs.values()) != sorted(other.contigs.values()):
        return False
    return contig_checksums(one) == contig_checksums(other)


def contig_checksums(genome: SpeciesGenome) -> list[str]:
    """Return the checksums of the contigs of a genome in upper case, sorted."""
    checksums = []
    with progress(f"Comparing the bases of {genome.name}", sum(genome.contigs.values())) as advance:
        for contig, length in genome.contigs.items():
            digest = hashlib.sha256()
            for bases in genome.parts(contig, 0, length):
                digest.update(bases.tobytes().upper())
                advance(len(bases))
            checksums.append(digest.hexdigest())
    return sorted(checksums)


def known_bases(bases: np.ndarray) -> int:
    """Count the bases that are A, C, G or T, of either case: (L,) uint8 -> ()."""
    return int(np.count_nonzero(IS_KNOWN[bases]))


def some_names(names: Iterable[str]) -> str:
    """Return the first names of a list for a message, and count the others."""
    names = list(names)
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return (", ".join(names[:NAMES_SHOWN]) or "none") + more
