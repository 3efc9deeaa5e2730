"""PyTorch's files (`weights.ckpt`, `.pt`, `.bin`), read without PyTorch and without running what they hold.

Such a file is a zip: `data.pkl` describes tensors, `data/N` holds their numbers. A pickle is a program; this reads it
as data: names of functions stay names, calls stay noted calls, and only calls that make tensors are understood.
"""

import io
import math
import pickletools
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError

LARGEST_PICKLE = 1 << 26  # bytes; those of the published checkpoints have less than a megabyte
DTYPES = {
    "torch.FloatStorage": "<f4",
    "torch.DoubleStorage": "<f8",
    "torch.HalfStorage": "<f2",
    "torch.BFloat16Storage": "<u2",  # the upper half of a float32
    "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4",
    "torch.ShortStorage": "<i2",
    "torch.CharStorage": "<i1",
    "torch.ByteStorage": "<u1",
    "torch.BoolStorage": "?",
}
# What checkpoints of training frameworks name besides tensors: settings and counters, which are passed over.
FRAMEWORKS = {
    *("torch", "pytorch_lightning", "lightning", "lightning_fabric", "lightning_utilities", "torchmetrics"),
    *("omegaconf", "hydra", "collections", "typing", "numpy", "pathlib", "argparse", "datetime", "copyreg", "_codecs"),
}
HARMLESS_BUILTINS = {"bool", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "set", "str"}


class Name(NamedTuple):
    """A class or function that a pickle names; it is never looked up."""

    text: str


@dataclass(eq=False)
class Call:
    """A call that a pickle asks for; it is never made."""

    name: Any
    arguments: Any


@dataclass(eq=False)
class Storage:
    """Numbers in a row: their file in the zip."""

    dtype: str
    key: str
    numel: int


@dataclass(eq=False)
class StoredTensor:
    """A tensor in a file: its shape, and `read()` for its numbers."""

    path: Path
    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def read(self) -> np.ndarray:
        """The numbers; bfloat16 as float32.

        Raises:
            HyenaDNAError: the file has fewer numbers than the tensor claims, or is damaged.
        """
        itemsize = np.dtype(self.storage.dtype).itemsize
        count = math.prod(self.shape)
        last = self.offset + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))
        if count > self.storage.numel or (count and last >= self.storage.numel):
            raise HyenaDNAError(f"{self.path}: a tensor of the shape {self.shape} does not fit its stored numbers.")
        with _opened(self.path) as archive:
            entry = _entry(archive, self.path, f"data/{self.storage.key}")
            if entry.file_size != self.storage.numel * itemsize:
                raise HyenaDNAError(
                    f"{self.path}: {entry.filename} has {entry.file_size:,} bytes instead of the "
                    f"{self.storage.numel * itemsize:,} that the pickle claims."
                )
            numbers = np.frombuffer(_read(archive, self.path, entry), self.storage.dtype)
        strides = tuple(stride * itemsize for stride in self.strides)
        tensor = np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, strides).copy()
        if self.storage.dtype == "<u2":
            return (tensor.astype("<u4") << 16).view("<f4")
        return tensor


def read_torch_file(path: Path) -> dict[str, StoredTensor]:
    """The tensors of a checkpoint's `state_dict`, or of a plain dict of tensors, by name; none is read yet.

    Raises:
        HyenaDNAError: it is no such file, is damaged, or names something that a checkpoint has no use for.
    """
    with _opened(path) as archive:
        if (order := _entry(archive, path, "byteorder", optional=True)) and _read(archive, path, order) != b"little":
            raise HyenaDNAError(f"{path}: its numbers are not in little-endian order.")
        entry = _entry(archive, path, "data.pkl")
        if entry.file_size > LARGEST_PICKLE:
            raise HyenaDNAError(f"{path}: its pickle of {entry.file_size:,} bytes is too large for a checkpoint.")
        pickled = _read(archive, path, entry)
    try:
        root = interpret(pickled)
        content = root.get("state_dict", root) if isinstance(root, dict) else None
        found = {name: _tensor(path, value) for name, value in content.items()} if isinstance(content, dict) else None
    except HyenaDNAError as error:
        raise HyenaDNAError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise HyenaDNAError(f"{path}: its pickle is damaged ({str(error).splitlines()[0] or 'cut off'}).") from None
    if found is None:
        raise HyenaDNAError(f"{path}: there is no state_dict in it.")
    return {name: tensor for name, tensor in found.items() if isinstance(name, str) and tensor is not None}


def interpret(pickled: bytes) -> Any:
    """What a pickle describes, as dicts, lists, tuples, numbers, strings, `Name`, `Call` and `Storage`.

    Raises:
        HyenaDNAError: it names what no checkpoint needs, such as os.system.
        ValueError, IndexError, KeyError, TypeError: it is damaged.
    """
    stack: list[Any] = []
    marked: list[list[Any]] = []
    memo: dict[int, Any] = {}

    def since_mark() -> list[Any]:
        nonlocal stack
        items, stack = stack, marked.pop()
        return items

    argument: Any
    for opcode, argument, _ in pickletools.genops(io.BytesIO(pickled)):
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
            case "NEWOBJ_EX":
                stack[-3:] = [Call(stack[-3], stack[-2])]
            case "BUILD":  # attributes of an object that is never made
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
    raise ValueError("cut off")


def _name(module: str, name: str) -> Name:
    top = module.split(".")[0]
    harmless = name in HARMLESS_BUILTINS if top in ("builtins", "__builtin__") else top in FRAMEWORKS
    if not harmless:
        raise HyenaDNAError(f"its pickle would run {module}.{name}, which no checkpoint needs; nothing was run.")
    return Name(f"{module}.{name}")


def _call(name: Any, arguments: Any) -> Any:
    if name == Name("collections.OrderedDict"):
        items: dict[Any, Any] = {}
        for pair in arguments[0] if arguments else ():
            _set_items(items, list(pair))
        return items
    if name == Name("torch._utils._rebuild_parameter"):
        return arguments[0]
    return Call(name, arguments)


def _storage(identity: Any) -> Storage:
    """From ("storage", type, key, device, how many numbers)."""
    kind, storage_type, key, _, numel = identity
    if kind != "storage" or not isinstance(storage_type, Name) or not isinstance(key, str) or not _is_size(numel):
        raise ValueError("a storage is not described as PyTorch does")
    return Storage(DTYPES.get(storage_type.text, storage_type.text), key, numel)


def _tensor(path: Path, value: Any) -> StoredTensor | None:
    """The tensor that a call of PyTorch's would make, or None where it makes none or one of unknown numbers."""
    if not isinstance(value, Call) or value.name != Name("torch._utils._rebuild_tensor_v2"):
        return None
    storage, offset, shape, strides, *_ = value.arguments
    described = isinstance(storage, Storage) and isinstance(shape, tuple) and isinstance(strides, tuple)
    if not described or len(shape) != len(strides) or not all(map(_is_size, (offset, *shape, *strides))):
        raise HyenaDNAError(f"{path}: a tensor is not described as PyTorch does.")
    return StoredTensor(path, storage, offset, shape, strides) if storage.dtype in DTYPES.values() else None


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62


def _set_items(target: Any, items: list[Any]) -> None:
    """Keys and values in turn; what is no dict forgets them, and only strings and numbers serve as keys."""
    if isinstance(target, dict):
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(key, (str, int)):
                target[key] = value


def _extend(target: Any, items: list[Any]) -> None:
    if isinstance(target, list):
        target.extend(items)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError):
        raise HyenaDNAError(
            f"{path}: neither a .safetensors file nor a whole one of PyTorch's (a zip); was a download cut off?"
        ) from None


def _entry(archive: zipfile.ZipFile, path: Path, name: str, optional: bool = False) -> Any:
    """The file of that name in the folder that the zip has.

    PyTorch packs without compression, so that no file in it can be larger than the zip.
    """
    found = [entry for entry in archive.infolist() if entry.filename.partition("/")[2] == name]
    if not found and optional:
        return None
    if len(found) != 1:
        raise HyenaDNAError(f"{path}: a zip with {len(found)} files {name!r}; a PyTorch file has one.")
    if found[0].compress_type != zipfile.ZIP_STORED or found[0].file_size > path.stat().st_size:
        raise HyenaDNAError(
            f"{path}: {found[0].filename} is compressed, which PyTorch does not do; it is not unpacked."
        )
    return found[0]


def _read(archive: zipfile.ZipFile, path: Path, entry: Any) -> bytes:
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise HyenaDNAError(f"{path}: {entry.filename} is damaged ({error}).") from None
