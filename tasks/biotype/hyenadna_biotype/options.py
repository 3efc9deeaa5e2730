"""The options which choose genes, for the command and for the task."""

import click

from hyenadna_biotype.selection import FEWEST, LONGEST, MOST, Wanted
from hyenadna_core import HyenaDNAError

SPLITS = {  # and how genes are held out
    "chromosome": "by chromosome",
    "block": "by block",
    "stratified": "at random (stratified)",
}
GENES = (
    click.Option(["--biotypes"], metavar="A,B,C", help="Biotypes to use.  [default: the most frequent ones]"),
    click.Option(
        ["--most"], type=click.IntRange(2), default=MOST, show_default=True, help="Number of biotypes, by frequency."
    ),
    click.Option(
        ["--longest"],
        type=click.IntRange(16),
        default=LONGEST,
        help="Bases of a gene that are read, from its start.  [default: 160,000]",
    ),
    click.Option(
        ["--min-genes"],
        type=click.IntRange(1),
        default=FEWEST,
        show_default=True,
        help="Leave out biotypes with fewer usable genes: in all, or on each of --chromosomes.",
    ),
    click.Option(["--chromosomes"], metavar="A,B,C", help="Contigs to use.  [default: all]"),
)


def wanted_of(
    biotypes: str | None, most: int | None, longest: int | None, min_genes: int | None, chromosomes: str | None
) -> Wanted:
    """Return which genes are wanted, from the values of the options; None is the default.

    Raises:
        HyenaDNAError: one biotype is named.
    """
    named = _names(biotypes)
    if len(named) == 1:
        raise HyenaDNAError(f"--biotypes names one biotype, {named[0]}: name two or more.")
    return Wanted(named, most or MOST, longest or LONGEST, min_genes or FEWEST, _names(chromosomes))


def _names(text: str | None) -> tuple[str, ...]:
    names = (name.strip() for name in (text or "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))
