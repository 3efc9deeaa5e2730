"""A file for HDF5 that keeps an error of the disk, because HDF5 cannot close a file after one.

The HDF5 library ends the process if it cannot write what it still holds. So after an error, what it
writes is kept in memory; the writer looks at `error` and stops.
"""

import io
from typing import Any


class HDF5File(io.RawIOBase):
    """A file that h5py writes: `h5py.File(HDF5File(raw), "w")`.

    Attributes:
        error: the first error of the disk, or None.
    """

    def __init__(self, raw: io.FileIO) -> None:
        self._raw, self._place = raw, 0
        self._kept: list[tuple[int, bytes]] = []  # what was written after the error
        self.error: OSError | None = None

    def check(self) -> None:
        """Raise the error of the disk, if there was one."""
        if self.error:
            raise self.error

    def write(self, data: Any) -> int:
        content = bytes(data)
        if not self.error:
            try:
                self._raw.seek(self._place)
                written = 0
                while written < len(content):
                    written += self._raw.write(content[written:])
            except OSError as error:
                self.error = error
        if self.error:
            self._kept.append((self._place, content))
        self._place += len(content)
        return len(content)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        self._raw.seek(self._place)
        content = bytearray(self._raw.read(len(view)).ljust(len(view), b"\0"))
        for place, kept in self._kept:
            first, last = max(place, self._place), min(place + len(kept), self._place + len(view))
            if first < last:
                content[first - self._place : last - self._place] = kept[first - place : last - place]
        view[:] = content
        self._place += len(view)
        return len(view)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._end()}
        self._place = starts[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def truncate(self, size: int | None = None) -> int:
        size = self._place if size is None else size
        if not self.error:
            try:
                self._raw.truncate(size)
            except OSError as error:
                self.error = error
        return size

    def _end(self) -> int:
        return max([self._raw.seek(0, io.SEEK_END), *(place + len(kept) for place, kept in self._kept)])

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
