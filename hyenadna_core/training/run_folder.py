"""The folder of a run: its configuration, its log and its checkpoints."""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import write_text
from hyenadna_core.files.lock import locked
from hyenadna_core.terminal import tab_separated


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
    """Return a value with None in place of each nan, because JSON has no nan."""
    if isinstance(value, dict):
        return {name: as_json_numbers(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json_numbers(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


class RunFolder:
    """A folder with run.json, log.tsv, curves.png and checkpoints/, locked until it is closed."""

    writes = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = (path / ".lock").open("w")
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
        if (path / "run.json").exists():
            folder.close()
            raise HyenaDNAError(
                f"{path} holds a run already: continue it with --resume {path}, or choose another --out."
            )
        folder.write_run(run)
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Open the folder of an existing run.

        Raises:
            HyenaDNAError: the folder holds no run, or another process uses it.
        """
        read_run(path)
        return cls(path)

    @classmethod
    def watch(cls, path: Path) -> "RunFolder":
        """Open a folder that another process of the run writes; this process writes nothing."""
        return Watched(path)

    def read_run(self) -> dict[str, Any]:
        """Read run.json."""
        return read_run(self.path)

    def write_run(self, run: dict[str, Any]) -> None:
        """Write run.json."""
        write_text(self.path / "run.json", json.dumps(as_json_numbers(run), indent=2) + "\n")

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    def log(self, line: LogLine) -> None:
        """Add a line to log.tsv."""
        self._append("log.tsv", line._asdict())

    def log_validation(self, step: int, figures: dict[str, float]) -> None:
        """Add a line to valid.tsv: the step and the figures of the validation split."""
        self._append("valid.tsv", {"step": step} | figures)

    def _append(self, name: str, values: dict[str, Any]) -> None:
        with (self.path / name).open("a", encoding="utf-8") as file:
            header = [] if file.tell() else [list(values)]
            texts = [f"{value:.8g}" if isinstance(value, float) else str(value) for value in values.values()]
            file.write(tab_separated([*header, texts]) + "\n")

    def read_log(self) -> list[LogLine]:
        """Read the complete lines of log.tsv; an unfinished last line is skipped."""
        try:
            text = (self.path / "log.tsv").read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        lines = [line.split("\t") for line in text[: text.rfind("\n") + 1].splitlines()[1:]]
        return [
            LogLine(*(kind(value) for kind, value in zip(LogLine.__annotations__.values(), line, strict=True)))
            for line in lines
        ]

    def cut_log(self, step: int) -> None:
        """Remove the lines after `step`, because a resumed run writes them again."""
        for name in ("log.tsv", "valid.tsv"):
            path = self.path / name
            if not path.exists():
                continue
            text = path.read_text(encoding="utf-8")
            header, *lines = text[: text.rfind("\n") + 1].splitlines(keepends=True) or [""]
            write_text(path, header + "".join(line for line in lines if int(line.split("\t")[0]) <= step))


def read_run(path: Path) -> dict[str, Any]:
    """Read the run.json of a run folder.

    Raises:
        HyenaDNAError: there is no run.json, or it is damaged.
    """
    if not (path / "run.json").exists():
        raise HyenaDNAError(f"{path} is not a run folder: it has no run.json.")
    try:
        run: dict[str, Any] = json.loads((path / "run.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise HyenaDNAError(f"Cannot read {path / 'run.json'}: {error}.") from None
    if not isinstance(run, dict):
        raise HyenaDNAError(f"{path / 'run.json'} holds no run: it is not an object.")
    return run


class Watched(RunFolder):
    """The folder of a run that another process writes (RunFolder.watch)."""

    writes = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def close(self) -> None:
        pass

    def write_run(self, run: dict[str, Any]) -> None:
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
