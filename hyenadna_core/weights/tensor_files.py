"""The tensors of a file of weights, or of several files with an index, without their numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.json_file import read_object
from hyenadna_core.weights.safetensors_file import SafeTensor, open_safetensors
from hyenadna_core.weights.torch_file import TorchTensor, read_torch_file

StoredTensor = SafeTensor | TorchTensor

INDEX = ".index.json"  # the end of the name of a file that lists the tensors of several files
LARGEST_INDEX = 1 << 22  # bytes
# In a folder, the first one that exists.
FILES = (
    "model.safetensors",
    f"model.safetensors{INDEX}",
    "weights.ckpt",
    "pytorch_model.bin",
    f"pytorch_model.bin{INDEX}",
)


@dataclass(frozen=True)
class TensorFile:
    """The tensors of a file by their names there, its metadata, and its size in bytes."""

    tensors: Mapping[str, StoredTensor]
    metadata: Mapping[str, str]
    size: int


def open_tensor_file(path: Path) -> TensorFile:
    """List the tensors of a .safetensors file, of a PyTorch file, or of the files in an index.

    Raises:
        HyenaDNAError: the file cannot be read, is damaged or has another format.
    """
    if not path.is_file():
        raise HyenaDNAError(f"Cannot read {path}: it is not a file.")
    if path.name.endswith(INDEX):
        return _open_index(path)
    try:
        size = path.stat().st_size
        if path.suffix == ".safetensors":
            return TensorFile(*open_safetensors(path), size)
        return TensorFile(read_torch_file(path), {}, size)
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {path}: {error.strerror or error}.") from None


def files_of_index(path: Path) -> dict[str, str]:
    """Return the name of the file that holds each tensor; all are in the folder of the index.

    Raises:
        HyenaDNAError: the index cannot be read, or names a file of another folder.
    """
    files = read_object(path, LARGEST_INDEX).get("weight_map")
    if not isinstance(files, dict) or not files:
        raise HyenaDNAError(f"{path}: it has no weight_map, which names the file of each tensor.")
    for file in files.values():
        if not isinstance(file, str) or Path(file).name != file or file.endswith(INDEX):
            raise HyenaDNAError(f"{path}: {file!r} is not the name of a file in its folder.")
    return files


def _open_index(path: Path) -> TensorFile:
    files = files_of_index(path)
    parts = {file: open_tensor_file(path.with_name(file)) for file in dict.fromkeys(files.values())}
    for name, file in files.items():
        if name not in parts[file].tensors:
            raise HyenaDNAError(f"{path}: {name!r} is not in {file}: fetch or copy the files again.")
    tensors = {name: parts[file].tensors[name] for name, file in files.items()}
    return TensorFile(tensors, {}, sum(part.size for part in parts.values()))
