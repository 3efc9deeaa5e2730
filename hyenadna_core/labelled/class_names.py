"""Names of classes: numbers that are no classes, and names that may mean the same."""

import re
from collections.abc import Iterable, Sequence

from hyenadna_core.errors import HyenaDNAError, first_names

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
FEW = 10  # different whole numbers or names that are classes in any case


def are_quantities(labels: Sequence[str]) -> bool:
    """Return whether the labels of a training split are quantities, not names of classes.

    Labels name classes unless all of them are numbers. Numbers name classes if they are whole, and
    there are at most ten different ones, or they count from 0 or 1 without a gap and come at least
    twice on average.
    """
    numbers = set(map(_number, dict.fromkeys(labels)))
    values = {number for number in numbers if number is not None}
    if not values or None in numbers:
        return False
    whole = all(value.is_integer() for value in values)
    counts = min(values) in (0, 1) and max(values) - min(values) + 1 == len(values) <= len(labels) / 2
    return not whole or (len(values) > FEW and not counts)


def check_are_classes(labels: Sequence[str]) -> None:
    """Check that the labels of a training split name classes.

    Raises:
        HyenaDNAError: they are quantities (`are_quantities`), or most rows have their own name,
            as if the labels were names of rows.
    """
    names = dict.fromkeys(labels)
    if are_quantities(labels):
        raise HyenaDNAError(
            f"The labels are {len(set(map(_number, names))):,} different numbers, {first_names(names)}: "
            "give --target regression to predict numbers, or --target classes if each is the name of a class."
        )
    if len(names) > max(FEW, len(labels) / 2):
        raise HyenaDNAError(
            f"The labels of {len(labels):,} rows are {len(names):,} different names, {first_names(names)}: check the "
            "column of labels (in a FASTA, the last word of each header), or give --target classes if each is the name "
            "of a class."
        )


def spellings(names: Iterable[str]) -> list[str]:
    """Return sentences about different names that may mean the same class."""
    alike: dict[object, list[str]] = {}
    for name in sorted(names):
        number = _number(name)
        alike.setdefault(" ".join(name.split()).casefold() if number is None else number, []).append(name)
    sentences = [
        f"The labels {first_names(map(repr, same))} are different classes: write them alike if they mean the same."
        for same in alike.values()
        if len(same) > 1
    ]
    whole = [same[0] for number, same in alike.items() if isinstance(number, float) and number.is_integer()]
    plain, decimal = ([name for name in whole if name.lstrip("+-").isdecimal() is kind] for kind in (True, False))
    if plain and decimal and not sentences:
        sentences.append(
            f"Whole numbers are written in two ways, as in {plain[0]!r} and {decimal[0]!r}: "
            "write all alike, since other files may have the other way."
        )
    return sentences


def _number(text: str) -> float | None:
    return float(text) if NUMBER.fullmatch(text) else None
