"""How each command makes its output from the arrays of its parts: add a command here."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from hyenadna_core.inference.job import Job
from hyenadna_core.inference.part_file import Arrays


class Assembler(NamedTuple):
    """What writes the output of a command.

    Attributes:
        inputs: the names of the inputs that `write` reads again, as far as the job has them. They
            are checked before.
        outputs: outputs(job, out) returns the files that `write` writes. It checks their suffix.
        write: write(job, arrays of the parts in their order, out). It reads each part once, and
            writes under a temporary name. The same job and arrays give the same bytes.
    """

    inputs: tuple[str, ...]
    outputs: Callable[[Job, Path], list[Path]]
    write: Callable[[Job, Iterable[Arrays], Path], None]


def _score() -> Assembler:
    from hyenadna_core.inference.score_job import outputs, write

    return Assembler(("vcf",), outputs, write)


def _track() -> Assembler:
    from hyenadna_core.inference.track_job import outputs, write

    return Assembler(("fasta", "bed"), outputs, write)


def _embed() -> Assembler:
    from hyenadna_core.inference.embed_job import outputs, write

    return Assembler((), outputs, write)


# A function for each command, because it may import much.
ASSEMBLERS: dict[str, Callable[[], Assembler]] = {"score": _score, "track": _track, "embed": _embed}
