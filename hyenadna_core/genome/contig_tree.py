"""The list of contigs in a BigWig: a tree of their names, numbers and lengths.

pybigtools lists only contigs with values, and at most 65,535 of them.
"""

import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

MAGIC = 0x78CA8C91
END = struct.pack("<I", 0x888FFC26)  # the last four bytes of a BigWig
HEADER = struct.Struct("<IIIIQQ")  # magic, names in a node, bytes of a name, bytes after it, names, 0
NODE = struct.Struct("<BBH")  # whether it is a leaf, 0, entries
LEAF = struct.Struct("<II")  # after a name in a leaf: number and length of the contig
BRANCH = struct.Struct("<Q")  # after the first name of a leaf: where the leaf is
PLACE = 8  # where the header of the file holds the position of the tree
NAMES = 4096  # in a leaf


def write_contig_list(path: Path, contigs: Mapping[str, int], numbered: Sequence[str]) -> None:
    """Make a BigWig list all contigs of a genome.

    Args:
        numbered: the contigs that have values, in the order of the file.

    Raises:
        ValueError: the file does not end as a BigWig does.
    """
    with path.open("r+b") as file:
        start = file.seek(-len(END), os.SEEK_END)
        if file.read() != END:
            raise ValueError("it has no end")
        file.seek(start)
        file.write(_tree(start, contigs, numbered) + END)
        file.seek(PLACE)
        file.write(struct.pack("<Q", start))


def _tree(start: int, contigs: Mapping[str, int], numbered: Sequence[str]) -> bytes:
    """Return the tree for a position in the file: one leaf, or a root with its leaves."""
    order = dict.fromkeys([*numbered, *contigs])
    numbers = {name: number for number, name in enumerate(order)}
    names = sorted(contigs, key=str.encode)
    width = max(len(name.encode()) for name in names)

    def key(name: str) -> bytes:
        return name.encode().ljust(width, b"\0")

    groups = [names[first : first + NAMES] for first in range(0, len(names), NAMES)]
    leaves = [
        NODE.pack(1, 0, len(group)) + b"".join(key(name) + LEAF.pack(numbers[name], contigs[name]) for name in group)
        for group in groups
    ]
    header = HEADER.pack(MAGIC, max(NAMES, len(leaves)), width, LEAF.size, len(names), 0)
    if len(leaves) == 1:
        return header + leaves[0]
    root = NODE.pack(0, 0, len(leaves))
    position = start + HEADER.size + NODE.size + len(leaves) * (width + BRANCH.size)
    for group, leaf in zip(groups, leaves, strict=True):
        root += key(group[0]) + BRANCH.pack(position)
        position += len(leaf)
    return header + root + b"".join(leaves)
