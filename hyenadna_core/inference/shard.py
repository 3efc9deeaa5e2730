"""A shard: one of several shares of a job, each computed by its own process."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import click

FORM = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")


@dataclass(frozen=True, order=True)
class Shard:
    """Shard `number` of `count`, from 1; 1/1 is the whole job."""

    number: int
    count: int

    TEXT: ClassVar[str] = "a shard such as 2/8"

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def from_text(cls, text: str) -> "Shard | None":
        """Read the text of a shard; return None if there is no such shard."""
        match = FORM.fullmatch(text)
        shard = cls(int(match[1]), int(match[2])) if match else None
        return shard if shard and shard.number <= shard.count else None

    def parts(self, parts: int) -> range:
        """Return which parts of a job with this many parts belong to the shard.

        The parts of a shard follow each other. Each part is in one shard. Two shards differ by at
        most one part; if there are more shards than parts, some have none.
        """
        return range(parts * (self.number - 1) // self.count, parts * self.number // self.count)


WHOLE = Shard(1, 1)


def _shard(_ctx: click.Context, _option: click.Parameter, text: str | None) -> Shard:
    """Return the value of --shard."""
    shard = WHOLE if text is None else Shard.from_text(text)
    if shard is None:
        raise click.BadParameter(f"{text!r} is not I/N with I from 1 to N, such as 2/8.")
    return shard


shard_option: Callable[..., Any] = click.option(
    "--shard",
    callback=_shard,
    metavar="I/N",
    help="Compute only shard I of N; --out is a .shard file for `hyenadna merge`.",
)
resume_option: Callable[..., Any] = click.option(
    "--resume", is_flag=True, help="Continue a run that was stopped, with the same options."
)
