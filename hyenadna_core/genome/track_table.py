"""Write the values of a genome as Parquet: a row for each base with a value."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.genome.blocks import Block, checked

ROWS = 1 << 18  # in a row group


def write_track_table(
    path: Path, contigs: Mapping[str, int], blocks: Iterable[Block], names: Sequence[str] = ("value",)
) -> None:
    """Write chrom, start (0-based) and a float32 column for each track, in the genome's order.

    A base without any value has no row. A base with values in some tracks has nulls in the others.
    Row groups have ROWS rows, so the bytes do not depend on how the values are cut into blocks.

    Raises:
        HyenaDNAError: pyarrow is not installed, or a block is wrong (`checked`).
        OSError: the file cannot be written.
    """
    pyarrow = import_pyarrow(path)
    from pyarrow import parquet

    columns = [("chrom", pyarrow.string()), ("start", pyarrow.int64()), *((name, pyarrow.float32()) for name in names)]
    schema = pyarrow.schema(columns)
    tables = _tables(pyarrow, schema, checked(path, contigs, blocks, len(names)))
    settings = {"use_dictionary": ["chrom"], "column_encoding": {"start": "DELTA_BINARY_PACKED"}}
    with (
        file_written_aside(path) as aside,
        aside.open("wb") as file,
        parquet.ParquetWriter(file, schema, compression="zstd", **settings) as writer,
    ):
        for group in _groups(pyarrow, schema, tables):
            writer.write_table(group, row_group_size=ROWS)


def import_pyarrow(path: Path) -> Any:
    """Import pyarrow; if it is missing, raise a HyenaDNAError that names the extra."""
    try:
        import pyarrow
    except ImportError:
        raise HyenaDNAError(f"{path} is Parquet, which needs pyarrow: run pip install 'hyenadna[classify]'.") from None
    return pyarrow


def _tables(pyarrow: Any, schema: Any, blocks: Iterable[Block]) -> Iterator[Any]:
    """Yield the rows of each block."""
    for chrom, start, values in blocks:
        there = np.flatnonzero(~np.isnan(values).all(axis=1))
        tracks = [pyarrow.array(track, from_pandas=True) for track in values[there].T]  # NaN becomes null
        names = pyarrow.repeat(pyarrow.scalar(chrom), len(there))
        yield pyarrow.Table.from_arrays([names, pyarrow.array(there + start), *tracks], schema=schema)


def _groups(pyarrow: Any, schema: Any, tables: Iterable[Any]) -> Iterator[Any]:
    """Yield the rows of all tables in tables of ROWS rows; the last one may have fewer."""
    waiting, rows = [schema.empty_table()], 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        if rows >= ROWS:
            joined = pyarrow.concat_tables(waiting).combine_chunks()
            full = rows - rows % ROWS
            for first in range(0, full, ROWS):
                yield joined.slice(first, ROWS)
            waiting, rows = [joined.slice(full)], rows - full
    if rows:
        yield pyarrow.concat_tables(waiting).combine_chunks()
