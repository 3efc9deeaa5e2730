"""Values from a file, checked against the fields of a dataclass: their names, types and ranges."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hyenadna_core.errors import HyenaDNAError, shown

VALUE = 60  # characters of a value in a message
T = TypeVar("T")
NOUNS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    tuple: "a list",
    dict: "a table",
}


class FieldError(HyenaDNAError):
    """A field that is missing, unknown, or has a wrong value; the message names it."""


@dataclass(frozen=True)
class Range:
    """The numbers from `least` to `most`, without the ends that are open; for Annotated."""

    least: float
    most: float = math.inf
    open_least: bool = False
    open_most: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.least if self.open_least else value >= self.least
        return above and (value < self.most if self.open_most else value <= self.most)

    def __str__(self) -> str:
        low = f"{'above' if self.open_least else 'of at least'} {self.least:.12g}"
        high = f" and {'below' if self.open_most else 'at most'} {self.most:.12g}"
        return f"a number {low}{high if self.most < math.inf else ''}"


@dataclass(frozen=True)
class OneOf:
    """The texts that a field may have; for Annotated."""

    choices: tuple[str, ...]

    def __contains__(self, value: str) -> bool:
        return value in self.choices

    def __str__(self) -> str:
        return f"one of {', '.join(self.choices)}"


def from_json(cls: type[T], values: Any, path: str = "", others: bool = False) -> T:
    """Make a dataclass from a JSON object, and check each field against its annotation.

    Lists become tuples. A nested dataclass is an object; a class with `from_text` is text. Other
    annotations are bool, int, float, str, `X | None`, tuple[X, ...], dict[str, X], Any, and
    Annotated[X, Range(...)] or Annotated[X, OneOf(...)]. Numbers are finite.

    Args:
        path: the place of the object in its file, such as "config.", for messages.
        others: whether the object may have names that are no fields.

    Raises:
        FieldError: a field is missing, is unknown, or has a wrong value.
    """
    if not isinstance(values, Mapping):
        raise _wrong(path.removesuffix(".") or "the content", values, "a table")
    known = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]
    for name in values:
        if name not in known and not others:
            raise FieldError(f"{path}{shown(name, VALUE)} is unknown")
    hints = get_type_hints(cls, include_extras=True)
    made = {}
    for name, field in known.items():
        if name in values:
            made[name] = _checked(hints[name], values[name], path + name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise FieldError(f"{path}{name} is missing")
    return cls(**made)


def _checked(hint: Any, value: Any, name: str) -> Any:
    """Return the value of a field in the type of its annotation."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin is Annotated:
        checked = _checked(arguments[0], value, name)
        for limit in arguments[1:]:
            if checked not in limit:
                raise _wrong(name, value, limit)
        return checked
    if origin in (Union, UnionType):
        (of_value,) = (argument for argument in arguments if argument is not type(None))
        return None if value is None else _checked(of_value, value, name)
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(_checked(arguments[0], each, f"{name}[{index}]") for index, each in enumerate(value))
    if origin is dict and isinstance(value, Mapping):
        return {key: _checked(arguments[1], each, f"{name}.{shown(key, VALUE)}") for key, each in value.items()}
    if is_dataclass(hint) and not hasattr(hint, "from_text"):
        return from_json(hint, value, f"{name}.")  # type: ignore[arg-type]
    if hasattr(hint, "from_text"):
        made = hint.from_text(value) if isinstance(value, str) else None
        if made is None:
            raise _wrong(name, value, hint.TEXT)
        return made
    number = hint is float and isinstance(value, int) and not isinstance(value, bool)
    if type(value) is not (origin or hint) and not number:
        raise _wrong(name, value, NOUNS[origin or hint])
    if hint is float and not abs(value) < 1e300:
        raise _wrong(name, value, "a finite number")
    return float(value) if number else value


def _wrong(name: str, value: Any, wanted: object) -> FieldError:
    return FieldError(f"{name} is {shown(repr(value), VALUE)}, not {wanted}")
