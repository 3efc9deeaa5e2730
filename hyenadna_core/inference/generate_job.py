"""`hyenadna generate` as a job: its parts, their arrays, and the files that they make."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.inference.assemblers import Assembler
from hyenadna_core.inference.generate import generate
from hyenadna_core.inference.generated import write_generated
from hyenadna_core.inference.job import Input, Job
from hyenadna_core.inference.part_file import Arrays
from hyenadna_core.inference.part_state import PartStates
from hyenadna_core.inference.prompts import Prompt
from hyenadna_core.inference.sampling import Sampling
from hyenadna_core.model.base_by_base import BaseByBase
from hyenadna_core.terminal import Advance

BASES = 1 << 12  # new bases of a part, about
READER = "reader "  # before the names of the arrays of BaseByBase in a state


def parts_of(prompts: int, bases: int) -> list[range]:
    """Group prompts, of which each gets so many new bases; return the numbers in each part."""
    most = max(1, BASES // bases)
    return [range(first, min(first + most, prompts)) for first in range(0, prompts, most)]


def input_of(text: str, prompts: Sequence[Prompt]) -> Input:
    """Return prompts as an input of a job, with the text that names them."""
    return Input(text, hashlib.sha256(json.dumps(prompts).encode()).hexdigest())


@dataclass(frozen=True)
class Generator:
    """Generates the same number of bases after each of several prompts.

    Attributes:
        reader: for the longest prompt and its new bases.
        seed: of the draws; each prompt has draws of its own, by its number.
    """

    reader: BaseByBase
    prompts: Sequence[Prompt]
    bases: int
    samples: int
    sampling: Sampling
    forced: str
    seed: int

    def new_bases(self, number: int, drawn: int = 0) -> Iterator[Any]:
        """Yield the new bases of a prompt, after those that the reader has read already."""
        return generate(
            self.reader.model,
            self.prompts[number].bases,
            self.bases,
            samples=self.samples,
            sampling=self.sampling,
            forced=self.forced,
            seed=(self.seed, number),
            reader=self.reader,
            drawn=drawn,
        )

    def compute(self, part: int, numbers: range, states: PartStates, advance: Advance) -> Arrays:
        """Compute the arrays of a part, which has the prompts with these numbers.

        It goes on from its state, if it has one. The arrays are `ids` (n, samples) uint8 and
        `log_p` (n, samples) float64 of all new bases, those of one prompt after those of another.

        Raises:
            Stopped: a signal came; the state is saved.
        """
        total = len(numbers) * self.bases
        ids, log_p = np.zeros((total, self.samples), np.uint8), np.zeros((total, self.samples))
        done = 0
        if state := states.read(part):
            done = len(state["ids"])
            ids[:done], log_p[:done] = state["ids"], state["log_p"]
            advance(done)
            if done % self.bases:  # the reader has not read the last base that was drawn
                self.reader.restore(_of_reader(state))
                self.reader.step(ids[done - 1].astype(np.int32))
            del state  # it may be large

        def present() -> Arrays:
            arrays: dict[str, np.ndarray] = {"ids": ids[:done], "log_p": log_p[:done]}
            if done % self.bases:
                arrays |= {f"{READER}{name}": array for name, array in self.reader.state().items()}
            return arrays

        while done < total:
            new = self.new_bases(numbers[done // self.bases], done % self.bases)
            first = next(new)  # this reads the prompt, which may be long: a signal stops it at once
            with states.signals.held():
                for each in chain([first], new):
                    ids[done], log_p[done] = each
                    done += 1
                    advance(1)
                    if states.is_due:
                        states.save(part, present)
        return {"ids": ids, "log_p": log_p}


def _of_reader(state: Arrays) -> dict[str, np.ndarray]:
    """Return the arrays of BaseByBase in a state, by their own names."""
    return {name.removeprefix(READER): array for name, array in state.items() if name.startswith(READER)}


def assembler_of(
    prompts: Sequence[Prompt], bases: int, settings: Mapping[str, object], table: Path | None
) -> Assembler:
    """Return what writes the FASTA, and the table if there is one."""

    def write(_job: Job, parts: Iterable[Arrays], out: Path) -> None:
        write_generated(prompts, _by_prompt(parts, bases), settings, out, table)

    return Assembler((), lambda _job, out: [out, *filter(None, [table])], write)


def _by_prompt(parts: Iterable[Arrays], bases: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the token ids and log P after each prompt: (bases, samples) each."""
    for arrays in parts:
        for first in range(0, len(arrays["ids"]), bases):
            yield arrays["ids"][first : first + bases], arrays["log_p"][first : first + bases]
