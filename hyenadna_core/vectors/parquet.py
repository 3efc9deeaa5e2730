"""Vectors in Parquet: a column of lists, or a column of numbers for each dimension."""

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.genome.track_table import import_pyarrow
from hyenadna_core.terminal import notice
from hyenadna_core.vectors.blocks import CATEGORY, NUMBER, Block, Layout, counted
from hyenadna_core.vectors.columns import NOT_VECTORS, Vectors, chosen, names_column, texts
from hyenadna_plugins import reason_of

WIDE = "columns of numbers"


def read_parquet(path: Path, which: str | None, not_vectors: Collection[str] = ()) -> Vectors:
    """Read vectors of a Parquet file.

    A column of lists has vectors. Without one, all columns of numbers are the vectors, except the
    usual names of positions and labels; a line says which columns were taken.

    Args:
        which: the column of lists; by default the first.
        not_vectors: more names of columns of numbers that are no part of a vector.

    Raises:
        HyenaDNAError: the file is damaged, has no such column, lists differ in length, or pyarrow
            is not installed.
    """
    try:
        from pyarrow import parquet, types
    except ImportError:
        raise HyenaDNAError(f"{path} is Parquet, which needs pyarrow: run pip install 'hyenadna[classify]'.") from None
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            is_list = [types.is_list(each.type) or _is_other_list(types, each.type) for each in schema]
            lists = [name for name, one in zip(schema.names, is_list, strict=True) if one]
            others = [name for name, one in zip(schema.names, is_list, strict=True) if not one]
            if len(set(schema.names)) < len(schema.names):
                raise HyenaDNAError(f"{path} has several columns of one name: rename all but one.")
            name = names_column(path, others)
            kept = [each for each in others if _is_column(types, schema.field(each).type)]
            if lists:
                wanted = [chosen(path, which, lists, "a column of lists")]
            else:
                outside = {each.casefold() for each in (*NOT_VECTORS, *not_vectors)}
                wanted = [each for each in kept if _is_number(types, schema.field(each).type)]
                wanted = [each for each in wanted if each.casefold() not in outside and each != name]
            table = file.read(columns=list(dict.fromkeys([*wanted, *kept, name])))
        if lists:
            values = _of_lists(path, wanted[0], table.column(wanted[0]))
        else:
            chosen(path, which, [WIDE] if wanted else [], "a column of lists, or columns of numbers")
            notice(f"{path}: the vectors are {len(wanted):,} columns of numbers: {first_names(wanted)}.")
            values = np.column_stack([_array(table.column(each)) for each in wanted])
        columns = {each: _array(table.column(each)) for each in kept if each not in wanted and each != name}
        return Vectors(
            path,
            wanted[0] if lists else WIDE,
            texts(_array(table.column(name))),
            values,
            columns,
            tuple(other for other in lists if other != wanted[0]),
        )
    except HyenaDNAError:
        raise
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise HyenaDNAError(f"{path} cannot be read as Parquet: {reason_of(error)}.") from None


def _of_lists(path: Path, name: str, column: Any) -> np.ndarray:
    """Return a column of lists of one length as an array: n lists of D -> (n, D)."""
    from pyarrow import compute

    lengths = compute.list_value_length(column).to_numpy()
    if column.null_count or len(set(lengths.tolist())) > 1:
        shape = f"lists of {np.nanmin(lengths):g} to {np.nanmax(lengths):g} numbers"
        raise HyenaDNAError(
            f"{path}: the column {name} has {column.null_count:,} missing lists, and {shape}: give each row a vector "
            "of the same length."
        )
    flat = _array(column.combine_chunks().flatten())
    if flat.dtype.kind not in "fiu":
        raise HyenaDNAError(f"{path}: the column {name} holds {column.type}: expected lists of numbers.")
    return flat.reshape(len(lengths), -1) if len(lengths) else np.empty((0, 0))


def _array(column: Any) -> np.ndarray:
    """Return a column of pyarrow as numbers, or as text: (n,)."""
    from pyarrow import types

    if _is_number(types, column.type):
        return np.asarray(column.to_numpy() if hasattr(column, "chunks") else column.to_numpy(zero_copy_only=False))
    return np.array(texts(np.array(column.to_pylist(), dtype=object)), dtype=str)


def _is_other_list(types: Any, of: Any) -> bool:
    return bool(types.is_large_list(of) or types.is_fixed_size_list(of))


def _is_number(types: Any, of: Any) -> bool:
    return bool(types.is_integer(of) or types.is_floating(of))


def _is_column(types: Any, of: Any) -> bool:
    """Return whether a type is text, a number or a boolean."""
    of = of.value_type if types.is_dictionary(of) else of
    text = types.is_string(of) or types.is_large_string(of) or types.is_string_view(of)
    return bool(text or _is_number(types, of) or types.is_boolean(of))


def write_parquet(path: Path, layout: Layout, blocks: Iterable[Block]) -> None:
    """Write vectors as lists of D float32; the metadata `hyenadna` has the settings in JSON.

    Raises:
        HyenaDNAError: pyarrow is not installed, or the rows are not those of the layout.
        OSError: the file cannot be written.
    """
    pyarrow = import_pyarrow(path)
    from pyarrow import parquet

    vector = pyarrow.list_(pyarrow.float32(), layout.channels)
    columns = [("name", pyarrow.string())]
    columns += [
        (name, pyarrow.int64() if kind == NUMBER else pyarrow.string()) for name, kind in layout.columns.items()
    ]
    schema = pyarrow.schema([*columns, *((kind, vector) for kind in layout.kinds)])
    schema = schema.with_metadata({"hyenadna": json.dumps(dict(layout.settings))})
    settings = {"use_dictionary": [name for name, kind in layout.columns.items() if kind == CATEGORY]}
    with (
        file_written_aside(path) as aside,
        aside.open("wb") as file,
        parquet.ParquetWriter(file, schema, compression="zstd", **settings) as writer,
    ):
        for _, block in counted(layout, blocks):
            writer.write_table(pyarrow.Table.from_arrays(_arrays(pyarrow, layout, block), schema=schema))


def _arrays(pyarrow: Any, layout: Layout, block: Block) -> list[Any]:
    vectors = (np.ascontiguousarray(block.vectors[kind], np.float32).reshape(-1) for kind in layout.kinds)
    lists = [pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(values), layout.channels) for values in vectors]
    return [pyarrow.array(block.names), *(pyarrow.array(block.columns[name]) for name in layout.columns), *lists]
