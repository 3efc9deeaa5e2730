"""Generated sequences as FASTA, and log P of their bases as a table."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import numpy as np

from hyenadna_core.errors import shown
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.inference.announcement import Announcement
from hyenadna_core.inference.generate import NewBases
from hyenadna_core.inference.prompts import Prompt
from hyenadna_core.terminal import progress
from hyenadna_core.tokens import decode

LINE = 60  # bases of a line
COLUMNS = ("name", "sample", "position", "base", "log_p")


def stream_generated(
    prompts: Sequence[Prompt],
    new_bases: Callable[[int], Iterator[NewBases]],
    bases: int,
    samples: int,
    settings: Mapping[str, object],
    table: Path | None,
) -> None:
    """Generate bases after each prompt, to stdout; a single sample is written line by line.

    Args:
        new_bases: generates the bases after the prompt with this number from 0.
        bases: their number after each prompt.
        settings: of the run, written in the headers.
        table: the file with log P of each base, or None.
    """
    total = len(prompts) * bases
    announcement = Announcement(f"Generating {total * samples:,} bases", total)
    with ExitStack() as stack, progress("Generating", total) as advance:
        rows = _table(stack, table) if table else None

        def counted(new: Iterator[NewBases]) -> Iterator[NewBases]:
            for each in new:
                yield each
                announcement.advance(1)
                advance(1)

        for place, prompt in enumerate(prompts):
            headers = _headers(prompt, samples, settings)
            ids, log_probs = _streamed(sys.stdout, headers, counted(new_bases(place)))
            if rows:
                rows.writelines(_rows(prompt.name, ids, log_probs))


def write_generated(
    prompts: Sequence[Prompt],
    generated: Iterable[tuple[np.ndarray, np.ndarray]],
    settings: Mapping[str, object],
    out: Path,
    table: Path | None,
) -> None:
    """Write generated bases into a FASTA, and a table of their log P; both appear complete.

    Args:
        generated: token ids and log P after each prompt, (bases, samples) each.
        settings: of the run, written in the headers.
        table: the file with log P of each base, or None.
    """
    with ExitStack() as stack:
        fasta = _opened(stack, out)  # it gets its name last: if it is there, so is the table
        rows = _table(stack, table) if table else None
        for prompt, (ids, log_probs) in zip(prompts, generated, strict=True):
            for number, header in enumerate(_headers(prompt, ids.shape[1], settings)):
                fasta.write(f"{header}\n")
                fasta.writelines(_lines(decode(ids[:, number])))
            if rows:
                rows.writelines(_rows(prompt.name, ids, log_probs))


def _rows(name: str, ids: np.ndarray, log_probs: np.ndarray) -> Iterator[str]:
    """Yield a line for each base of each sample: (bases, samples), (bases, samples)."""
    for sample in range(ids.shape[1]):
        for place, (base, log_p) in enumerate(zip(decode(ids[:, sample]), log_probs[:, sample], strict=True), start=1):
            yield f"{name}\t{sample + 1}\t{place}\t{base}\t{log_p:.6g}\n"


def _table(stack: ExitStack, path: Path) -> IO[str]:
    rows = _opened(stack, path)
    rows.write("\t".join(COLUMNS) + "\n")
    return rows


def _opened(stack: ExitStack, path: Path) -> IO[str]:
    aside = stack.enter_context(file_written_aside(path))
    file = stack.enter_context(aside.open("w", encoding="utf-8", newline="\n"))
    stack.callback(_to_disk, file)
    return file


def _to_disk(file: IO[str]) -> None:
    """Wait until a file is on the disk, so that the parts that it comes from may go."""
    file.flush()
    os.fsync(file.fileno())


def _headers(prompt: Prompt, samples: int, settings: Mapping[str, object]) -> list[str]:
    """Return the header of each sequence after a prompt: its name, and what made it."""
    values = {"prompt_bases": len(prompt.bases), **settings}
    pairs = " ".join(f"{name}={shown(value)}" for name, value in values.items() if value != "")
    return [f">{prompt.name}/{number} {pairs}" for number in range(1, samples + 1)]


def _lines(text: str) -> Iterator[str]:
    return (text[first : first + LINE] + "\n" for first in range(0, len(text), LINE))


def _streamed(fasta: IO[str], headers: Sequence[str], new: Iterator[NewBases]) -> tuple[np.ndarray, np.ndarray]:
    """Write the sequences of one prompt; return their ids and log P: (bases, samples) each."""
    kept: list[NewBases] = []
    streams = len(headers) == 1
    if streams:
        fasta.write(f"{headers[0]}\n")
    for each in new:
        kept.append(each)
        if streams and len(kept) % LINE == 0:
            fasta.write(decode(np.concatenate([line.ids for line in kept[-LINE:]])) + "\n")
            fasta.flush()
    ids, log_probs = np.stack([each.ids for each in kept]), np.stack([each.log_probs for each in kept])
    for number, header in enumerate(headers):
        if not streams:
            fasta.write(f"{header}\n")
        fasta.writelines(_lines(decode(ids[len(ids) // LINE * LINE if streams else 0 :, number])))
    fasta.flush()
    return ids, log_probs
