"""A job: a command on files that takes long, with everything that its numbers depend on."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.fields import FieldError, Range, from_json
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.files.input import regular_file
from hyenadna_core.files.json_file import parse_object
from hyenadna_core.inference.shard import WHOLE, Shard

JOB = "job.json"
LARGEST = 1 << 24  # bytes of job.json


@dataclass(frozen=True)
class Input:
    """A file that a job reads: its path, and the SHA-256 of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command on these inputs with these options, cut into parts.

    The borders of the parts depend only on the inputs and the options, so a part has the same bytes
    whenever and wherever it is computed.

    Attributes:
        inputs: by the name of their option or argument: vcf, fasta, bed, weights.
        options: all that change the output, by name, as JSON has them; the backend is one.
        chosen: values that this machine chose, such as the batch size. A resumed run keeps them.
            They may differ between shards.
    """

    command: str
    inputs: dict[str, Input]
    options: dict[str, Any]
    parts: Annotated[int, Range(0)]
    chosen: dict[str, Annotated[int, Range(1)]] = field(default_factory=dict)
    shard: Shard = WHOLE
    version: str = field(default_factory=lambda: version("hyenadna"))

    def to_json(self) -> dict[str, Any]:
        """Return the content of job.json."""
        return asdict(self) | {"shard": str(self.shard)}

    def to_text(self) -> str:
        """Return the text of job.json."""
        return json.dumps(self.to_json(), indent=2) + "\n"

    @classmethod
    def from_bytes(cls, content: bytes, place: str) -> "Job":
        """Read the text of job.json.

        Raises:
            HyenaDNAError: it is damaged, or another version wrote it.
        """
        try:
            return from_json(cls, parse_object(content, place))
        except FieldError as error:
            raise HyenaDNAError(f"{place}: {error}; it was edited, or another version of hyenadna wrote it.") from None

    @property
    def own_parts(self) -> range:
        """The numbers of the parts in its shard."""
        return self.shard.parts(self.parts)

    @property
    def sha256(self) -> str:
        """The SHA-256 of everything that the numbers of a part depend on."""
        depends = {name: value for name, (_, value) in self._identity().items()}
        return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()

    def difference(self, other: "Job", place: str = "there", other_place: str = "now") -> str | None:
        """Return a clause about the first thing in which another job differs, or None."""
        ours, theirs = self._identity(), other._identity()
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            (text, value), (other_text, other_value) = ours.get(name, MISSING), theirs.get(name, MISSING)
            if value != other_value:
                same = "with other content " if text == other_text else ""
                return f"{name} is {shown(text)} {place}, and {shown(other_text)} {same}{other_place}"
        return None

    def _identity(self) -> dict[str, tuple[str, Any]]:
        """Return what two parts of one job have in common: by name for a message, (text, value)."""
        options = json.loads(json.dumps(self.options))  # a tuple is a list, as in job.json
        files = {f"the file {name}": (file.path, file.sha256) for name, file in self.inputs.items()}
        values: dict[str, Any] = {"the command": self.command, "the version of hyenadna": self.version}
        others = {f"--{name.replace('_', '-')}": value for name, value in options.items()}
        others["the number of parts"] = self.parts
        first, last = (
            {name: (value if isinstance(value, str) else json.dumps(value), value) for name, value in each.items()}
            for each in (values, others)
        )
        return first | files | last  # other files may change options and parts that follow from them


MISSING = ("missing", None)


def with_inputs(job: Job, names: tuple[str, ...], paths: Mapping[str, Path | None]) -> Job:
    """Return a job whose inputs of these names are there, and are those that the parts came from.

    Args:
        paths: where the user says that inputs are now, by name.

    Raises:
        HyenaDNAError: an input is missing or has other content, or the job has no such input.
    """
    for name, path in paths.items():
        if path is not None and name not in job.inputs:
            raise HyenaDNAError(f"`hyenadna {shown(job.command)}` has no --{name}: leave out --{name} {path}.")
    named = tuple(name for name, path in paths.items() if path is not None and name not in names)
    return replace(job, inputs=job.inputs | dict(_found(job, names + named, paths)))


def _found(job: Job, names: tuple[str, ...], paths: Mapping[str, Path | None]) -> Iterator[tuple[str, Input]]:
    for name in filter(job.inputs.__contains__, names):
        file = job.inputs[name]
        path = paths.get(name) or Path(file.path)
        try:
            regular_file(path)
            sha256 = sha256_of(path)
        except (HyenaDNAError, OSError) as error:
            reason = str(error).rstrip(".") if isinstance(error, HyenaDNAError) else f"{path}: {error.strerror}"
            raise HyenaDNAError(f"{reason}: the output needs the {name} of the run: name it with --{name}.") from None
        if sha256 != file.sha256:
            raise HyenaDNAError(
                f"{path} is not the {name} that was computed: its SHA-256 is {sha256[:12]}..., not "
                f"{shown(file.sha256[:12])}...: name the right file with --{name}."
            )
        yield name, Input(str(path), sha256)
