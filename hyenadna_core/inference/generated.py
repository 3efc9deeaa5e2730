"""Generated sequences as FASTA, and log P of their bases as a table."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
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


def write_generated(
    prompts: Sequence[Prompt],
    new_bases: Callable[[int, Prompt], Iterator[NewBases]],
    bases: int,
    samples: int,
    settings: Mapping[str, object],
    out: Path | None,
    table: Path | None,
) -> None:
    """Generate bases after each prompt, and write them; a single sample is written line by line.

    Args:
        new_bases: generates the bases after a prompt, which has this number from 0.
        bases: their number after each prompt.
        settings: of the run, written in the headers.
        out: the FASTA, or None for stdout.
        table: the file with log P of each base, or None.
    """
    total = len(prompts) * bases
    announcement = Announcement(f"Generating {total * samples:,} bases", total)
    with ExitStack() as stack, progress("Generating", total) as advance:
        fasta = _opened(stack, out) if out else sys.stdout
        rows = _opened(stack, table) if table else None
        if rows:
            rows.write("\t".join(COLUMNS) + "\n")

        def counted(new: Iterator[NewBases]) -> Iterator[NewBases]:
            for each in new:
                yield each
                announcement.advance(1)
                advance(1)

        for place, prompt in enumerate(prompts):
            headers = [_header(prompt, number, settings) for number in range(1, samples + 1)]
            ids, log_probs = _written(fasta, headers, counted(new_bases(place, prompt)))
            if rows:
                rows.writelines(_rows(prompt.name, ids, log_probs))


def _rows(name: str, ids: np.ndarray, log_probs: np.ndarray) -> Iterator[str]:
    """Yield a line for each base of each sample: (bases, samples), (bases, samples)."""
    for sample in range(ids.shape[1]):
        for place, (base, log_p) in enumerate(zip(decode(ids[:, sample]), log_probs[:, sample], strict=True), start=1):
            yield f"{name}\t{sample + 1}\t{place}\t{base}\t{log_p:.6g}\n"


def _opened(stack: ExitStack, path: Path) -> IO[str]:
    aside = stack.enter_context(file_written_aside(path))
    return stack.enter_context(aside.open("w", encoding="utf-8", newline="\n"))


def _header(prompt: Prompt, number: int, settings: Mapping[str, object]) -> str:
    """Return the header of a sequence: its name, and what made it."""
    values = {"prompt_bases": len(prompt.bases), **settings}
    pairs = [f"{name}={shown(value)}" for name, value in values.items() if value != ""]
    return f">{prompt.name}/{number} {' '.join(pairs)}"


def _written(fasta: IO[str], headers: Sequence[str], new: Iterator[NewBases]) -> tuple[np.ndarray, np.ndarray]:
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
        text = decode(ids[:, number])
        if not streams:
            fasta.write(f"{header}\n")
        for first in range(len(text) // LINE * LINE if streams else 0, len(text), LINE):
            fasta.write(text[first : first + LINE] + "\n")
    fasta.flush()
    return ids, log_probs
