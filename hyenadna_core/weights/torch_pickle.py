"""The pickle of a PyTorch file, read as data: nothing in it is ever run.

A pickle is a program that names functions and calls them. Here a name stays a `Name`, and a call
stays a `Call`. A pickle that names anything that no checkpoint needs is refused.
"""

import io
import pickletools
from dataclasses import dataclass
from typing import Any, NamedTuple

from hyenadna_core.errors import HyenaDNAError

DTYPES = {
    "torch.FloatStorage": "float32",
    "torch.DoubleStorage": "float64",
    "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "int64",
    "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8",
    "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool",
}
# Limits of a pickle. Each step makes at most one object. A published checkpoint has about 15,000.
MOST_STEPS = 1 << 20
LONGEST_NAME = 1_000  # characters of a key, or of the name of a class or a storage
MOST_AXES = 64  # of a tensor; NumPy has no more
# Checkpoints of training frameworks also have settings and counters of these packages, which are
# ignored.
FRAMEWORKS = {
    *("torch", "pytorch_lightning", "lightning", "lightning_fabric", "lightning_utilities", "torchmetrics"),
    *("omegaconf", "hydra", "collections", "typing", "numpy", "pathlib", "argparse", "datetime", "copyreg", "_codecs"),
}
HARMLESS_BUILTINS = {"bool", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "set", "str"}


class Name(NamedTuple):
    """A class or function that a pickle names; it is never imported."""

    text: str


@dataclass(eq=False, slots=True)
class Call:
    """A call that a pickle asks for; it is never made."""

    name: Any
    arguments: Any


@dataclass(eq=False, slots=True)
class Storage:
    """A row of numbers: the name and size of its file in the zip."""

    dtype: str
    key: str
    numel: int


def interpret(pickled: bytes) -> Any:
    """Read a pickle into dicts, lists, tuples, numbers, strings, `Name`, `Call` and `Storage`.

    Raises:
        HyenaDNAError: it names something that no checkpoint needs, such as os.system, or is larger
            than that of any checkpoint.
        ValueError, IndexError, KeyError, TypeError: it is damaged.
    """
    stack: list[Any] = []
    marked: list[list[Any]] = []
    memo: dict[int, Any] = {}
    steps = 0

    def since_mark() -> list[Any]:
        nonlocal stack
        items, stack = stack, marked.pop()
        return items

    argument: Any
    for opcode, argument, _ in pickletools.genops(io.BytesIO(pickled)):
        steps += 1
        if steps > MOST_STEPS:
            raise HyenaDNAError(
                f"its pickle has more than {MOST_STEPS:,} steps: save only the state_dict of the model."
            )
        match opcode.name:
            case "PROTO" | "FRAME":
                pass
            case "STOP":
                return stack.pop()
            case "MARK":
                marked.append(stack)
                stack = []
            case "POP":
                stack.pop()
            case "POP_MARK":
                since_mark()
            case "DUP":
                stack.append(stack[-1])
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[opcode.name])
            case "EMPTY_DICT" | "EMPTY_LIST" | "EMPTY_SET" | "EMPTY_TUPLE":
                stack.append({"EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}.get(opcode.name, list)())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(opcode.name[-1])
                stack[-count:] = [tuple(stack[-count:])]
            case "TUPLE" | "LIST" | "FROZENSET":
                items = since_mark()
                stack.append(tuple(items) if opcode.name == "TUPLE" else items)
            case "DICT":
                items = since_mark()
                stack.append({})
                _set_items(stack[-1], items)
            case "APPEND":
                _extend(stack[-2], [stack.pop()])
            case "APPENDS" | "ADDITEMS":
                items = since_mark()
                _extend(stack[-1], items)
            case "SETITEM":
                items = stack[-2:]
                del stack[-2:]
                _set_items(stack[-1], items)
            case "SETITEMS":
                items = since_mark()
                _set_items(stack[-1], items)
            case "GLOBAL":
                stack.append(_name(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                module, name = stack[-2:]
                stack[-2:] = [_name(module, name)]
            case "REDUCE" | "NEWOBJ":
                arguments = stack.pop()
                stack.append(_call(stack.pop(), arguments))
                if arguments and isinstance(stack[-1], dict):  # an OrderedDict of pairs, each one a step
                    steps += len(arguments[0])
            case "NEWOBJ_EX":
                stack[-3:] = [Call(stack[-3], stack[-2])]
            case "BUILD":  # attributes of an object that is not made
                stack.pop()
            case "BINPERSID":
                stack.append(_storage(stack.pop()))
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case _ if argument is not None and opcode.stack_before == [] and len(opcode.stack_after) == 1:
                stack.append(argument)  # a number or a string
            case other:
                raise ValueError(f"opcode {other} has no place in a checkpoint")
    raise ValueError("truncated")


def _name(module: str, name: str) -> Name:
    if len(module) + len(name) > LONGEST_NAME:
        raise ValueError(f"the name of a class has {len(module) + len(name):,} characters")
    top = module.partition(".")[0]
    harmless = name in HARMLESS_BUILTINS if top in ("builtins", "__builtin__") else top in FRAMEWORKS
    if not harmless:
        raise HyenaDNAError(f"its pickle would run {module}.{name}, which no checkpoint needs; nothing was run.")
    return Name(f"{module}.{name}")


def _call(name: Any, arguments: Any) -> Any:
    if name == Name("collections.OrderedDict"):
        items: dict[Any, Any] = {}
        for key, value in arguments[0] if arguments else ():
            _set_items(items, [key, value])
        return items
    if name == Name("torch._utils._rebuild_parameter"):
        return arguments[0]
    return Call(name, arguments)


def _storage(identity: Any) -> Storage:
    """Read ("storage", type, key, device, number of elements)."""
    kind, storage_type, key, _, numel = identity
    is_named = isinstance(storage_type, Name) and isinstance(key, str) and len(key) <= LONGEST_NAME
    if kind != "storage" or not is_named or not is_size(numel):
        raise ValueError("a storage is not described as in PyTorch")
    return Storage(DTYPES.get(storage_type.text, storage_type.text), key, numel)


def is_size(value: Any) -> bool:
    """Return whether a value is a whole number that fits the sizes of tensors."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62


def _set_items(target: Any, items: list[Any]) -> None:
    """Add alternating keys and values to a dict; keep only keys that are text or whole numbers."""
    if isinstance(target, dict):
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(key, str) and len(key) > LONGEST_NAME:
                raise ValueError(f"a key has {len(key):,} characters")
            if isinstance(key, str) or is_size(key):
                target[key] = value


def _extend(target: Any, items: list[Any]) -> None:
    if isinstance(target, list):
        target.extend(items)
