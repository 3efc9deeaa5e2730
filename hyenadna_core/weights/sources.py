"""Read weights from a preset's name, a folder, a file of any published layout, or an address."""

import logging
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.files.cache import cache_folder
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.files.json_file import parse_object, read_object
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.registry import find_preset, session_plugins
from hyenadna_core.weights.architecture import FORMULAS, absent_parts, of_layers, read_architecture, read_config
from hyenadna_core.weights.checkpoints import weights_of_run
from hyenadna_core.weights.layouts import layout_of, to_plain
from hyenadna_core.weights.positions import POSITIONS, by_formula, has_trained_positions
from hyenadna_core.weights.safetensors_file import open_safetensors
from hyenadna_core.weights.state_dict import EMBEDDING, HEAD, check_numbers
from hyenadna_core.weights.tensor_files import FILES, StoredTensor, open_tensor_file
from hyenadna_plugins import PluginError, call, implementers, reason_of

logger = logging.getLogger(__name__)

LARGEST_CONFIG = 1 << 20  # bytes
WINDOW_SHIFT = 0.05  # docs/weights.md gives the reason
CONFIG_KEY = "hyenadna"  # the metadata of a single .safetensors file has its config.json under this key
NO_WEIGHTS = f"there are no weights ({', '.join(FILES)}) and no checkpoints in this folder"


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

    Names, shapes and config.json are checked before any number is read.

    Raises:
        HyenaDNAError: the source does not exist or has no HyenaDNA model. The message names it.
    """
    path = find_file(source)
    file = open_tensor_file(path)
    try:
        plain, left_out = to_plain(file.tensors)
        if not plain:
            raise HyenaDNAError(
                "no tensor has a name of a HyenaDNA model, such as backbone.layers.0.mixer.in_proj.weight; its tensors "
                f"are {first_names(map(repr, file.tensors))}."
            )
        shown_by_shapes = read_architecture(plain)
    except HyenaDNAError as error:
        raise HyenaDNAError(f"{path}: {error}") from None
    given, config_path = _given(path, file.metadata, shown_by_shapes)
    defaults = {"window_shift": WINDOW_SHIFT, "filter_layout": filter_layout(plain)}
    stated = defaults | shown_by_shapes | given
    if "max_seq_len" not in stated:
        why = "with attention" if stated["mixer"] == "attention" else "without positions (pos_emb.z)"
        raise HyenaDNAError(f"{path}: a model {why} needs max_seq_len in the config.json of its folder.")
    try:
        config = HyenaConfig.from_arguments(stated)
    except HyenaDNAError as error:
        raise HyenaDNAError(f"{config_path}: {error}") from None
    try:
        _check_size(plain, file.size)
        tensors = _read_numbers(plain)
        tensors |= _missing_parts(path, tensors, config)
        from_values = {"tie_embeddings": np.array_equal(tensors.get(HEAD, tensors[EMBEDDING]), tensors[EMBEDDING])}
        if config.mixer == "hyena":
            from_values["trained_positions"] = has_trained_positions(tensors, config)
    except HyenaDNAError as error:
        raise HyenaDNAError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    architecture = {name: getattr(config, name) for name in stated}
    return Weights(
        path, layout_of(file.tensors), tensors, from_values | architecture, "window_shift" in given, left_out
    )


def _given(path: Path, metadata: Mapping[str, str], architecture: Mapping[str, Any]) -> tuple[dict[str, Any], Path]:
    """Return the hyperparameters in a config.json, and the file that holds it.

    It is in the folder, if the file has one of the usual names, or in the metadata of a file that
    we wrote.
    """
    place = path.with_name("config.json")
    if path.name in FILES and place.exists():
        config = read_object(place, LARGEST_CONFIG)
    elif text := metadata.get(CONFIG_KEY):
        place = path
        config = parse_object(text, f"the config.json in {path}")
    else:
        return {}, path
    try:
        return read_config(config, architecture), place
    except HyenaDNAError as error:
        raise HyenaDNAError(f"{place}: {error}") from None


def _check_size(tensors: Mapping[str, StoredTensor], size: int) -> None:
    """Check that the tensors take about as much memory as the file has bytes.

    Tensors of a PyTorch file may share numbers. Only the head and the positions of the layers may
    do so here: the model keeps these once.

    Raises:
        HyenaDNAError: they take more than twice as much.
    """
    places: dict[Hashable, int] = {}
    for name, tensor in tensors.items():
        places[tensor.place if name.endswith(POSITIONS) else name] = tensor.nbytes
    if (total := sum(places.values())) > 2 * size:
        raise HyenaDNAError(f"its tensors would take {total:,} bytes, but the file has only {size:,}: it is not read.")


def _read_numbers(tensors: Mapping[str, StoredTensor]) -> dict[str, np.ndarray]:
    """Read the numbers of tensors; each place in the file is read once.

    Raises:
        HyenaDNAError: the file is damaged, or a number is nan or infinite.
    """
    places: dict[Hashable, np.ndarray] = {}
    for name, tensor in tensors.items():
        if tensor.place not in places:
            places[tensor.place] = tensor.read()
            check_numbers(name, places[tensor.place])
    return {name: places[tensor.place] for name, tensor in tensors.items()}


def _missing_parts(path: Path, tensors: Mapping[str, np.ndarray], config: HyenaConfig) -> dict[str, np.ndarray]:
    """Compute the positions and decay rates that a file lacks, and say so."""
    absent = absent_parts(tensors, config)
    parts = [part for part in FORMULAS if of_layers(config, part)[0] in absent]
    if parts:
        logger.warning("%s has no %s: they are computed by their formulas.", path, " and no ".join(parts))
    return {name: table for part in parts for table in [by_formula(config, part)] for name in of_layers(config, part)}


def filter_layout(tensors: Mapping[str, Any]) -> str:
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
    try:
        path = Path(source).expanduser()
        if path.is_dir():
            return _in_folder(path)
        if path.exists():
            return path
    except (OSError, RuntimeError, ValueError) as error:  # a name that no file can have, or an unknown user after ~
        reason = getattr(error, "strerror", None) or reason_of(error)
        raise HyenaDNAError(f"Cannot read {text!r}: {reason}.") from None
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
    path = weights_of_run(path) or path
    for name in FILES:
        if (path / name).exists():
            return path / name
    raise HyenaDNAError(f"{path}: {NO_WEIGHTS}.")


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Read the tensors of a .safetensors file by name.

    Raises:
        HyenaDNAError: the file is damaged or has another format.
    """
    return {name: tensor.read() for name, tensor in open_safetensors(path)[0].items()}
