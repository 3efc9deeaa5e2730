"""The options that all commands on a genome share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

DEFAULT_WEIGHTS = "human-chr20-1k"
SMALL = "small, trained on chromosome 20 alone"
PRECISIONS = ("float32", "bfloat16")

PATH = click.Path(path_type=Path)
SMALLEST = 16  # bases of a window


@dataclass(frozen=True)
class Reading:
    """How a command reads the genome: the values of `reading_options`."""

    weights: str | None
    window: int | None
    allow_longer: bool
    strand: str
    batch_size: int | None
    precision: str


OPTIONS = (
    click.option(
        "--weights",
        metavar="NAME|PATH",
        help=f"A preset's name, a run, a file or an address.  [default: {DEFAULT_WEIGHTS}, {SMALL}]",
    ),
    click.option(
        "--window",
        type=click.IntRange(min=SMALLEST),
        help="Bases that the model reads at once.  [default: as many as in its training]",
    ),
    click.option("--allow-longer", is_flag=True, help="Allow a window that is longer than in training."),
    click.option(
        "--strand",
        type=click.Choice(["both", "+", "-"]),
        default="both",
        show_default=True,
        help="The strand that the model reads; the mean of both.",
    ),
    click.option(
        "--batch-size", type=click.IntRange(min=1), help="Windows computed at a time.  [default: as many as fit]"
    ),
    click.option(
        "--precision",
        type=click.Choice(PRECISIONS),
        default=PRECISIONS[0],
        show_default=True,
        help="Precision of matrix products.",
    ),
    click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND."),
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --backend and the options whose values make a `Reading`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
