"""Length warmup as data: a list of stages, each with its sequence length."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hyenadna_core.errors import HyenaDNAError

STAGE = re.compile(r"(?P<seq_len>[0-9]{1,18})(x(?P<batch_size>[0-9]{1,18}))?(@(?P<steps>[0-9]{1,18}))?")
WHOLE = re.compile(r"([1-9][0-9]{0,17})x([1-9][0-9]{0,17})@([1-9][0-9]{0,17})")


@dataclass(frozen=True)
class Stage:
    """Steps at one length: each has batch_size sequences with seq_len predicted bases."""

    seq_len: int
    batch_size: int
    steps: int

    TEXT: ClassVar[str] = "a stage such as 64x256@200"

    def __str__(self) -> str:
        return f"{self.seq_len}x{self.batch_size}@{self.steps}"

    @classmethod
    def from_text(cls, text: str) -> "Stage | None":
        """Read the text of a stage; return None if it has another form or a zero."""
        match = WHOLE.fullmatch(text)
        return cls(*map(int, match.groups())) if match else None

    @property
    def bases(self) -> int:
        return self.seq_len * self.batch_size * self.steps


def stage_at(stages: Sequence[Stage], step: int) -> Stage:
    """Return the stage of a global step; after the end, the last stage."""
    for stage in stages:
        if step < stage.steps:
            return stage
        step -= stage.steps
    return stages[-1]


def bases_until(stages: Sequence[Stage], step: int) -> int:
    """Return the bases seen after `step` steps."""
    bases = 0
    for stage in stages:
        bases += stage.seq_len * stage.batch_size * min(step, stage.steps)
        step -= min(step, stage.steps)
    return bases


def rows_until(stages: Sequence[Stage], step: int) -> int:
    """Return the sequences seen after `step` steps."""
    rows = 0
    for stage in stages:
        rows += stage.batch_size * min(step, stage.steps)
        step -= min(step, stage.steps)
    return rows


def doubling(first: int, last: int) -> list[int]:
    """Return lengths that double from `first` (64, 128, ...), with `last` at the end."""
    lengths = []
    while first < last:
        lengths.append(first)
        first *= 2
    return [*lengths, last]


def parse_stages(text: str, batch_size: int, steps: int) -> list[Stage]:
    """Read stages from text such as `64x256@200,128x128@100` or `64,128,256`.

    Each stage is SEQ_LENxBATCH_SIZE@STEPS. Without a batch size, a step has as many bases as
    `batch_size` sequences of the longest stage. Stages without steps share `steps` evenly.

    Raises:
        HyenaDNAError: the text has another form, contains a zero, or has no stage.
    """
    matches = [STAGE.fullmatch(part.strip()) for part in text.split(",")]
    if not all(matches):
        wrong = next(part for part, match in zip(text.split(","), matches, strict=True) if not match)
        raise HyenaDNAError(
            f"Cannot read the stage {wrong.strip()!r} in {text!r}: "
            "write SEQ_LENxBATCH_SIZE@STEPS, as in 64x256@200,128x128@200, or just lengths, as in 64,128."
        )
    parts = [match.groupdict() for match in matches if match]
    bases_a_step = batch_size * max(int(part["seq_len"]) for part in parts)
    open_steps = sum(part["steps"] is None for part in parts)
    stages = []
    shared = 0
    for part in parts:
        seq_len = int(part["seq_len"])
        stage_steps = part["steps"]
        if stage_steps is None:  # rounding down each running total, so that the stages add up to `steps`
            stage_steps = steps * (shared + 1) // open_steps - steps * shared // open_steps
            shared += 1
        own_batch = int(part["batch_size"]) if part["batch_size"] else max(1, bases_a_step // max(seq_len, 1))
        stages.append(Stage(seq_len, own_batch, int(stage_steps)))
    if 0 < steps < open_steps:
        raise HyenaDNAError(
            f"{steps:,} steps are too few for {open_steps} stages of rising length: give --steps {open_steps} or more, "
            "or --stages."
        )
    if empty := [str(stage) for stage in stages if 0 in (stage.seq_len, stage.batch_size, stage.steps)]:
        raise HyenaDNAError(f"Stage {empty[0]} has a zero: length, batch size and steps must be at least 1.")
    return stages
