"""A part of a model in a file of its own, such as a soft prompt (docs/weights.md, "Parts").

The file has the weights of the part and the checksum of the backbone that they belong to.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.hyena_config import WITHOUT_EFFECT
from hyenadna_core.weights.conversion import our_config
from hyenadna_core.weights.safetensors_file import SafeTensor, open_safetensors
from hyenadna_core.weights.state_dict import check_numbers, parameters, stored_dtype
from hyenadna_plugins import reason_of

FORMAT = {"format": "hyenadna-part", "version": "1"}
ABOUT = "about"


def save_part(part: Any, path: str | Path, backbone: Any, about: Mapping[str, Any] | None = None) -> None:
    """Write the weights of a part of a model to a .safetensors file.

    Args:
        part: a Keras layer or model, or a list of them. Weights of the backbone are left out.
        backbone: the backbone of the part, or a model with one.
        about: what a reader of the file has to know, such as the names of the classes, in values
            that JSON can have. `about_part` returns it.

    Raises:
        HyenaDNAError: the part has no weights or a layer of the backbone, JSON cannot have
            `about`, or the file cannot be written.
    """
    from keras import ops
    from safetensors import SafetensorError
    from safetensors.numpy import save

    backbone = getattr(backbone, "backbone", backbone)
    tensors = {
        name: np.array(ops.convert_to_numpy(variable.value), stored_dtype(variable), order="C")
        for name, variable in variables_of_part(part, backbone).items()
    }
    for name, tensor in tensors.items():
        check_numbers(name, tensor)
    kept = {} if about is None else {ABOUT: _as_json(about)}
    metadata = FORMAT | {
        "backbone": json.dumps(_architecture(backbone)),
        "backbone_sha256": weights_sha256(backbone),
        "sha256": _sha256(sorted(tensors.items()), kept.get(ABOUT, "")),
        **kept,
    }
    try:
        with file_written_aside(Path(path)) as aside:
            aside.write_bytes(save(tensors, metadata))  # a file that others may read, unlike that of save_file
    except (OSError, SafetensorError) as error:
        raise HyenaDNAError(f"Cannot write {path}: {getattr(error, 'strerror', None) or reason_of(error)}.") from None


def load_part(part: Any, path: str | Path, backbone: Any) -> None:
    """Put the weights of a file of `save_part` into a part of a model, on any backend.

    Args:
        part: the same layers as those that were saved, with any values.
        backbone: the backbone of the part, or a model with one. It must have the hyperparameters
            and the weights of the backbone that the part was saved with.

    Raises:
        HyenaDNAError: the file cannot be read or is damaged, it belongs to another backbone, or its
            names or shapes are not those of the part. The part stays as it is.
    """
    path, backbone = Path(path), getattr(backbone, "backbone", backbone)
    variables = variables_of_part(part, backbone)
    stored, metadata = _open(path)
    _check_architecture(path, metadata, _architecture(backbone))
    for problem, names in (("lacks", variables.keys() - stored.keys()), ("has unknown", stored.keys() - variables)):
        if names:
            raise HyenaDNAError(f"{path} {problem} {shown(', '.join(sorted(names)[:3]))}: it holds another part.")
    for name, variable in variables.items():
        if stored[name].shape != tuple(variable.shape):
            raise HyenaDNAError(
                f"{path}: {name} has the shape {stored[name].shape}, this part has {tuple(variable.shape)}."
            )
    tensors = {name: tensor.read() for name, tensor in stored.items()}
    if _sha256(sorted(tensors.items()), metadata.get(ABOUT, "")) != metadata.get("sha256"):
        raise HyenaDNAError(f"{path} is not as it was written: its checksum differs; copy or save it again.")
    if weights_sha256(backbone) != metadata.get("backbone_sha256"):
        raise HyenaDNAError(f"{path} belongs to a backbone with other weights: load those that it was trained on.")
    for name, tensor in tensors.items():
        check_numbers(name, tensor)
    for name, variable in variables.items():
        variable.assign(tensors[name].astype(stored_dtype(variable)))


def about_part(path: str | Path) -> dict[str, Any]:
    """Return what `save_part` was told about a part; nothing if it was told nothing.

    `load_part` checks that nobody has changed it.

    Raises:
        HyenaDNAError: the file cannot be read, is no part or is damaged.
    """
    try:
        about = json.loads(_open(Path(path))[1].get(ABOUT, "{}"))
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise HyenaDNAError(f"{path} is not as it was written: its description cannot be read; copy or save it again.")
    return about


def weights_sha256(backbone: Any) -> str:
    """Return the SHA-256 of the weights of a backbone, or of a model with one, in hexadecimal.

    It is the same on every backend. For each tensor of the plain layout, sorted by name, it reads
    the line "NAME DTYPE SHAPE" in UTF-8, as in "backbone.ln_f.bias float32 128", and the numbers,
    little-endian and in C order.
    """
    return _sha256(_sorted_tensors(getattr(backbone, "backbone", backbone)))


def model_sha256(model: Any) -> str:
    """Return the SHA-256 of everything that the outputs of a model depend on, in hexadecimal.

    These are the hyperparameters of `HyenaConfig.of_outputs`, and all weights, also those of a head
    that is not tied. It is the same on every backend.
    """
    config = getattr(model, "hyena_config", None) or model.backbone.hyena_config
    stated = json.dumps(config.of_outputs, sort_keys=True)
    return hashlib.sha256(f"{stated}\n{_sha256(_sorted_tensors(model))}".encode()).hexdigest()


def variables_of_part(part: Any, backbone: Any) -> dict[str, Any]:
    """Return the variables of a part by their names in a file: 0.NAME, 1.NAME, ... in their order.

    Keras counts the names of layers in a process, so they are left out.

    Raises:
        HyenaDNAError: there is no layer, or one has no weights, or only weights of the backbone.
    """
    of_backbone = {id(variable) for variable in backbone.weights}
    variables: dict[int, Any] = {}
    for layer in part if isinstance(part, Sequence) else [part]:
        own = [variable for variable in layer.weights if id(variable) not in of_backbone]
        if not own:
            of_what = "weights outside the backbone" if layer.weights else "weights yet: build it first"
            raise HyenaDNAError(f"The part {shown(layer.name)} has no {of_what}.")
        variables |= {id(variable): variable for variable in own}
    if not variables:
        raise HyenaDNAError("The part has no weights: give a layer, or a list of layers.")
    return {f"{index}.{variable.name}": variable for index, variable in enumerate(variables.values())}


def _as_json(about: Mapping[str, Any]) -> str:
    way_out = "give a dict of text, numbers, lists and dicts"
    if not isinstance(about, Mapping):
        raise HyenaDNAError(f"`about` of a part is of the type {type(about).__name__}: {way_out}.")
    try:
        return json.dumps(dict(about), sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise HyenaDNAError(f"`about` of a part cannot be written as JSON ({reason_of(error)}): {way_out}.") from None


def _architecture(backbone: Any) -> dict[str, Any]:
    architecture: dict[str, Any] = our_config(backbone.hyena_config.asdict())["backbone"]
    return {name: value for name, value in architecture.items() if name not in WITHOUT_EFFECT}


def _open(path: Path) -> tuple[dict[str, SafeTensor], dict[str, str]]:
    if not path.is_file():
        raise HyenaDNAError(f"Cannot read {path}: it is not a file.")
    try:
        stored, metadata = open_safetensors(path)
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {path}: {error.strerror or error}.") from None
    if metadata.get("format") != FORMAT["format"]:
        raise HyenaDNAError(f"{path} is not a part that hyenadna_core.save_part wrote.")
    if metadata.get("version") != FORMAT["version"]:
        version = shown(metadata.get("version"))
        raise HyenaDNAError(f"{path} has version {version} of the format of parts: a newer hyenadna may read it.")
    return stored, metadata


def _check_architecture(path: Path, metadata: Mapping[str, str], architecture: Mapping[str, Any]) -> None:
    """Check that a part was saved with a backbone of these hyperparameters.

    Raises:
        HyenaDNAError: one of them differs, or they cannot be read.
    """
    try:
        stated = json.loads(metadata.get("backbone", ""))
    except (ValueError, RecursionError):
        stated = None
    if not isinstance(stated, dict):
        raise HyenaDNAError(f"{path} is not as it was written: its backbone cannot be read; copy or save it again.")
    for name, value in architecture.items():
        if stated.get(name) != value:
            raise HyenaDNAError(
                f"{path} belongs to a backbone with {name} {shown(repr(stated.get(name)))}, this one has {value!r}."
            )


def _sorted_tensors(model: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the tensors of the plain layout with their names, sorted by name."""
    from keras import ops

    for name, variable, _, to_original in sorted(parameters(model), key=lambda parameter: parameter.name):
        yield name, to_original(ops.convert_to_numpy(variable.value))


def _sha256(tensors: Iterable[tuple[str, np.ndarray]], about: str = "") -> str:
    digest = hashlib.sha256(about.encode())
    for name, tensor in tensors:
        digest.update(f"{name} {tensor.dtype.name} {','.join(map(str, tensor.shape))}\n".encode())
        digest.update(tensor.astype(tensor.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
