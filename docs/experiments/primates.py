r"""Write the primates of an alignment as FASTA files, whose contigs are homologous by name.

    python docs/experiments/primates.py primates4_chr22_EPO.maf.gz primates --bases 100000

Consecutive blocks of the alignment are joined to regions of at least --bases human bases. Each
species has one file, in which each region is one contig, without the gaps of the alignment. The
contig region-0007 of all files is homologous, so `hyenadna train --task species --split contigs`
gives it one split.
"""

import argparse
import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from hyenadna_core import file_written_aside

NAMES = {"Hsap": "human", "Ptro": "chimpanzee", "Ggor": "gorilla", "Ppyg": "orangutan"}
LINE = 60  # bases


def blocks_of(path: Path) -> Iterator[dict[str, str]]:
    """Yield the blocks of a MAF file that have all species: bases without gaps, by species."""
    block: dict[str, str] = {}
    with gzip.open(path, "rt", encoding="ascii") as file:
        for line in [*file, "a\n"]:
            if line.startswith("a"):
                if len(block) == len(NAMES):
                    yield block
                block = {}
            elif line.startswith("s"):
                _, source, *_, text = line.split()
                block[NAMES[source.partition(".")[0]]] = text.replace("-", "")


def regions_of(blocks: Iterator[dict[str, str]], bases: int) -> Iterator[dict[str, str]]:
    """Join consecutive blocks until they have `bases` human ones; a shorter end is left out."""
    parts: list[dict[str, str]] = []
    for block in blocks:
        parts.append(block)
        if sum(len(part["human"]) for part in parts) >= bases:
            yield {name: "".join(part[name] for part in parts) for name in NAMES.values()}
            parts = []


def main() -> None:
    """Read the arguments, and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maf", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bases", type=int, default=100_000)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        paths = {name: arguments.folder / f"{name}.fa" for name in NAMES.values()}
        asides = {name: stack.enter_context(file_written_aside(path)) for name, path in paths.items()}
        files = {name: stack.enter_context(aside.open("w", encoding="ascii")) for name, aside in asides.items()}
        number = 0
        for number, region in enumerate(regions_of(blocks_of(arguments.maf), arguments.bases), start=1):
            for name, bases in region.items():
                lines = (bases[start : start + LINE] for start in range(0, len(bases), LINE))
                files[name].write(f">region-{number:04}\n" + "".join(f"{line}\n" for line in lines))
    print(f"{number} regions in {', '.join(str(path) for path in paths.values())}")


if __name__ == "__main__":
    main()
