"""Track files by suffix: BigWig, bedGraph, Parquet. Add a format to WRITERS."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.text import COMPRESSED, suffix_of
from hyenadna_core.genome.bedgraph import write_bedgraphs
from hyenadna_core.genome.bigwig import import_pybigtools, write_bigwigs
from hyenadna_core.genome.blocks import Block
from hyenadna_core.genome.track_table import import_pyarrow, write_track_table

FileWriter = Callable[[Sequence[Path], Mapping[str, int], Iterable[Block]], None]
WRITERS: dict[str, FileWriter] = {  # one file for each track
    ".bw": write_bigwigs,
    ".bigwig": write_bigwigs,
    ".bedgraph": write_bedgraphs,
}
TABLES = (".parquet",)  # one file with a column for each track
LIBRARIES: dict[str, Callable[[Path], Any]] = {
    ".bw": import_pybigtools,
    ".bigwig": import_pybigtools,
    ".parquet": import_pyarrow,
}


def track_paths(path: str | Path, names: Sequence[str] = ()) -> list[Path]:
    """Return the files that `write_track` will write: call it before a long computation.

    Several tracks have a file each, logo.A.bw for the track A in logo.bw, or a column each in
    Parquet.

    Args:
        names: the names of the tracks, if there are several.

    Raises:
        HyenaDNAError: the suffix is unknown, or needs a library that is not installed.
    """
    path = Path(path)
    suffix, is_compressed = suffix_of(path), path.suffix.lower() in COMPRESSED
    if suffix not in (*WRITERS, *TABLES) or (is_compressed and suffix != ".bedgraph"):
        known = ", ".join((*WRITERS, ".bedgraph.gz", *TABLES))
        raise HyenaDNAError(f"{path}: name the file of a track after its format: {known}.")
    if suffix in LIBRARIES:
        LIBRARIES[suffix](path)
    if suffix in TABLES or not names:
        return [path]
    end = "".join(path.suffixes[-2:] if is_compressed else path.suffixes[-1:])
    return [path.with_name(f"{path.name.removesuffix(end)}.{name}{end}") for name in names]


def write_track(
    path: str | Path, contigs: Mapping[str, int], blocks: Iterable[Block], names: Sequence[str] = ()
) -> list[Path]:
    """Write values along a genome to files whose format the suffix names; return their paths.

    Each file appears complete or not at all. The same values give the same bytes, however they are
    cut into blocks.

    Args:
        contigs: the length of each contig of the genome, in its order.
        blocks: the values in the same order; NaN is no value.
        names: the names of the tracks, if the values are (n, tracks); a column of Parquet has the
            name "value" without them.

    Raises:
        HyenaDNAError: the suffix is unknown, a library is missing, a block is wrong, or a BigWig
            has no value.
        OSError: a file cannot be written.
    """
    paths = track_paths(path, names)
    if suffix_of(paths[0]) in TABLES:
        write_track_table(paths[0], contigs, blocks, names or ("value",))
    else:
        WRITERS[suffix_of(paths[0])](paths, contigs, blocks)
    return paths
