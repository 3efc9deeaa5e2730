"""Write vectors as .npz and .npy, for NumPy without other libraries."""

import json
import zipfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.terminal import tab_separated
from hyenadna_core.vectors.blocks import NUMBER, Block, Layout, counted

NAMES, SETTINGS = "names", "settings"
PIECE = 1 << 22  # bytes that are copied at once


def write_npz(path: Path, layout: Layout, blocks: Iterable[Block]) -> None:
    """Write an array for the names, for each column and for each kind of vectors.

    The array `settings` is a text in JSON. Only one block is in memory.

    Raises:
        HyenaDNAError: the rows are not those of the layout.
        OSError: the file cannot be written.
    """
    with file_written_aside(path) as aside, ExitStack() as stack:
        texts = {NAMES: _Texts(stack, aside.parent)}
        texts |= {name: _Texts(stack, aside.parent) for name, kind in layout.columns.items() if kind != NUMBER}
        arrays = {
            name: _temporary(stack, aside.parent) for name in (*layout.columns, *layout.kinds) if name not in texts
        }
        for _, block in counted(layout, blocks):
            for name, file in texts.items():
                file.write(block.names if name == NAMES else block.columns[name])
            for name, array in arrays.items():
                is_vector = name in block.vectors
                values = block.vectors[name] if is_vector else block.columns[name]
                array.write(np.ascontiguousarray(values, "<f4" if is_vector else "<i8").tobytes())
        with zipfile.ZipFile(aside, "w", allowZip64=True) as archive:
            for name in (NAMES, *layout.columns, *layout.kinds):
                if name in texts:
                    _member(
                        archive, name, (layout.rows,), texts[name].dtype, texts[name].pieces(), zipfile.ZIP_DEFLATED
                    )
                    continue
                is_vector = name in layout.kinds
                shape = (layout.rows, layout.channels) if is_vector else (layout.rows,)
                _member(archive, name, shape, np.dtype("<f4" if is_vector else "<i8"), _pieces(arrays[name]))
            text = np.array(json.dumps(dict(layout.settings)))
            _member(archive, SETTINGS, (), text.dtype, [text.tobytes()])


def write_npy(paths: list[Path], layout: Layout, blocks: Iterable[Block]) -> None:
    """Write one array (n, D) for each kind of vectors, and a table with the names and columns.

    Args:
        paths: of the arrays, then that of the table, which is tab-separated.

    Raises:
        HyenaDNAError: the rows are not those of the layout.
        OSError: a file cannot be written.
    """
    with ExitStack() as stack:
        asides = [stack.enter_context(file_written_aside(path)) for path in paths]
        files = [stack.enter_context(aside.open("wb")) for aside in asides]  # all are closed before one gets its name
        for file in files[:-1]:
            _header(file, (layout.rows, layout.channels), np.dtype("<f4"))
        files[-1].write((tab_separated([["name", *layout.columns]]) + "\n").encode())
        for _, block in counted(layout, blocks):
            for file, kind in zip(files[:-1], layout.kinds, strict=True):
                file.write(np.ascontiguousarray(block.vectors[kind], "<f4").tobytes())
            columns = [block.names, *(map(str, block.columns[name]) for name in layout.columns)]
            files[-1].write((tab_separated(zip(*columns, strict=True)) + "\n").encode())


class _Texts:
    """Texts that are kept in a temporary file until the longest one is known."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._file, self._longest = _temporary(stack, folder), 1

    def write(self, texts: Any) -> None:
        array = np.array(texts, np.str_)
        width = array.dtype.itemsize // 4
        self._longest = max(self._longest, width)
        self._file.write(np.array([len(array), width], "<i8").tobytes() + array.astype(f"<U{width}").tobytes())

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(f"<U{self._longest}")

    def pieces(self) -> Iterable[bytes]:
        self._file.seek(0)
        while head := self._file.read(16):
            count, width = np.frombuffer(head, "<i8").tolist()
            texts = np.frombuffer(self._file.read(4 * count * width), f"<U{width}")
            yield texts.astype(self.dtype).tobytes()


def _temporary(stack: ExitStack, folder: Path) -> IO[bytes]:
    return stack.enter_context(TemporaryFile(dir=folder))


def _pieces(file: IO[bytes]) -> Iterable[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece


def _member(
    archive: zipfile.ZipFile,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype,
    pieces: Iterable[bytes],
    compression: int = zipfile.ZIP_STORED,
) -> None:
    info = zipfile.ZipInfo(f"{name}.npy")  # without a date, so that equal vectors give equal bytes
    info.compress_type = compression
    with archive.open(info, "w", force_zip64=True) as file:
        _header(file, shape, dtype)
        for piece in pieces:
            file.write(piece)


def _header(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype) -> None:
    description = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_2_0(file, description)
