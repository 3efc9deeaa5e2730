"""Faults of a source of rows, each in one line that names the row: of its sizes and of its rows."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from hyenadna_core.errors import NAME, HyenaDNAError, Interrupted, shown
from hyenadna_core.labelled.pairs import InMemory
from hyenadna_core.labelled.targets import LARGEST, Target
from hyenadna_plugins.errors import reason_of, text_of

PASSED_ON = (HyenaDNAError, Interrupted, MemoryError)  # they are not faults of the source
Read: TypeAlias = Sequence[Any]  # rows as a source gave them
Call: TypeAlias = str  # such as "row({})"


def asked(rows: Any, what: str, ask: Callable[[], Any]) -> Any:
    """Return the answer of a source of rows; `what` is the question in the message.

    Raises:
        HyenaDNAError: the source raised another error, which is the cause.
    """
    return asked_of_each(rows, what, lambda _: ask(), [0])[0]


def asked_of_each(rows: Any, call: Call, ask: Callable[[int], Any], indices: Sequence[int]) -> list[Any]:
    """Return the answers of a source of rows for some indices, such as `rows.row` of each.

    Raises:
        HyenaDNAError: the source raised another error, which is the cause; the message names the
            index.
    """
    answers: list[Any] = []
    try:
        for index in indices:
            answers.append(ask(index))
    except PASSED_ON:
        raise
    except Exception as error:  # whatever the code of a plug-in may raise
        what = f"{call.format(indices[len(answers)])} of {_source(rows)}"
        raise HyenaDNAError(f"{what} raised {type(error).__name__}: {reason_of(error)}.") from error
    return answers


def check_source(rows: Any, split: str, task: str) -> None:
    """Check the number of rows of a split, and of a source their lengths and the checksum.

    No row is read.

    Raises:
        HyenaDNAError: one of them is missing or not what `Rows` says.
    """
    whose = f"The {split} rows of {task} ({_source(rows)})"
    for name in ("__len__", "row", "name"):
        if not callable(getattr(rows, name, None)):
            raise HyenaDNAError(f"{whose} have no method {name}: write it, as hyenadna_core.Rows says.")
    count = asked(rows, "len()", lambda: len(rows))
    if count < 1:
        raise HyenaDNAError(f"{whose} are none: return None for a split without rows.")
    if isinstance(rows, InMemory):  # its arrays agree
        return
    lengths = asked(rows, "lengths", lambda: rows.lengths)
    if not isinstance(lengths, np.ndarray) or lengths.ndim != 1 or lengths.dtype.str[1:] not in ("i4", "i8"):
        raise HyenaDNAError(f"{whose} have as lengths {_form(lengths)}: give an array (n,) of int32 or int64.")
    if len(lengths) != count:
        raise HyenaDNAError(f"{whose} are {count:,}, and there are {len(lengths):,} lengths: give one for each row.")
    least = (lengths[:1] if lengths.strides == (0,) else lengths).min()
    if least < 1:
        raise HyenaDNAError(f"{whose} have the length {least} at row {int(lengths.argmin())}: leave out empty rows.")
    checksum = asked(rows, "checksum", lambda: rows.checksum)
    if not isinstance(checksum, str) or not checksum:
        raise HyenaDNAError(f"{whose} have as checksum {_form(checksum)}: give a text that changes with the data.")


def check_rows_read(
    rows: Any, read: Read, indices: Sequence[int], call: Call, whole: bool, pairs: bool | None = None
) -> None:
    """Check that rows are pairs of bases and a target, and that they have their lengths.

    Args:
        whole: whether a row has all its bases; a window for training may have fewer.
        pairs: whether a row has two sequences; None for as many as the first row has.

    Raises:
        HyenaDNAError: a row is something else; the message names it.
    """
    if len(read) != len(indices):
        raise HyenaDNAError(f"many of {_source(rows)} gave {len(read):,} rows for {len(indices):,} indices.")
    lengths = np.asarray(rows.lengths)[np.asarray(indices, np.int64)].tolist()
    for index, row, length in zip(indices, read, lengths, strict=True):
        fault = _fault_of_row(row, length, whole, pairs)
        if fault:
            raise HyenaDNAError(f"{_place(rows, index, call)} {fault}.")
        pairs = isinstance(row[0], tuple)


def _fault_of_row(row: Any, length: int, whole: bool, pairs: bool | None) -> str:
    """Return what is wrong with a row, or ""; `pairs` is whether it is one of pairs, if known."""
    if not isinstance(row, tuple | list) or len(row) != 2:
        return f"is {_form(row)}: return the bases and the target, (bases, target)"
    bases = row[0]
    if pairs is not None and isinstance(bases, tuple) is not pairs:
        has, wanted = ("one sequence", "two") if pairs else ("two sequences", "one")
        return f"has {has} in place of {wanted}: give all rows of a task the same"
    sides = bases if isinstance(bases, tuple) else (bases,)
    if len(sides) != 2 and sides is bases:
        return f"has {len(sides)} sequences: return two for a pair"
    longest = 0
    for side in sides:
        if not isinstance(side, np.ndarray) or side.dtype != np.uint8 or side.ndim != 1:
            return (
                f"has as bases {_form(side)}: return an array (L,) of uint8, such as np.frombuffer(b'ACGT', np.uint8)"
            )
        if not len(side):
            return "has a sequence without bases: leave it out"
        longest = max(longest, len(side))
    if longest > length or (whole and longest < length):
        most = "" if whole else "at most "
        return f"has {longest:,} bases, and lengths says {most}{length:,}: the two must agree"
    return ""


def joined_targets(rows: Any, read: Read, indices: Sequence[int], call: Call, target: Target) -> np.ndarray:
    """Return the targets of rows as one array: (B,), (B, K), or those of all bases.

    Raises:
        HyenaDNAError: a target has another shape, type or value than its kind has; the message
            names its row.
    """
    if not read:
        return np.array([])
    wanted = [_shape(bases, target) for bases, _ in read]
    try:
        values = [np.asarray(value) for _, value in read]
        joined = np.concatenate(values) if target.kind == "bases" else np.stack(values)
        right = all(value.shape == shape for value, shape in zip(values, wanted, strict=True))
        right = right and not _fault_of_values(joined, target)
    except (TypeError, ValueError):
        right = False
    if right:
        number = np.int32 if target.kind in ("classes", "bases") else np.float32
        return joined.astype(number) if joined.dtype == bool else joined
    for index, (_, value), shape in zip(indices, read, wanted, strict=True):
        fault = _fault_of_target(value, shape, target)
        if fault:
            raise HyenaDNAError(f"{_place(rows, index, call)} {fault}.")
    raise HyenaDNAError(
        f"The targets of {_source(rows)} have types that do not go together: give all of them one type."
    )


def _shape(bases: Any, target: Target) -> tuple[int, ...]:
    if target.kind == "bases":
        return (max(map(len, bases)) if isinstance(bases, tuple) else len(bases),)
    return () if target.kind == "classes" else (len(target.names),)


def _fault_of_target(value: Any, shape: tuple[int, ...], target: Target) -> str:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):  # a list of lists of different lengths
        return f"has as target {_form(value)}: the kind {target.kind} has the shape {shape}"
    if array.shape != shape:
        return f"has a target of the shape {array.shape}: the kind {target.kind} has {shape} here"
    values = array.reshape(-1)
    for at in range(len(values)):
        if fault := _fault_of_values(values[at : at + 1], target):
            where = f" at {at}" if array.ndim else ""
            return f"has the target {shown(values[at], NAME)}{where}: {fault}"
    return ""


def _fault_of_values(values: np.ndarray, target: Target) -> str:
    """Return what is wrong with the values of targets, or ""."""
    kind, classes = target.kind, len(target.names)
    if kind in ("classes", "bases"):
        least = -1 if kind == "bases" else 0
        if values.dtype.kind not in "biu" or (values.size and not least <= values.min() <= values.max() < classes):
            return f"{kind} are whole numbers from {least} to {classes - 1}"
    elif kind == "labels":
        if values.dtype.kind not in "biuf" or not ((values == 0) | (values == 1)).all():
            return "each label is 0 or 1"
    elif values.dtype.kind not in "biuf" or not (np.abs(values) <= LARGEST).all():
        return "each quantity is a finite number that fits float32"
    return ""


def names_of(rows: Any, indices: Sequence[int]) -> tuple[str, ...]:
    """Return the names of rows.

    Raises:
        HyenaDNAError: a name is not text that a UTF-8 file can hold; the message names its row.
    """
    names = asked_of_each(rows, "name({})", rows.name, indices)
    try:
        "".join(names).encode()
    except (TypeError, UnicodeEncodeError):
        index, name = next(pair for pair in zip(indices, names, strict=True) if not _is_text(pair[1]))
        what = f"name({index}) of {_source(rows)} is {_form(name)}"
        raise HyenaDNAError(f"{what}: return text that UTF-8 can hold.") from None
    return tuple(names)


def _is_text(name: Any) -> bool:
    try:
        return isinstance(name, str) and bool(name.encode() or True)
    except UnicodeEncodeError:
        return False


def _place(rows: Any, index: int, call: Call) -> str:
    """Return the place of a row in messages, with its name if it has one."""
    try:
        name = f" ({shown(rows.name(index), NAME)})"
    except Exception:
        name = ""
    return f"{call.format(index)} of {_source(rows)}{name}"


def _source(rows: Any) -> str:
    return shown(type(rows).__name__, NAME)


def _form(value: Any) -> str:
    """Return an array's type and shape, or a value and its type, for messages."""
    if isinstance(value, np.ndarray):
        return f"an array {value.shape} of {value.dtype}"
    return f"{shown(text_of(value, repr), NAME)} ({type(value).__name__})"
