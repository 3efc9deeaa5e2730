"""The architecture of a file of weights: read from the shapes of its tensors, and what config.json adds."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError

Tensors = Mapping[str, np.ndarray]

POSITIONS_ATOL = 5e-6  # the original's table for 1,000,002 positions, in float32, is 7e-7 from the formula

# What config.json calls an argument of HyenaBackbone: the original's (with its "layer" laid open), then the hub's.
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
FROM_SHAPES = (
    "vocab_size",
    *("mixer", "n_layer", "d_model", "d_inner", "max_seq_len", "order", "emb_dim", "filter_order", "num_inner_mlps"),
    "short_filter_order",
)


def read_architecture(tensors: Tensors) -> dict[str, Any]:
    """The arguments of HyenaBackbone, and `tie_embeddings`, that tensors with plain names belong to.

    Without max_seq_len where the mixer is attention, whose shapes do not show it.

    Raises:
        HyenaDNAError: a tensor is missing or has a shape that no such model has.
    """
    indices = {int(match[1]) for name in tensors if (match := re.match(r"backbone\.layers\.(\d+)\.", name))}
    n_layer = len(indices)
    if indices != set(range(n_layer)):
        raise HyenaDNAError(f"its layers are numbered {sorted(indices)}, not from 0 on.")
    embedding = _tensor(tensors, "backbone.embeddings.word_embeddings.weight", 2)
    mixer = "backbone.layers.0.mixer."
    is_attention = f"{mixer}Wqkv.weight" in tensors
    vocab_size, d_model = embedding.shape
    found = {
        "mixer": "attention" if is_attention else "hyena",
        "n_layer": n_layer,
        "d_model": d_model,
        "d_inner": _tensor(tensors, "backbone.layers.0.mlp.fc1.weight", 2).shape[0],
        "vocab_size": vocab_size,
        "tie_embeddings": np.array_equal(tensors.get("lm_head.weight", embedding), embedding),
    }
    if is_attention:
        check_shapes(tensors, found)
        return found
    network = f"{mixer}filter_fn.implicit_filter."
    first = _tensor(tensors, f"{network}0.weight", 2)
    linears = [name for name in tensors if re.fullmatch(re.escape(network) + r"\d+\.weight", name)]
    found |= {
        "max_seq_len": _tensor(tensors, f"{mixer}filter_fn.pos_emb.z", 3).shape[1],
        "order": _tensor(tensors, f"{mixer}in_proj.weight", 2).shape[0] // max(d_model, 1) - 1,
        "emb_dim": first.shape[1],
        "filter_order": first.shape[0],
        "num_inner_mlps": len(linears) - 2,
        "short_filter_order": _tensor(tensors, f"{mixer}short_filter.weight", 3).shape[2],
    }
    if found["order"] < 2 or found["emb_dim"] < 3 or found["emb_dim"] % 2 == 0 or found["num_inner_mlps"] < 0:
        raise HyenaDNAError(f"its shapes are those of no Hyena model: {found}.")
    check_shapes(tensors, found)
    return found | {"trained_positions": _trained_positions(tensors, found)}


def check_shapes(tensors: Tensors, architecture: Mapping[str, Any]) -> None:
    """Compare every tensor with the shape that it has in this architecture.

    Raises:
        HyenaDNAError: a tensor too few or too many, one of another shape, or one that holds no real numbers.
    """
    wanted = shapes(architecture)
    for what, names in (
        ("lacks", wanted.keys() - tensors.keys() - {"lm_head.weight"}),
        ("has, unlike any Hyena model,", tensors.keys() - wanted.keys()),
    ):
        if names:
            raise HyenaDNAError(f"it {what} {', '.join(sorted(names)[:3])} ({len(names)} in all).")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name]:
            raise HyenaDNAError(f"{name} has the shape {tensor.shape} instead of {wanted[name]}.")
        if not is_real(tensor.dtype):
            raise HyenaDNAError(f"{name} holds {tensor.dtype} instead of real numbers.")


def is_real(dtype: np.dtype[Any]) -> bool:
    """Whether numbers of this kind are floating-point; NumPy knows bfloat16 from outside only."""
    return np.issubdtype(dtype, np.floating) or dtype.name == "bfloat16"


def shapes(architecture: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Every tensor of the original's state dict by its plain name (docs/model.md section 3)."""
    d, d_inner = architecture["d_model"], architecture["d_inner"]
    layer = {
        "mixer.out_proj.weight": (d, d),
        "mixer.out_proj.bias": (d,),
        "mlp.fc1.weight": (d_inner, d),
        "mlp.fc1.bias": (d_inner,),
        "mlp.fc2.weight": (d, d_inner),
        "mlp.fc2.bias": (d,),
    }
    layer |= {f"norm{number}.{part}": (d,) for number in (1, 2) for part in ("weight", "bias")}
    if architecture.get("mixer") == "attention":
        layer |= {"mixer.Wqkv.weight": (3 * d, d), "mixer.Wqkv.bias": (3 * d,)}
    else:
        layer |= _hyena_shapes(architecture)
    found: dict[str, tuple[int, ...]] = {
        f"backbone.layers.{i}.{name}": shape for i in range(architecture["n_layer"]) for name, shape in layer.items()
    }
    return found | {
        "backbone.embeddings.word_embeddings.weight": (architecture["vocab_size"], d),
        "backbone.ln_f.weight": (d,),
        "backbone.ln_f.bias": (d,),
        "lm_head.weight": (architecture["vocab_size"], d),
    }


def _hyena_shapes(architecture: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    d, L, m = (architecture[name] for name in ("d_model", "max_seq_len", "order"))
    f, e, inner = (architecture[name] for name in ("filter_order", "emb_dim", "num_inner_mlps"))
    c = (m - 1) * d
    found = {
        "mixer.in_proj.weight": ((m + 1) * d, d),
        "mixer.in_proj.bias": ((m + 1) * d,),
        "mixer.short_filter.weight": ((m + 1) * d, 1, architecture["short_filter_order"]),
        "mixer.short_filter.bias": ((m + 1) * d,),
        "mixer.filter_fn.bias": (c,),
        "mixer.filter_fn.pos_emb.z": (1, L, e),
        "mixer.filter_fn.pos_emb.t": (1, L, 1),
        "mixer.filter_fn.modulation.deltas": (1, 1, c),
    }
    for index in range(inner + 1):
        found[f"mixer.filter_fn.implicit_filter.{2 * index}.weight"] = (f, f if index else e)
        found[f"mixer.filter_fn.implicit_filter.{2 * index}.bias"] = (f,)
        found[f"mixer.filter_fn.implicit_filter.{2 * index + 1}.freq"] = (1, f)
    found[f"mixer.filter_fn.implicit_filter.{2 * inner + 2}.weight"] = (c, f)
    return found


def read_config(config: Mapping[str, Any], architecture: Mapping[str, Any]) -> dict[str, Any]:
    """What a config.json (the original's, the hub's or ours) says beyond the tensors' shapes.

    Raises:
        HyenaDNAError: it contradicts the shapes, or asks for what this model does not do.
    """
    if isinstance(config.get("backbone"), dict):  # ours
        given: dict[str, Any] = config["backbone"] | {
            "tie_embeddings": config.get("tie_embeddings", architecture["tie_embeddings"])
        }
    else:
        layer = config.get("layer", {})
        if not isinstance(layer, dict):
            raise HyenaDNAError(f'its "layer" is {layer!r} instead of a table.')
        if layer.get("modulate", True) is not True:
            raise HyenaDNAError("its filters have no decaying window (modulate false), which is not supported.")
        flat = {**config, **layer}
        given = {ours: flat[name] for name, ours in CONFIG_NAMES.items() if flat.get(name) is not None}
    for name in FROM_SHAPES:
        if name in architecture and given.get(name, architecture[name]) != architecture[name]:
            raise HyenaDNAError(f"it says {name} {given[name]!r}, the weights have {architecture[name]}.")
    return given


def _tensor(tensors: Tensors, name: str, axes: int) -> np.ndarray:
    if name not in tensors:
        raise HyenaDNAError(f"it lacks {name}: these are no weights of a HyenaDNA model.")
    if tensors[name].ndim != axes:
        raise HyenaDNAError(f"{name} has the shape {tensors[name].shape}, not one of {axes} axes.")
    return tensors[name]


def _trained_positions(tensors: Tensors, architecture: Mapping[str, Any]) -> bool:
    """Whether positional features differ from the formula, or between layers: then each layer keeps its own."""
    from hyenadna_core.definition import positional_features, times

    prefixes = [f"backbone.layers.{i}.mixer.filter_fn.pos_emb." for i in range(architecture["n_layer"])]
    L, e = architecture["max_seq_len"], architecture["emb_dim"]
    for part, formula in (("z", positional_features(L, e)), ("t", times(L))):
        first = tensors[f"{prefixes[0]}{part}"]
        if not np.allclose(np.asarray(first[0], np.float32), formula, rtol=0, atol=POSITIONS_ATOL):
            return True
        if not all(np.array_equal(tensors[f"{prefix}{part}"], first) for prefix in prefixes):
            return True
    return False
