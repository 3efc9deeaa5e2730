"""The folder of a run: its configuration, its log and its checkpoints."""

import json
import math
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.cache import named, remove_unfinished, write_text
from hyenadna_core.files.json_file import MOST_BYTES, read_bytes, read_object
from hyenadna_core.files.lock import locked
from hyenadna_core.files.run_names import CHECKPOINTS, FILES, FOLDERS, LOCK, LOGS, REPORT, RUN, check_free
from hyenadna_core.terminal import tab_separated

INTEGER = re.compile(r"[0-9]{1,18}")
NUMBER = re.compile(r"-?([0-9]+(\.[0-9]+)?(e[+-][0-9]+)?|inf|nan)")


class LogLine(NamedTuple):
    """One line of log.tsv, written after `step` steps.

    The loss is the mean over the steps since the line before, in nats per base. The learning rate
    is that of the last step.
    """

    step: int
    seq_len: int
    batch_size: int
    bases: int
    loss: float
    learning_rate: float
    seconds: float


def as_json_numbers(value: Any) -> Any:
    """Return a value with None in place of nan and of infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {name: as_json_numbers(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json_numbers(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class RunFolder:
    """A folder with run.json, log.tsv, curves.png and checkpoints/, locked until it is closed."""

    writes = True

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_names(path)
        self._lock = os.fdopen(os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+")
        if not locked(self._lock, path):
            self._lock.close()
            raise HyenaDNAError(f"{path} is in use by another run: wait for it, or choose another --out.")

    def close(self) -> None:
        """Unlock the folder."""
        self._lock.close()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def create(cls, path: Path, run: dict[str, Any]) -> "RunFolder":
        """Make a new folder with its run.json.

        Raises:
            HyenaDNAError: the folder holds a run already, or cannot be made.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            folder = cls(path)
        except OSError as error:
            raise HyenaDNAError(f"Cannot make the run folder {path}: {error.strerror}.") from None
        try:
            check_free(path)
        except HyenaDNAError:
            folder.close()
            raise
        folder.write_run(run)
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Open the folder of an existing run.

        Raises:
            HyenaDNAError: the folder holds no run, another process uses it, it has a link in place
                of a file, or a log is damaged.
        """
        read_run(path)
        folder = cls(path)
        try:
            for name in LOGS:
                folder._lines(name)
        except HyenaDNAError:
            folder.close()
            raise
        names = [name for name in FILES if "/" not in name]
        remove_unfinished(path, "|".join(map(re.escape, names)), names)
        return folder

    @classmethod
    def watch(cls, path: Path) -> "RunFolder":
        """Open a folder that another process of the run writes; this process writes nothing."""
        return Watched(path)

    def read_run(self) -> dict[str, Any]:
        """Read run.json."""
        return read_run(self.path)

    def write_run(self, run: dict[str, Any]) -> None:
        """Write run.json."""
        write_text(self.path / RUN, json.dumps(as_json_numbers(run), indent=2) + "\n")

    def write_report(self, text: str) -> None:
        """Write report.txt: what the command prints when a run ends."""
        if text:
            write_text(self.path / REPORT, text + "\n")

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / CHECKPOINTS

    def log(self, line: LogLine) -> None:
        """Add a line to log.tsv."""
        self._append("log.tsv", line._asdict())

    def log_validation(self, step: int, figures: dict[str, float]) -> None:
        """Add a line to valid.tsv: the step and the figures of the validation split."""
        self._append("valid.tsv", {"step": step} | figures)

    def _append(self, name: str, values: dict[str, Any]) -> None:
        with named(self.path / name), (self.path / name).open("a", encoding="utf-8") as file:
            header = [] if file.tell() else [list(values)]
            texts = [f"{value:.8g}" if isinstance(value, float) else str(value) for value in values.values()]
            file.write(tab_separated([*header, texts]) + "\n")

    def read_log(self) -> list[LogLine]:
        """Read the complete lines of log.tsv; an unfinished last line is skipped.

        Raises:
            HyenaDNAError: a line is damaged.
        """
        return [LogLine(*map(int, cells[:4]), *map(float, cells[4:])) for cells in self._lines("log.tsv")[1:]]

    def read_validations(self) -> list[dict[str, float]]:
        """Read the complete lines of valid.tsv by the names of its columns; the first is the step.

        Raises:
            HyenaDNAError: a line is damaged.
        """
        names, *lines = self._lines("valid.tsv") or [[]]
        return [dict(zip(names, map(float, cells), strict=True)) for cells in lines]

    def cut_log(self, step: int) -> None:
        """Remove the lines after `step`, because a resumed run writes them again.

        Raises:
            HyenaDNAError: a line is damaged.
        """
        for name in LOGS:
            header, *lines = self._lines(name) or [[]]
            if (self.path / name).exists():
                kept = [header, *(cells for cells in lines if int(cells[0]) <= step)] if header else []
                write_text(self.path / name, "".join("\t".join(cells) + "\n" for cells in kept))

    def _lines(self, name: str) -> list[list[str]]:
        """Return the cells of the complete lines of a log; none if there is no such file.

        Raises:
            HyenaDNAError: a line has another number of cells, or cells that are no numbers.
        """
        path = self.path / name
        try:
            lines = path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        first = list(LogLine._fields) if name == "log.tsv" else ["step"]  # columns
        rows = [line.decode(errors="replace").split("\t") for line in lines]
        for number, cells in enumerate(rows, 1):
            numbers = len(cells) == len(rows[0]) and all(map(NUMBER.fullmatch, cells))
            whole = all(map(INTEGER.fullmatch, cells[: len(first)][:4]))
            if not (numbers and whole) if number > 1 else cells[: len(first)] != first:
                raise HyenaDNAError(
                    f"{path}:{number} is not a line of this log ({shown(' '.join(cells), 60)}): correct it or move the "
                    f"file away, then continue with --resume {self.path}."
                )
        return rows


def read_run(path: Path) -> dict[str, Any]:
    """Read the run.json of a run folder.

    Raises:
        HyenaDNAError: there is no run.json, or it is damaged.
    """
    if not (path / RUN).exists():
        raise HyenaDNAError(f"{path} is not a run folder: it has no run.json.")
    return read_object(path / RUN)


def read_report(path: Path) -> str:
    """Return the text of report.txt; empty if the run has none.

    Raises:
        HyenaDNAError: it cannot be read.
    """
    if not (path / REPORT).exists():
        return ""
    return read_bytes(path / REPORT, MOST_BYTES).decode(errors="replace").removesuffix("\n")


def _check_names(path: Path) -> None:
    """Check that each name in FILES and FOLDERS is that of a file or folder, or of nothing.

    Raises:
        HyenaDNAError: it is a link, or something else.
    """
    for names, fits, noun in ((FILES, Path.is_file, "file"), (FOLDERS, Path.is_dir, "folder")):
        for entry in (path / name for name in names):
            if entry.is_symlink():
                raise HyenaDNAError(f"{entry} is a link, which a run does not follow: put the {noun} in its place.")
            if entry.exists() and not fits(entry):
                raise HyenaDNAError(f"{entry} is not a {noun}: move it away.")


class Watched(RunFolder):
    """The folder of a run that another process writes (RunFolder.watch)."""

    writes = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def close(self) -> None:
        pass

    def write_run(self, run: dict[str, Any]) -> None:
        pass

    def write_report(self, text: str) -> None:
        pass

    def cut_log(self, step: int) -> None:
        pass

    def _append(self, name: str, values: dict[str, Any]) -> None:
        pass


def next_free(parent: Path, name: str) -> Path:
    """Return the first of parent/name-1, parent/name-2, ... that does not exist."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    return parent / f"{name}-{number}"
