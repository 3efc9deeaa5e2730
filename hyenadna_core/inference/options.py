"""The options that all commands on a genome share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from hyenadna_core.files.input import GivenPath
from hyenadna_core.hyena_config import RANGES, SPECIAL_TOKENS

DEFAULT_WEIGHTS = "human-chr20-1k"
SMALL = "small, trained on chromosome 20 alone"
PRECISIONS = ("float32", "bfloat16")

PATH = GivenPath()
SHORTEST, LONGEST = 16, int(RANGES["max_seq_len"][1]) - SPECIAL_TOKENS  # bases of a window


@dataclass(frozen=True)
class Reading:
    """How a command reads the genome: the values of `reading_options`."""

    weights: str | None
    window: int | None
    allow_longer: bool
    strand: str
    batch_size: int | None
    precision: str


weights_option: Callable[..., Any] = click.option(
    "--weights",
    metavar="NAME|PATH",
    help=f"A preset, the folder of a run, a file or an address.  [default: {DEFAULT_WEIGHTS}, {SMALL}]",
)
backend_option: Callable[..., Any] = click.option(
    "--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND."
)
OPTIONS = (
    weights_option,
    click.option(
        "--window",
        type=click.IntRange(SHORTEST, LONGEST),
        help="Bases that the model reads at once.  [default: the length of its training]",
    ),
    click.option("--allow-longer", is_flag=True, help="Allow a longer window than in training; models fail on these."),
    click.option(
        "--strand",
        type=click.Choice(["both", "+", "-"]),
        default="both",
        show_default=True,
        help="Strand that the model reads; both: the mean of + and -.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(min=1),
        help="Windows computed at a time.  [default: what fits into half of the free memory, at most 32,768 bases]",
    ),
    click.option(
        "--precision",
        type=click.Choice(PRECISIONS),
        default=PRECISIONS[0],
        show_default=True,
        help="Precision of matrix products.",
    ),
    backend_option,
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --backend and the options whose values make a `Reading`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


VARIANT_OPTIONS = (
    click.option("--allow-mismatch", is_flag=True, help="Leave out alleles, without an error, if REF differs."),
    click.option("--aliases", type=PATH, help="Names of contigs: each line has the name in VCF, a tab, that in FASTA."),
    click.option(
        "--chr-prefix",
        type=click.Choice(["add", "strip"]),
        help="Add chr to the names of contigs in VCF, or remove it.",
    ),
)


def variant_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a VCF whose alleles are compared with a genome."""
    for option in reversed(VARIANT_OPTIONS):
        command = option(command)
    return command
