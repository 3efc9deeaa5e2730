"""Targets: label texts as arrays, with the names, means and deviations of the training split."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.fields import FieldError, OneOf, Range, from_json

KINDS = ("classes", "labels", "regression", "bases")
NONE = ("", "-")  # the text of a row without labels
BETWEEN = ";"  # between the labels of a row in one column
UNLABELLED = "."  # the character of a base without a label; its class is -1
YES_NO = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
LARGEST = float(np.finfo(np.float32).max)
INTEGER = re.compile(r"[+-]?\d+")

Place = Callable[[int], str]  # the name of a row in messages


@dataclass(frozen=True)
class Target:
    """The kind of target, and the names of its K classes, labels or quantities.

    Args:
        kind: "classes", one of K; "labels", each of K present or absent; "regression", K
            quantities; "bases", one class for each base.
        names: of the K classes, labels or quantities.
        center, scale: the mean and standard deviation of each quantity in the training split. They
            standardise the values.
        groups: a group for each of the names, such as "TF" or "DHS"; figures have medians by group.
    """

    kind: Annotated[str, OneOf(KINDS)]
    names: tuple[str, ...]
    center: tuple[float, ...] = ()
    scale: tuple[Annotated[float, Range(0, open_least=True)], ...] = ()
    groups: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Target":
        """Read the target that `to_json` wrote.

        Raises:
            FieldError: a field is missing, is unknown or has a wrong value.
        """
        target = from_json(cls, kept, "task.target.")
        if not target.names:
            raise FieldError("task.target.names is empty")
        for numbers in (target.center, target.scale):
            if len(numbers) not in (0, len(target.names)):
                raise FieldError(f"task.target has {len(target.names)} names and {len(numbers)} numbers to scale them")
        if len(target.groups) not in (0, len(target.names)):
            raise FieldError(f"task.target has {len(target.names)} names and {len(target.groups)} groups")
        return target


def check_names(target: Target, task: str) -> None:
    """Check that the classes, labels or quantities of a task have one name each.

    Raises:
        HyenaDNAError: there are none, or two have one name.
    """
    if not target.names:
        raise HyenaDNAError(f"The target of {task} has no names: name its {target.kind}.")
    repeated = [name for name, count in Counter(target.names).items() if count > 1]
    if repeated:
        raise HyenaDNAError(f"The target of {task} has a name more than once: {first_names(repeated)}: name each once.")


def standardised(values: np.ndarray, target: Target) -> np.ndarray:
    """Subtract the training mean, and divide by the standard deviation: (n, K) -> (n, K)."""
    return np.asarray((values - np.array(target.center or 0.0)) / np.array(target.scale or 1.0))


def restored(values: np.ndarray, target: Target) -> np.ndarray:
    """Undo `standardised`: (n, K) -> (n, K)."""
    return np.asarray(values * np.array(target.scale or 1.0) + np.array(target.center or 0.0))


def read_targets(
    labels: Sequence[tuple[str, ...]],
    kind: str,
    label_columns: Sequence[str] = (),
    target: Target | None = None,
    *,
    names: Sequence[str] = (),
    lengths: Sequence[int] | np.ndarray | None = None,
) -> tuple[Target, np.ndarray]:
    """Convert the texts of label columns to an array of targets.

    The array is (n,) int32 classes; (n, K) float32 labels, 0 or 1; (n, K) float32 values, not
    standardised; or the int32 classes of all bases in one array, -1 for a base without a label.

    Args:
        label_columns: the names of the columns, if they were given.
        target: the target of the training split. Without it, these rows are the training split.
        names: the names of the rows, for messages. Without them, the rows are numbered from 1.
        lengths: the number of bases of each sequence; the kind "bases" needs it.

    Raises:
        HyenaDNAError: a value cannot be read, a name is not in the training split, or the training
            split has fewer than two classes.
    """
    if kind not in KINDS:
        raise HyenaDNAError(f"The kind of target is {kind!r}: choose one of {', '.join(KINDS)}.")
    if len(label_columns) > 1 and kind in ("classes", "bases"):
        raise HyenaDNAError(
            f"{kind} have one label column, not {len(label_columns)}: {first_names(label_columns)}: name one, or give "
            "--target labels or --target regression."
        )

    def place(row: int) -> str:
        return f"row {names[row] if names else row + 1}"

    if kind == "regression":
        return _regression(labels, label_columns, target, place)
    if kind == "labels" and len(label_columns) > 1:
        return _labels_in_columns(labels, label_columns, target, place)
    texts = [text for (text,) in labels]
    if kind == "labels":
        return _labels(texts, target, place)
    if kind == "bases":
        if lengths is None:
            raise ValueError("a target at every base needs the lengths of the sequences")
        return _bases(texts, lengths, target, place)
    target = target or Target("classes", _at_least_two(_ordered(set(texts)), "class"))
    index = _index(target, ((row, text) for row, text in enumerate(texts)), place)
    return target, np.array([index[text] for text in texts], np.int32)


def _labels_in_columns(
    labels: Sequence[tuple[str, ...]], columns: Sequence[str], target: Target | None, place: Place
) -> tuple[Target, np.ndarray]:
    values = [
        [_yes_no(text, place(row), name) for text, name in zip(texts, columns, strict=True)]
        for row, texts in enumerate(labels)
    ]
    return _of_columns(target, Target("labels", tuple(columns))), np.array(values, np.float32).reshape(-1, len(columns))


def _labels(texts: Sequence[str], target: Target | None, place: Place) -> tuple[Target, np.ndarray]:
    of_rows = [
        [] if text in NONE else [label.strip() for label in text.split(BETWEEN) if label.strip()] for text in texts
    ]
    if target is None:
        target = Target("labels", _ordered({label for row in of_rows for label in row}))
        if not target.names:
            raise HyenaDNAError("No row of the training split has a label: check the column of labels.")
    index = _index(target, ((row, label) for row, present in enumerate(of_rows) for label in present), place)
    values = np.zeros((len(texts), len(target.names)), np.float32)
    for row, present in enumerate(of_rows):
        values[row, [index[label] for label in present]] = 1
    return target, values


def _regression(
    labels: Sequence[tuple[str, ...]], columns: Sequence[str], target: Target | None, place: Place
) -> tuple[Target, np.ndarray]:
    columns = columns or ["value"]
    values = np.array(
        [
            [_number(text, place(row), name) for text, name in zip(texts, columns, strict=True)]
            for row, texts in enumerate(labels)
        ]
    ).reshape(len(labels), len(columns))
    spread = values.std(axis=0)
    learned = Target(
        "regression",
        tuple(columns),
        tuple(values.mean(axis=0).tolist()),
        tuple(np.where(spread > 0, spread, 1).tolist()),
    )
    return _of_columns(target, learned), values.astype(np.float32)


def _bases(
    texts: Sequence[str], lengths: Sequence[int] | np.ndarray, target: Target | None, place: Place
) -> tuple[Target, np.ndarray]:
    for row, (text, length) in enumerate(zip(texts, lengths, strict=True)):
        if len(text) != length:
            raise HyenaDNAError(
                f"{place(row)}: the label has {len(text):,} characters for {length:,} bases: give each base one "
                f"character, {UNLABELLED!r} for a base without a label."
            )
    if target is None:
        target = Target("bases", _at_least_two(tuple(sorted(set().union(*texts) - {UNLABELLED})), "class of bases"))
    known = {UNLABELLED, *target.names}
    strange = ((row, letter) for row, text in enumerate(texts) if not known.issuperset(text) for letter in text)
    index = _index(target, (pair for pair in strange if pair[1] != UNLABELLED), place) | {UNLABELLED: -1}
    letters = np.array(sorted(map(ord, index)), np.uint32)
    classes = np.array([index[chr(letter)] for letter in letters], np.int32)
    joined = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    return target, classes[np.searchsorted(letters, joined)]


def _ordered(names: set[str]) -> tuple[str, ...]:
    """Sort names as numbers if all of them are whole numbers, else as text."""
    if all(INTEGER.fullmatch(name) for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def _at_least_two(names: tuple[str, ...], noun: str) -> tuple[str, ...]:
    if len(names) < 2:
        raise HyenaDNAError(f"The training split has one {noun}, {first_names(names)}: it needs at least two.")
    return names


def _index(target: Target, labels: Iterable[tuple[int, str]], place: Place) -> dict[str, int]:
    """Return the number of each name of the target.

    Raises:
        HyenaDNAError: one of the labels, (row, name), is not a name of the target.
    """
    index = {name: number for number, name in enumerate(target.names)}
    first: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for row, name in labels:
        if name not in index:
            first.setdefault(name, row)
            counts[name] += 1
    if counts:
        unknown = [f"{name!r} ({count:,} times, first in {place(first[name])})" for name, count in counts.most_common()]
        noun = "labels" if target.kind == "labels" else "classes"
        raise HyenaDNAError(
            f"Not among the {noun} of the training split, {first_names(target.names)}: {first_names(unknown)}."
        )
    return index


def _of_columns(target: Target | None, learned: Target) -> Target:
    if target is not None and target.names != learned.names:
        columns, trained = ", ".join(learned.names), ", ".join(target.names)
        raise HyenaDNAError(f"The label columns are {columns}; the model was trained on {trained}.")
    return target or learned


def _yes_no(text: str, place: str, column: str) -> int:
    if text.casefold() not in YES_NO:
        raise HyenaDNAError(f"{place}, column {column}: {text!r} is not 0 or 1.")
    return YES_NO[text.casefold()]


def _number(text: str, place: str, column: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= LARGEST:
        raise HyenaDNAError(f"{place}, {column}: {text!r} is not a number that fits float32.")
    return number
