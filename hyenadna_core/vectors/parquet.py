"""Write vectors as Parquet: the name, the columns, and a column of lists for each kind."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.genome.track_table import import_pyarrow
from hyenadna_core.vectors.blocks import CATEGORY, NUMBER, Block, Layout, counted


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
