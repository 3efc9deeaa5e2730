"""The parts of a long job in the folder OUT.parts: each is computed once."""

import errno
import os
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import file_written_aside, remove_folder, remove_unfinished, write_text
from hyenadna_core.files.json_file import read_bytes
from hyenadna_core.inference.assemblers import Assembler
from hyenadna_core.inference.job import JOB, LARGEST, Job, with_inputs
from hyenadna_core.inference.locked_output import LOCK, STDOUT, locked_output, parts_folder
from hyenadna_core.inference.part_file import NAME, Arrays, Damaged, from_bytes, name_of, state_name_of, to_bytes
from hyenadna_core.inference.part_state import PartStates
from hyenadna_core.inference.shard import WHOLE
from hyenadna_core.inference.shard_file import SUFFIX, write_shard
from hyenadna_core.inference.stop import Signals, Stopped, stopped_by_signals
from hyenadna_core.terminal import Advance, notice, progress

Compute = Callable[[int, Advance], Arrays]


class Parts:
    """The finished parts of a job, or of its shard, in a folder that this process has locked.

    `job.chosen` has the values of the first run. A part that takes long may save its state in
    `states` while it is computed.
    """

    def __init__(self, job: Job, out: Path, outputs: Sequence[Path], folder: Path, came: Signals) -> None:
        self.job, self.out, self.outputs, self.folder = job, out, outputs, folder
        self.states = PartStates(folder, job.sha256, came)
        self.done: set[int] = set()
        self._came = came  # signals

    @property
    def missing(self) -> list[int]:
        """The numbers of the parts that are not computed yet."""
        return [part for part in self.job.own_parts if part not in self.done]

    def run(self, compute: Compute, description: str, sizes: Sequence[int]) -> None:
        """Compute the missing parts, each into its own file.

        Args:
            compute: compute(part, advance) returns the arrays of a part; it calls advance(n) after
                n more records or bases of it.
            description: of the progress bar.
            sizes: the records or bases of each part of the job.

        Raises:
            HyenaDNAError: a part cannot be written; those before it stay.
        """
        missing = self.missing
        with progress(description, sum(sizes[part] for part in self.job.own_parts)) as advance:
            advance(sum(sizes[part] for part in self.done))
            for part in missing:
                content = to_bytes(compute(part, advance), part, self.job.sha256)
                try:
                    with file_written_aside(self.folder / name_of(part)) as aside:
                        aside.write_bytes(content)
                except OSError as error:
                    raise self._cannot_write(self.folder / name_of(part), error) from None
                self.done.add(part)
                self.states.remove(part)
                if self._came:
                    raise Stopped(self._came[0])

    def finish(self, assembler: Assembler) -> None:
        """Write the output, or the file of the shard; then remove the folder of the parts.

        Raises:
            HyenaDNAError: an input or a part has changed in the meantime, or the output cannot be
                written; the parts stay.
        """
        try:
            if self.job.shard == WHOLE:
                assembler.write(with_inputs(self.job, assembler.inputs, {}), self.arrays(), self.out)
            else:
                write_shard(self.out, self.job, (self.folder / name_of(part) for part in self.job.own_parts))
            for path in self.outputs if self.out != STDOUT else ():
                _to_disk(path)
        except OSError as error:
            if self.out == STDOUT:
                raise
            raise self._cannot_write(self.out, error) from None
        except HyenaDNAError as error:
            if self.out == STDOUT or how_to_continue() in str(error):
                raise
            raise HyenaDNAError(f"{error} {self.state} and stay in {self.folder}: {how_to_continue()}") from None
        remove_parts(self.folder, self.job.parts)

    def find_done(self) -> None:
        """Find the parts that earlier runs finished; one line for each damaged one."""
        own = self.job.own_parts
        with progress("Checking finished parts", len(own)) as advance:
            for part in own:
                path = self.folder / name_of(part)
                try:
                    if path.is_dir():
                        raise HyenaDNAError(f"{path} is a folder: remove it.")
                    if path.is_symlink() or path.exists():
                        read_part(path, part, self.job.sha256)
                        self.done.add(part)
                except Damaged:
                    notice(f"{path} is damaged: it is computed again.")
                self.states.remove(part) if part in self.done else self.states.find(part)
                advance(1)

    @property
    def state(self) -> str:
        """A clause about what is done."""
        begun = f" and {len(self.states.begun):,} begun" if self.states.begun else ""
        return f"{len(self.done):,} of {len(self.job.own_parts):,} parts are done{begun}"

    @property
    def can_go_on(self) -> bool:
        """Whether there is work that another run can use."""
        return bool(self.done or self.states.begun)

    def arrays(self) -> Iterator[Arrays]:
        """Read the arrays of all parts in their order.

        Raises:
            HyenaDNAError: a part has changed in the meantime.
        """
        for part in self.job.own_parts:
            path = self.folder / name_of(part)
            try:
                yield read_part(path, part, self.job.sha256)
            except Damaged:
                raise HyenaDNAError(f"{path} was damaged in the meantime: {how_to_continue()}") from None

    def _cannot_write(self, place: Path, error: OSError) -> HyenaDNAError:
        remedy = "make room" if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT) else "mend this"
        return HyenaDNAError(
            f"Cannot write {place}: {error.strerror}; {self.state}: {remedy}, then {how_to_continue()}"
        )


@contextmanager
def opened_parts(out: Path, job: Job, resume: bool, outputs: Sequence[Path] = ()) -> Iterator[Parts]:
    """Lock the folder OUT.parts, and find the finished parts of a job in it.

    Ctrl-C and SIGTERM within the block end the process with 128 and the number of the signal, after
    one line with the command that goes on. If no part was finished or begun, the folder is removed.
    Without a file as output (`-`), the folder is a temporary one.

    Args:
        resume: whether to go on with the parts of an earlier run.
        outputs: the files that will be written, if it is not `out` only: what a killed run left of
            them is removed.

    Raises:
        HyenaDNAError: another process uses the folder; it has parts and `resume` is not set; or
            the parts are of another job.
    """
    if job.shard != WHOLE and out.suffix != SUFFIX:
        raise HyenaDNAError(f"--out is {out}, but --shard {job.shard} writes a file of type {SUFFIX}: name it so.")
    if job.shard == WHOLE and out.suffix == SUFFIX:
        raise HyenaDNAError(
            f"--out is {out}, but only --shard I/N writes a file of type {SUFFIX}: choose another name."
        )
    check_resume(out, resume)
    with ExitStack() as stack:
        folder = parts_folder(out)
        if out == STDOUT:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hyenadna-")))
        outputs = outputs or [out]
        stack.enter_context(locked_output(out, folder, outputs))
        there = [path for path in outputs if path.exists()]
        kept = _start(folder, job, out, resume, there, len(there) == len(outputs))
        parts = Parts(kept, out, outputs, folder, stack.enter_context(stopped_by_signals()))
        try:
            parts.find_done()
            if resume and parts.can_go_on:
                notice(f"Continuing with {folder}: {parts.state}.")
            yield parts
        except KeyboardInterrupt as stop:
            number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
            can_go_on = parts.can_go_on and out != STDOUT
            rest = how_to_continue() if can_go_on else "nothing is kept."
            notice(f"Stopped: {parts.state}; {rest}")
            raise SystemExit(128 + number) from None
        finally:
            if not parts.can_go_on:
                remove_parts(folder, job.parts)


def check_resume(out: Path, resume: bool) -> None:
    """Raise HyenaDNAError if a run that writes to stdout is to be resumed."""
    if out == STDOUT and resume:
        raise HyenaDNAError("--resume needs a file: name it with --out.")


def how_to_continue() -> str:
    """Return a clause with the command that continues this one."""
    words = [word for word in sys.argv[1:] if word != "--resume"]
    return f"continue with: {shlex.join(['hyenadna', *words[:1], '--resume', *words[1:]])}"


def read_part(path: Path, part: int, job: str) -> Arrays:
    """Read the file of a part.

    Raises:
        Damaged: it is not as it was written.
    """
    if path.is_symlink() or not path.is_file():
        raise Damaged
    return from_bytes(path.read_bytes(), part, job)


def remove_parts(folder: Path, parts: int) -> None:
    """Remove everything that a job with this many parts has written into its folder."""
    names = _names(range(parts))  # without job.json, what is left is not taken for parts
    remove_unfinished(folder, f"{re.escape(JOB)}|{NAME.pattern}", names)
    remove_folder(folder, [*names, LOCK])


def _start(folder: Path, job: Job, out: Path, resume: bool, there: Sequence[Path], is_finished: bool) -> Job:
    """Return the job of a folder: a new one, or the one whose parts are there.

    Args:
        there: the outputs that exist.
        is_finished: whether these are all outputs.
    """
    names = [path.name for path in folder.iterdir() if NAME.fullmatch(path.name)]
    if names and is_finished and not (folder / JOB).exists():  # a run was killed while it removed its parts
        remove_folder(folder, names)
        names = []
    if not names:
        try:
            if resume and there:
                state = f"{out} is finished" if is_finished else f"{there[0]} is there"
                raise HyenaDNAError(f"{state}, and {folder} has no parts of it: remove {there[0]} to compute it again.")
            if resume:
                notice(f"There are no parts in {folder}: starting from the beginning.")
            write_text(folder / JOB, job.to_text())
        except BaseException:
            remove_parts(folder, job.parts)
            raise
        return job
    if not resume:
        raise HyenaDNAError(f"{folder} has parts of an earlier run: add --resume to continue it, or remove it.")
    try:
        kept = Job.from_bytes(read_bytes(folder / JOB, LARGEST), str(folder / JOB))
    except HyenaDNAError as error:
        raise HyenaDNAError(f"{str(error).rstrip('.')}: remove {folder}, and start again without --resume.") from None
    difference = kept.difference(job)
    if kept.shard != job.shard:
        difference = f"--shard is {kept.shard} there, and {job.shard} now"
    if difference:
        raise HyenaDNAError(f"{folder} is of another run: {difference}: use the same, or remove {folder}.")
    remove_unfinished(folder, f"{re.escape(JOB)}|{NAME.pattern}", _names(job.own_parts))
    return replace(job, chosen=job.chosen | kept.chosen)


def _names(parts: range) -> list[str]:
    """Return the names of all files that a job writes into its folder, job.json first."""
    return [JOB, *map(name_of, parts), *map(state_name_of, parts)]


def _to_disk(out: Path) -> None:
    """Wait until a file is on the disk, so that its parts are not removed before that."""
    if out.is_file():
        with out.open("rb") as file:
            os.fsync(file.fileno())
