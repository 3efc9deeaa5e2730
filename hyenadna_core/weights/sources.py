"""Read weights from a preset's name, a folder, a file of any published layout, or an address."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import cache_folder
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.registry import find_preset, session_plugins
from hyenadna_core.weights.architecture import read_architecture, read_config
from hyenadna_core.weights.layouts import layout_of, to_plain
from hyenadna_core.weights.torch_file import StoredTensor, read_torch_file
from hyenadna_plugins import PluginError, call, implementers, reason_of

FILES = ("model.safetensors", "weights.ckpt")  # in a folder, the first one that exists
WINDOW_SHIFT = 0.05  # docs/weights.md gives the reason
CONFIG_KEY = "hyenadna"  # the metadata of a single .safetensors file has its config.json under this key
NO_WEIGHTS = "there are no weights (model.safetensors or weights.ckpt) and no checkpoints in this folder"


@dataclass(frozen=True)
class Weights:
    """Tensors by their plain names, and the arguments of HyenaBackbone with `tie_embeddings`.

    `states_shift` is True if the source states window_shift. `left_out` names the tensors outside
    the language model, for example those of a classifier's head or of metrics.
    """

    path: Path
    layout: str
    tensors: Mapping[str, np.ndarray]
    architecture: Mapping[str, Any]
    states_shift: bool
    left_out: list[str] = field(default_factory=list)


def read_weights(source: str | Path) -> Weights:
    """Read the weights of a source. The sources are those of `load`.

    Raises:
        HyenaDNAError: the source does not exist or has no HyenaDNA model. The message names it.
    """
    path = find_file(source)
    try:
        stored: Mapping[str, Any] = read_safetensors(path) if path.suffix == ".safetensors" else read_torch_file(path)
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {path}: {error.strerror or error}.") from None
    layout = layout_of(stored)
    config_path = path.with_name("config.json")
    try:
        plain, left_out = to_plain(stored)
        tensors = {
            name: tensor.read() if isinstance(tensor, StoredTensor) else tensor for name, tensor in plain.items()
        }
        architecture = read_architecture(tensors)
    except HyenaDNAError as error:
        raise HyenaDNAError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    given: dict[str, Any] = {}
    has_config = path.name in FILES and config_path.exists()
    config_path = config_path if has_config else path
    if text := config_path.read_text(encoding="utf-8") if has_config else _own_config(path):
        try:
            config = json.loads(text)
            given = read_config(config, architecture) if isinstance(config, dict) else {}
        except (HyenaDNAError, ValueError) as error:
            raise HyenaDNAError(f"{config_path}: {error}") from None
    defaults = {"window_shift": WINDOW_SHIFT, "filter_layout": filter_layout(tensors)}
    architecture = defaults | architecture | given
    if architecture["mixer"] == "attention" and not isinstance(architecture.get("max_seq_len"), int):
        raise HyenaDNAError(
            f"{path}: a model with attention needs max_seq_len, a whole number, in the config.json of its folder."
        )
    return Weights(path, layout, tensors, architecture, "window_shift" in given, left_out)


def filter_layout(tensors: Mapping[str, np.ndarray]) -> str:
    """Return the channel order of the filters, which matters if order > 2.

    Weights with a language model head come from the original's training code, others from its
    inference code (docs/model.md section 7).
    """
    return "channel_major" if "lm_head.weight" in tensors else "step_major"


def find_file(source: str | Path) -> Path:
    """Return the file of weights of a source, and download it if necessary."""
    text = str(source)
    if "://" in text:
        return _in_folder(fetch(text))
    path = Path(source).expanduser()
    if path.is_dir():
        return _in_folder(path)
    if path.exists():
        return path
    if path.suffix or path.name != text:
        raise HyenaDNAError(f"There is no file or folder {text}: check its name.")
    preset = find_preset(text, "file, folder or preset")
    if preset.weights is None:
        raise HyenaDNAError(
            f"Preset {preset.name} has no published weights: from_preset(..., weights=None) makes random ones."
        )
    file = _in_folder(fetch(preset.weights))
    if preset.sha256 and (sha256 := sha256_of(file)) != preset.sha256:
        raise HyenaDNAError(f"{file} is not the file of {preset.name}: its SHA-256 is {sha256}, not {preset.sha256}.")
    return file


def fetch(uri: str) -> Path:
    """Fetch an address such as hf://owner/name with the first plug-in that knows it.

    Returns a local file or folder.

    Raises:
        HyenaDNAError: no plug-in knows the address, or a plug-in reports why fetching failed.
        PluginError: a plug-in failed.
    """
    plugins = session_plugins()
    for plugin in implementers(plugins, "fetch_weights"):
        try:
            path = call(plugins, "fetch_weights", plugin, uri=uri, cache_dir=cache_folder("weights"))
        except HyenaDNAError:
            raise
        except Exception as error:  # whatever a plug-in may raise
            raise PluginError(f"Plug-in {plugin!r} failed to fetch {uri}: {reason_of(error)}") from error
        if path is not None:
            return Path(path)
    raise HyenaDNAError(f"No plug-in knows how to fetch {uri}.")


def _in_folder(path: Path) -> Path:
    """Return the file of weights in a folder of a run, a checkpoint, the hub or the original.

    A run gives its best checkpoint on the validation split, or its latest one without validation.
    """
    if path.is_file():
        return path
    checkpoints = path if (path / "latest").exists() else path / "checkpoints"
    if (checkpoints / "best" / FILES[0]).exists():
        path = checkpoints / "best"
    elif (checkpoints / "latest").exists():
        path = checkpoints / (checkpoints / "latest").read_text(encoding="utf-8").strip()
    for name in FILES:
        if (path / name).exists():
            return path / name
    raise HyenaDNAError(f"{path}: {NO_WEIGHTS}.")


def _own_config(path: Path) -> str | None:
    """Return the config.json in the metadata of a .safetensors file that we wrote, or None."""
    if path.suffix != ".safetensors":
        return None
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        metadata: dict[str, str] = file.metadata() or {}
    return metadata.get(CONFIG_KEY)


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Read the tensors of a .safetensors file by name.

    Raises:
        HyenaDNAError: the file is damaged or has another format.
    """
    import ml_dtypes  # noqa: F401 (teaches NumPy the name bfloat16)
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise HyenaDNAError(f"{path}: not a complete .safetensors file ({error}): fetch or copy it again.") from None
