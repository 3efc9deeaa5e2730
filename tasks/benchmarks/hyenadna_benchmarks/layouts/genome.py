"""A genome of intervals: its contigs under the names of the sets, and bases on their strand."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hyenadna_core import HyenaDNAError, open_genome

VERSION = re.compile(r"\.[0-9]+$")
COMPLEMENT = bytes.maketrans(b"ACGTUacgtu", b"TGCAAtgcaa")  # other letters are read as N on either strand


@dataclass(frozen=True)
class SetGenome:
    """A genome of a set. The FASTA is opened once, when the first interval is read."""

    path: Path

    @cached_property
    def contigs(self) -> dict[str, int]:
        """Return the length of each contig in bases."""
        return dict(self._file.contigs)

    def contig(self, region: str) -> str | None:
        """Return the name of a contig here: the same, with or without chr, or with a version.

        Raises:
            HyenaDNAError: several versions of the contig are here, and none without a version.
        """
        for name in (region, f"chr{region}", region.removeprefix("chr")):
            if name in self.contigs:
                return name
        versions = self._versions.get(region, [])
        if len(versions) > 1:
            raise HyenaDNAError(
                f"{self.path} has {len(versions)} versions of {region}, {versions[0]} and {versions[1]}: keep one."
            )
        return next(iter(versions), None)

    def bases(self, contig: str, start: int, end: int, strand: str) -> bytes:
        """Return the bases of an interval, 0-based half-open, on its strand."""
        bases: bytes = self._file.read(contig, start, end).tobytes()
        return bases.translate(COMPLEMENT)[::-1] if strand == "-" else bases

    @cached_property
    def _file(self) -> Any:
        return open_genome(self.path)

    @cached_property
    def _versions(self) -> dict[str, list[str]]:
        """Return the contigs with a version by their name without it, such as ENST00000371014."""
        versions: dict[str, list[str]] = {}
        for contig in self.contigs:
            if VERSION.search(contig):
                versions.setdefault(VERSION.sub("", contig), []).append(contig)
        return versions
