"""`hyenadna embed` as a job: its parts, their arrays, and the file that they make."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.inference.chunks import Chunking, chunk_lengths, groups_of
from hyenadna_core.inference.embedded import ALT, REF, Files, Row, RowSource
from hyenadna_core.inference.job import Job
from hyenadna_core.inference.part_file import Arrays
from hyenadna_core.inference.pooling import BASES
from hyenadna_core.inference.survey import usable_rows
from hyenadna_core.inference.vectors import Kind, states_of, vectors_of
from hyenadna_core.terminal import Advance
from hyenadna_core.vectors.blocks import CATEGORY, NUMBER, Block, Layout
from hyenadna_core.vectors.writing import vector_paths, write_vectors

PART = 1 << 19  # bases of a part, about
PART_OF_STATES = 1 << 16  # the same if each base has a vector
DIFFERENCE = "difference"  # of ALT and REF
NAME, ROW, POSITION, LENGTH = "name", "sequence", "position", "bases_of_row"  # columns and arrays
READS = {False: ("",), True: (REF, ALT)}  # by whether rows are variants


class Plan(NamedTuple):
    """How a job computes its rows.

    Attributes:
        rows, bases: of each part.
        padded: the lengths to which chunks are padded.
        total: the rows of the output.
    """

    kinds: Sequence[Kind]
    window: int
    overlap: int
    rows: list[int]
    bases: list[int]
    padded: np.ndarray
    total: int


def kinds_of(pools: Sequence[str], layers: Iterable[int]) -> list[Kind]:
    """Return all kinds of vectors, the highest layer first."""
    return [Kind(pool, layer) for layer in sorted(layers, reverse=True) for pool in pools]


def plan(kinds: Sequence[Kind], lengths: np.ndarray, window: int, overlap: int) -> Plan:
    """Plan the job of rows with (n, reads) bases; it depends on nothing else."""
    states = has_states(kinds)
    most = PART_OF_STATES if states else PART
    rows, bases = [0], [0]
    for length in lengths.sum(axis=1).tolist():
        if rows[-1] and bases[-1] + length > most:
            rows.append(0)
            bases.append(0)
        rows[-1] += 1
        bases[-1] += length
    padded = groups_of(chunk_lengths(lengths.reshape(-1), window, overlap))
    return Plan(kinds, window, overlap, rows, bases, padded, int(lengths.sum()) if states else len(lengths))


def options_of(files: Files, source: RowSource, plan: Plan, channels: int) -> dict[str, Any]:
    """Return the options of a job that change its output."""
    return {
        "pool": [*dict.fromkeys(kind.pool for kind in plan.kinds)],
        "layer": [*dict.fromkeys(kind.layer for kind in plan.kinds)],
        "overlap": plan.overlap,
        "sequence_column": files.sequence_column,
        "name_column": files.name_column,
        "name_by_place": files.name_by_place,
        "chr_prefix": files.chr_prefix,
        "aliases": files.aliases and sha256_of(files.aliases),
        "columns": source.columns,
        "reads": list(source.reads),
        "rows": plan.total,
        "channels": channels,
    }


class RowsOfParts:
    """The rows of a source, read once for parts with rising numbers."""

    def __init__(self, source: RowSource, repeated: frozenset[int], sizes: Sequence[int]) -> None:
        self._rows, self._sizes, self._next = usable_rows(source, repeated), sizes, 0

    def of(self, part: int) -> list[Row]:
        """Return the rows of a part; parts before it that were not asked for are skipped."""
        for _ in islice(self._rows, sum(self._sizes[self._next : part])):
            pass
        self._next = part + 1
        return list(islice(self._rows, self._sizes[part]))


def compute(
    model: Any, rows: Sequence[Row], source: RowSource, plan: Plan, strand: str, bases_at_once: int, advance: Advance
) -> Arrays:
    """Return the arrays of a part: names, columns, and vectors by name."""
    reads = [row.reads[number] for number in range(len(source.reads)) for row in rows]
    states = has_states(plan.kinds)
    chunking = Chunking(plan.window, plan.overlap, strand, bases_at_once, plan.padded)
    vectors = (states_of if states else vectors_of)(model, reads, plan.kinds, chunking, advance)
    arrays = _texts(NAME, (row.name for row in rows))
    if states:
        arrays[LENGTH] = np.array([len(read.bases) for read in reads])
    for column, (name, kind) in enumerate(source.columns.items()):
        values = [row.columns[column] for row in rows]
        arrays |= {name: np.array(values, np.int64)} if kind == NUMBER else _texts(name, map(str, values))
    if len(source.reads) > 1:
        pairs = (np.split(of_reads, 2) for of_reads in vectors)
        vectors = [each for ref, alt in pairs for each in (alt - ref, ref, alt)]
    arrays |= dict(zip(names_of(plan.kinds, source.reads), vectors, strict=True))
    return arrays


def has_states(kinds: Sequence[Kind]) -> bool:
    """Return whether each base has a vector."""
    return any(kind.pool == BASES for kind in kinds)


def names_of(kinds: Sequence[Kind], reads: Sequence[str]) -> list[str]:
    """Return the names of the vectors of a row, the first for X: mean, mean_layer2, ref_mean."""
    many = len({kind.layer for kind in kinds}) > 1
    pools = ["state" if kind.pool == BASES else kind.pool for kind in kinds]
    names = [f"{pool}_layer{kind.layer}" if many else pool for pool, kind in zip(pools, kinds, strict=True)]
    if len(reads) == 1:
        return names
    return [f"{part}_{name}" for name in names for part in (DIFFERENCE, REF, ALT)]


def outputs(job: Job, out: Path) -> list[Path]:
    """Return the files with the vectors, and check their suffix."""
    return vector_paths(out, layout_of(job).kinds)


def layout_of(job: Job) -> Layout:
    """Return what the file of a job holds."""
    options = job.options
    kinds = kinds_of(options["pool"], options["layer"])
    columns = {ROW: CATEGORY, POSITION: NUMBER} if has_states(kinds) else options["columns"]
    settings: dict[str, Any] = {"version": job.version, "weights_sha256": job.inputs["weights"].sha256}
    names = ("weights", "window", "overlap", "strand", "precision", "pool", "layer")
    settings |= {name: options[name] for name in names}
    settings["vectors"] = names_of(kinds, options["reads"])
    return Layout(options["rows"], options["channels"], settings["vectors"], columns, settings)


def write(job: Job, parts: Iterable[Arrays], out: Path) -> None:
    """Write the vectors of all parts of a job into `out`."""
    layout = layout_of(job)
    write_vectors(out, layout, _blocks(layout, parts))


def _blocks(layout: Layout, parts: Iterable[Arrays]) -> Iterator[Block]:
    for arrays in parts:
        names = _texts_of(arrays, NAME)
        vectors = {kind: arrays[kind] for kind in layout.kinds}
        if ROW in layout.columns:
            lengths = arrays[LENGTH]
            positions = np.concatenate([np.arange(length) for length in lengths])
            of_bases = np.repeat(np.array(names, object), lengths).tolist()
            labels = [f"{name}:{position}" for name, position in zip(of_bases, positions.tolist(), strict=True)]
            yield Block(labels, {ROW: of_bases, POSITION: positions}, vectors)
        else:
            columns = {
                name: arrays[name] if kind == NUMBER else _texts_of(arrays, name)
                for name, kind in layout.columns.items()
            }
            yield Block(names, columns, vectors)


def _texts(name: str, texts: Iterable[str]) -> dict[str, np.ndarray]:
    """Return texts as two arrays: their bytes, and the end of each in them."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return {f"{name}.bytes": np.frombuffer(b"".join(encoded), np.uint8), f"{name}.ends": ends}


def _texts_of(arrays: Arrays, name: str) -> list[str]:
    content, ends = arrays[f"{name}.bytes"].tobytes(), arrays[f"{name}.ends"].tolist()
    return [content[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)]
