"""The architecture of a file of weights, from the shapes of its tensors and config.json."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.weights.dtypes import is_real
from hyenadna_core.weights.tensor_files import StoredTensor

Tensors = Mapping[str, np.ndarray] | Mapping[str, StoredTensor]

# The names of hyperparameters in config.json: the original's (after those of its "layer"), the
# hub's.
CONFIG_NAMES = {
    "n_layer": "n_layer",
    "d_model": "d_model",
    "d_inner": "d_inner",
    "l_max": "max_seq_len",
    "max_seq_len": "max_seq_len",
    "order": "order",
    "hyena_order": "order",
    "emb_dim": "emb_dim",
    "filter_order": "filter_order",
    "num_inner_mlps": "num_inner_mlps",
    "short_filter_order": "short_filter_order",
    "w": "activation_freq",
    "activation_freq": "activation_freq",
    "embed_dropout": "embed_dropout",
    "layer_norm_epsilon": "layer_norm_epsilon",
}
# Parts of an operator that are not trained. A file may lack them: they have formulas.
FORMULAS = ("pos_emb.z", "pos_emb.t", "modulation.deltas")


def read_architecture(tensors: Tensors) -> dict[str, Any]:
    """Return the hyperparameters that the shapes of tensors show, by the names of HyenaConfig.

    The tensors have plain names. max_seq_len is missing if no shape depends on it: the mixer is
    attention, or the file has no positions.

    Raises:
        HyenaDNAError: a tensor is missing or has a shape that no HyenaDNA model has.
    """
    embedding = _tensor(tensors, "backbone.embeddings.word_embeddings.weight", 2)
    indices = {str(match[1]) for name in tensors if (match := re.match(r"backbone\.layers\.(\d+)\.", name))}
    if indices != {str(index) for index in range(len(indices))}:
        numbers: list[str] = sorted(indices, key=_by_number)
        raise HyenaDNAError(f"its layers are not numbered from 0 on: {first_names(numbers)}.")
    mixer = "backbone.layers.0.mixer."
    is_attention = f"{mixer}Wqkv.weight" in tensors
    vocab_size, d_model = embedding.shape
    architecture: dict[str, Any] = {
        "mixer": "attention" if is_attention else "hyena",
        "n_layer": len(indices),
        "d_model": d_model,
        "d_inner": _tensor(tensors, "backbone.layers.0.mlp.fc1.weight", 2).shape[0],
        "vocab_size": vocab_size,
    }
    if not is_attention:
        network = f"{mixer}filter_fn.implicit_filter."
        first = _tensor(tensors, f"{network}0.weight", 2)
        linears = [name for name in tensors if re.fullmatch(re.escape(network) + r"\d+\.weight", name)]
        architecture |= {
            "order": _tensor(tensors, f"{mixer}in_proj.weight", 2).shape[0] // max(d_model, 1) - 1,
            "emb_dim": first.shape[1],
            "filter_order": first.shape[0],
            "num_inner_mlps": len(linears) - 2,
            "short_filter_order": _tensor(tensors, f"{mixer}short_filter.weight", 3).shape[2],
        }
        for part in ("pos_emb.t", "pos_emb.z"):
            if f"{mixer}filter_fn.{part}" in tensors:
                architecture["max_seq_len"] = _tensor(tensors, f"{mixer}filter_fn.{part}", 3).shape[1]
    try:
        config = HyenaConfig(**{"max_seq_len": 1} | architecture)
    except HyenaDNAError as error:
        raise HyenaDNAError(f"its shapes fit no Hyena model: {error} ({architecture}).") from None
    check_shapes(tensors, config)
    return architecture


def _by_number(digits: str) -> tuple[int, str]:
    return len(digits), digits


def check_shapes(tensors: Tensors, config: HyenaConfig) -> None:
    """Compare every tensor with the shape that it has in a model with these hyperparameters.

    The head may be missing, and so may a part that has a formula, if all layers lack it.

    Raises:
        HyenaDNAError: a tensor is missing, is unknown, has another shape or holds no real numbers.
    """
    wanted = shapes(config)
    for problem, names in (
        ("lacks", wanted.keys() - tensors.keys() - {"lm_head.weight"} - absent_parts(tensors, config)),
        ("has, unlike any Hyena model,", tensors.keys() - wanted.keys()),
    ):
        if names:
            raise HyenaDNAError(f"it {problem} {', '.join(sorted(names)[:3])} ({len(names)} in all).")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name]:
            raise HyenaDNAError(f"{name} has the shape {tensor.shape} instead of {wanted[name]}.")
        if not is_real(tensor.dtype):
            raise HyenaDNAError(f"{name} holds {tensor.dtype} instead of real numbers.")


def absent_parts(tensors: Tensors, config: HyenaConfig) -> set[str]:
    """Return the names of the tensors with a formula that all layers lack."""
    if config.mixer != "hyena":
        return set()
    named = [of_layers(config, part) for part in FORMULAS]
    return {name for names in named if tensors.keys().isdisjoint(names) for name in names}


def of_layers(config: HyenaConfig, part: str) -> list[str]:
    """Return the names of a part of the filters in each layer."""
    return [f"backbone.layers.{i}.mixer.filter_fn.{part}" for i in range(config.n_layer)]


def shapes(config: HyenaConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of the original's state dict (docs/model.md section 3)."""
    d, d_inner = config.d_model, config.inner_width
    layer = {
        "mixer.out_proj.weight": (d, d),
        "mixer.out_proj.bias": (d,),
        "mlp.fc1.weight": (d_inner, d),
        "mlp.fc1.bias": (d_inner,),
        "mlp.fc2.weight": (d, d_inner),
        "mlp.fc2.bias": (d,),
    }
    layer |= {f"norm{number}.{part}": (d,) for number in (1, 2) for part in ("weight", "bias")}
    if config.mixer == "attention":
        layer |= {"mixer.Wqkv.weight": (3 * d, d), "mixer.Wqkv.bias": (3 * d,)}
    else:
        layer |= _hyena_shapes(config)
    return {
        **{f"backbone.layers.{i}.{name}": shape for i in range(config.n_layer) for name, shape in layer.items()},
        "backbone.embeddings.word_embeddings.weight": (config.vocab_size, d),
        "backbone.ln_f.weight": (d,),
        "backbone.ln_f.bias": (d,),
        "lm_head.weight": (config.vocab_size, d),
    }


def _hyena_shapes(config: HyenaConfig) -> dict[str, tuple[int, ...]]:
    d, L, f, e = config.d_model, config.max_seq_len, config.filter_order, config.emb_dim
    projected, c = config.projected_channels, config.filter_channels
    operator: dict[str, tuple[int, ...]] = {
        "mixer.in_proj.weight": (projected, d),
        "mixer.in_proj.bias": (projected,),
        "mixer.short_filter.weight": (projected, 1, config.short_filter_order),
        "mixer.short_filter.bias": (projected,),
        "mixer.filter_fn.bias": (c,),
        "mixer.filter_fn.pos_emb.z": (1, L, e),
        "mixer.filter_fn.pos_emb.t": (1, L, 1),
        "mixer.filter_fn.modulation.deltas": (1, 1, c),
    }
    network = "mixer.filter_fn.implicit_filter"
    for index in range(config.num_inner_mlps + 1):
        operator[f"{network}.{2 * index}.weight"] = (f, f if index else e)
        operator[f"{network}.{2 * index}.bias"] = (f,)
        operator[f"{network}.{2 * index + 1}.freq"] = (1, f)
    operator[f"{network}.{2 * config.num_inner_mlps + 2}.weight"] = (c, f)
    return operator


def read_config(config: Mapping[str, Any], architecture: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters in a config.json (the original's, the hub's or ours).

    Raises:
        HyenaDNAError: it contradicts the tensors' shapes, or needs something that this model lacks.
    """
    if isinstance(config.get("backbone"), dict):  # ours
        given: dict[str, Any] = {name: value for name, value in config.items() if name == "tie_embeddings"}
        given = config["backbone"] | given
    else:
        layer = config.get("layer", {})
        if not isinstance(layer, dict):
            raise HyenaDNAError(f'its "layer" is {layer!r} instead of a table.')
        if layer.get("modulate", True) is not True:
            raise HyenaDNAError("its filters have no decaying window (modulate false), which is not supported.")
        flat = {**config, **layer}
        given = {ours: flat[name] for name, ours in CONFIG_NAMES.items() if flat.get(name) is not None}
    for name, value in architecture.items():
        if given.get(name, value) != value:
            raise HyenaDNAError(f"it has {name} {given[name]!r}, but the weights have {value}.")
    return given


def _tensor(tensors: Tensors, name: str, axes: int) -> np.ndarray | StoredTensor:
    """Return a tensor, or raise HyenaDNAError if it is missing or has another number of axes."""
    if name not in tensors:
        raise HyenaDNAError(f"it lacks {name}: these are not the weights of a HyenaDNA model.")
    if len(tensors[name].shape) != axes:
        raise HyenaDNAError(f"{name} has the shape {tensors[name].shape}, not one of {axes} axes.")
    return tensors[name]
