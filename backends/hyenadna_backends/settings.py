"""The settings of a layer: all that its output depends on, except its input and its weights."""

from functools import cache
from typing import Any

PLAIN = frozenset((bool, int, float, str, type(None)))  # equal if their values are
OF_WEIGHTS = ("seed", "_initializer", "_regularizer", "_constraint")  # ends of names: how weights start and train


def settings(layer: Any) -> tuple[Any, ...]:
    """Return the settings of a layer and of all its parts, as one value that can be hashed.

    Layers with equal settings compute the same function of their input and their variables. A
    function, and an object that is not known here, is equal only to itself.
    """
    parts = layer._flatten_layers()
    numbers = {id(part): number for number, part in enumerate([*parts, *layer.variables])}

    return tuple([(type(part), part.dtype_policy.name, part.autocast, _named(vars(part), numbers)) for part in parts])


def _named(values: dict[Any, Any], numbers: dict[int, int]) -> tuple[Any, ...]:
    return tuple([(name, _value(value, numbers)) for name, value in values.items() if _counts(str(name))])


@cache
def _counts(name: str) -> bool:
    """Return whether a layer's output may depend on the attribute of this name."""
    return name not in _bookkeeping() and not name.endswith(OF_WEIGHTS)


@cache
def _bookkeeping() -> frozenset[str]:
    """Return the names of the attributes that Keras gives to every layer."""
    import keras

    layer = keras.layers.Layer()
    layer.build(None)
    return frozenset(vars(layer))


def _value(value: Any, numbers: dict[int, int]) -> Any:
    """Return a value that is equal if the setting is: parts and variables become their numbers."""
    if type(value) in PLAIN:
        return value
    if id(value) in numbers:
        return numbers[id(value)]
    if isinstance(value, list | tuple):
        return tuple([_value(item, numbers) for item in value])
    if isinstance(value, dict):
        return _named(value, numbers)
    if type(value).__module__.startswith("keras.") and hasattr(value, "get_config"):
        return type(value), _value(value.get_config(), numbers)
    if type(value).__hash__ is None or hasattr(value, "shape"):
        return _Object(value)
    return value


class _Object:
    """An object that is equal only to itself."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Object) and self.value is other.value
