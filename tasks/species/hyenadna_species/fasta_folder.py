"""The FASTA files of a folder, and the names of what else is there."""

import re
from pathlib import Path

from hyenadna_core import HyenaDNAError

SUFFIX = re.compile(r"\.(fa|fna|fasta)(\.gz|\.bgz)?$", re.IGNORECASE)
INDEX_SUFFIXES = (".fai", ".gzi")  # of files that have no bases


def fasta_files(path: Path) -> list[Path]:
    """Return the FASTA files of a folder in the order of their names, or a file itself.

    Raises:
        HyenaDNAError: the folder has none, or a broken link.
    """
    if not path.is_dir():
        return [path]
    for file in sorted(path.iterdir()):
        if SUFFIX.search(file.name) and not file.name.startswith(".") and not file.exists():
            raise HyenaDNAError(f"{file} is a link to a file that is not there: mend it, or remove it.")
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
