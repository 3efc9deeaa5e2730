"""Pairs of sequences in a sequence task: what fits them."""

from collections.abc import Mapping

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.pairs import InMemory, LabelledPairs
from hyenadna_core.labelled.rows import Rows, in_memory
from hyenadna_core.labelled.targets import Target


def check_pairs(name: str, pairs: bool, target: Target, long_rows: str, splits: Mapping[str, Rows]) -> None:
    """Check that the rows of a task are pairs if it reads pairs, and that its options fit them.

    One row of each split is read.

    Raises:
        HyenaDNAError: a row has one sequence in place of two, or two in place of one, or another
            fault; or the task reads pairs, and its target is bases or `long_rows` is "windows".
    """
    if pairs and target.kind == "bases":
        raise HyenaDNAError(f"{name} reads pairs, and its target is bases: give one target for each pair.")
    if pairs and long_rows == "windows":
        raise HyenaDNAError(f"{name} reads pairs, which are cropped to their middles: leave out --long-rows windows.")
    for split, rows in splits.items():
        first = rows if isinstance(rows, InMemory) else in_memory(rows, [0], target)
        if isinstance(first, LabelledPairs) is not pairs:
            told, out = ("two sequences", "set pairs = True") if not pairs else ("one sequence", "return LabelledPairs")
            raise HyenaDNAError(f"A {split} row of {name} has {told}, and its pairs is {pairs}: {out}.")
