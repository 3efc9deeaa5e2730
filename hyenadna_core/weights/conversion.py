"""Write weights in any published layout, bit for bit."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import file_written_aside, written_aside
from hyenadna_core.weights.layouts import LAYOUTS, to_layout
from hyenadna_core.weights.sources import CONFIG_KEY, WINDOW_SHIFT, Weights
from hyenadna_plugins import reason_of

EPSILON = 1e-5
HEAD, EMBEDDING = "lm_head.weight", "backbone.embeddings.word_embeddings.weight"
HUB_CODE = "LongSafari/hyenadna-tiny-1k-seqlen-hf"  # the repository of the model classes for transformers
FILE_OF = {
    "plain": "model.safetensors",
    "hub": "model.safetensors",
    "original": "weights.ckpt",
    "checkpointed": "weights.ckpt",
}


def write_weights(weights: Weights, destination: Path, layout: str | None = None) -> list[str]:
    """Write weights to a folder with config.json, or to a file.

    Return sentences about settings for which readers of this layout use other values.

    Args:
        destination: a new folder, or a new file with the suffix .safetensors or .ckpt.
        layout: "plain" for hyenadna; "hub" for transformers; "original" or, with activation
            checkpointing, "checkpointed" for the original's weights.ckpt. The default is "original"
            for a .ckpt file, else "plain".

    Raises:
        HyenaDNAError: the destination exists or cannot be written, or readers of the layout cannot
            run this model.
    """
    is_file = destination.suffix in (".safetensors", ".ckpt")
    layout = layout or ("original" if destination.suffix == ".ckpt" else "plain")
    if layout not in FILE_OF:
        raise HyenaDNAError(f"Unknown layout {layout!r}: choose one of {', '.join(FILE_OF)}.")
    if is_file and destination.suffix != Path(FILE_OF[layout]).suffix:
        raise HyenaDNAError(
            f"The layout {layout!r} needs the suffix {Path(FILE_OF[layout]).suffix}, not that of {destination.name}."
        )
    if destination.exists():
        raise HyenaDNAError(f"{destination} already exists: remove it, or choose another name.")
    if is_file and weights.architecture["mixer"] == "attention":
        raise HyenaDNAError("A single file cannot state the max_seq_len of a model with attention: give a folder.")
    notices = check_layout(weights, layout)
    tensors = dict(weights.tensors)
    tensors.setdefault(HEAD, tensors[EMBEDDING])
    named = to_layout(tensors, LAYOUTS[layout])
    try:
        if is_file:
            metadata = {CONFIG_KEY: json.dumps(our_config(weights.architecture))} if layout == "plain" else {}
            with file_written_aside(destination) as file:
                _write(named, file, metadata)
        else:
            with written_aside(destination) as folder:
                _write(named, folder / FILE_OF[layout], {})
                text = json.dumps(CONFIG_OF[layout](weights.architecture), indent=2) + "\n"
                (folder / "config.json").write_text(text, encoding="utf-8")
    except (OSError, RuntimeError, SafetensorError) as error:  # RuntimeError: PyTorch's, on a full disk
        reason = getattr(error, "strerror", None) or reason_of(error)
        raise HyenaDNAError(
            f"Cannot write {destination} ({reason}): check the free space and your permissions; nothing was written."
        ) from None
    return notices


def check_layout(weights: Weights, layout: str) -> list[str]:
    """Return sentences about settings for which readers of this layout use other values.

    Raises:
        HyenaDNAError: the layout's readers cannot run this model.
    """
    if layout == "plain":
        return []
    architecture, tensors = weights.architecture, weights.tensors
    if architecture["mixer"] != "hyena":
        raise HyenaDNAError(f"The layout {layout!r} is only for Hyena models, but this one has attention: use plain.")
    if layout == "hub" and architecture["order"] != 2:
        raise HyenaDNAError(
            f"The hub's code runs only order 2, but this model has order {architecture['order']}: use another layout."
        )
    if layout == "hub" and architecture["vocab_size"] != 16:
        raise HyenaDNAError(
            f"The hub's code has 16 rows in its embedding, but this model has {architecture['vocab_size']}: "
            "use another layout."
        )
    if layout == "hub" and (other := next(_other_frequencies(tensors), None)):
        raise HyenaDNAError(
            f"The hub's code has one sine frequency in each layer, but {other} differs from the first: "
            "use another layout."
        )
    if layout != "hub" and not np.array_equal(tensors.get(HEAD, tensors[EMBEDDING]), tensors[EMBEDDING]):
        raise HyenaDNAError(
            f"The original's code ties the head to the embedding, but in {weights.path} they differ: use the layout "
            "hub or plain."
        )
    shift, notices = architecture["window_shift"], []
    if layout != "hub":
        notices = [
            f"weights.ckpt does not state the window shift ({shift} here): the original's training code takes 0.0, its "
            "inference code 0.05."
        ]
        if architecture["order"] > 2:
            notices.append(
                f"It does not state the filter layout ({architecture['filter_layout']} here): the training code takes "
                "channel_major, the inference code step_major."
            )
        if architecture.get("layer_norm_epsilon", EPSILON) != EPSILON:
            notices.append(
                f"It does not state epsilon ({architecture['layer_norm_epsilon']} here): the code takes {EPSILON}."
            )
    elif shift != WINDOW_SHIFT:
        notices = [f"The hub's code runs these weights with window shift {WINDOW_SHIFT}, not {shift}."]
    return notices


def _other_frequencies(tensors: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Name each sine frequency that differs from the first one of its layer."""
    for name, tensor in tensors.items():
        if name.endswith(".freq") and not np.array_equal(tensor, tensors[name.rsplit(".", 2)[0] + ".1.freq"]):
            yield name


def our_config(architecture: Mapping[str, Any]) -> dict[str, Any]:
    """Return our config.json: the arguments of HyenaBackbone."""
    backbone = {
        name: value for name, value in architecture.items() if name not in ("tie_embeddings", "dtype", "rematerialise")
    }
    return {"model_type": "hyenadna", "backbone": backbone, "tie_embeddings": bool(architecture["tie_embeddings"])}


def hub_config(architecture: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config.json for transformers (docs/model.md section 3)."""
    classes = {
        "AutoConfig": "configuration_hyena.HyenaConfig",
        "AutoModel": "modeling_hyena.HyenaDNAModel",
        "AutoModelForCausalLM": "modeling_hyena.HyenaDNAForCausalLM",
        "AutoModelForSequenceClassification": "modeling_hyena.HyenaDNAForSequenceClassification",
    }
    same = (
        "d_model",
        "d_inner",
        "n_layer",
        "max_seq_len",
        "emb_dim",
        "filter_order",
        "num_inner_mlps",
        "short_filter_order",
    )
    return {
        "architectures": ["HyenaDNAForCausalLM"],
        "auto_map": {name: f"{HUB_CODE}--{value}" for name, value in classes.items()},
        "model_type": "hyenadna",
        **{name: architecture[name] for name in same},
        "activation_freq": architecture.get("activation_freq", 10),
        "embed_dropout": architecture.get("embed_dropout", 0.1),
        "hyena_dropout": 0.0,
        "hyena_filter_dropout": 0.0,
        "hyena_order": architecture["order"],
        "initializer_range": 0.02,
        "layer_norm_epsilon": architecture.get("layer_norm_epsilon", 1e-5),
        "pad_token_id": 4,
        "pad_vocab_size_multiple": 8,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "train_freq": True,
        "use_bias": True,
        "vocab_size": 12,
    }


def original_config(architecture: Mapping[str, Any], checkpointed: bool = False) -> dict[str, Any]:
    """Return the config.json for the original's inference code (docs/model.md section 3)."""
    return {
        "d_model": architecture["d_model"],
        "n_layer": architecture["n_layer"],
        "d_inner": architecture["d_inner"],
        "vocab_size": 12,
        "resid_dropout": 0.0,
        "embed_dropout": architecture.get("embed_dropout", 0.1),
        "fused_mlp": False,
        "fused_dropout_add_ln": False,  # needs a CUDA extension, gives the same numbers
        "checkpoint_mixer": checkpointed,
        "checkpoint_mlp": checkpointed,
        "residual_in_fp32": True,
        "pad_vocab_size_multiple": 8,
        "return_hidden_state": True,
        "layer": {
            "_name_": "hyena",
            "order": architecture["order"],
            "emb_dim": architecture["emb_dim"],
            "filter_order": architecture["filter_order"],
            "num_inner_mlps": architecture["num_inner_mlps"],
            "short_filter_order": architecture["short_filter_order"],
            "l_max": architecture["max_seq_len"],
            "modulate": True,
            "w": architecture.get("activation_freq", 10),
            "lr": 6e-4,
            "wd": 0.0,
            "lr_pos_emb": 0.0,
        },
    }


CONFIG_OF: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "plain": our_config,
    "hub": hub_config,
    "original": original_config,
    "checkpointed": lambda architecture: original_config(architecture, checkpointed=True),
}


def _write(named: Mapping[str, np.ndarray], file: Path, metadata: dict[str, str]) -> None:
    if file.suffix == ".safetensors":
        from safetensors.numpy import save_file

        save_file(
            {name: np.ascontiguousarray(tensor) for name, tensor in named.items()}, file, {"format": "pt"} | metadata
        )
    else:
        _write_checkpoint(named, file)


def _write_checkpoint(named: Mapping[str, np.ndarray], file: Path) -> None:
    """Write the parts of a Lightning checkpoint that the original reads."""
    try:
        import torch
    except ModuleNotFoundError:
        raise HyenaDNAError("Writing a weights.ckpt needs PyTorch: run pip install 'hyenadna[torch]'.") from None

    def tensor_of(array: np.ndarray) -> Any:
        if array.dtype.name == "bfloat16":
            return torch.from_numpy(np.array(array.view(np.int16), order="C")).view(torch.bfloat16)
        return torch.from_numpy(np.array(array, order="C"))

    made = {id(tensor): tensor_of(tensor) for tensor in named.values()}
    state_dict = {name: made[id(tensor)] for name, tensor in named.items()}
    checkpoint = {"epoch": 0, "global_step": 0, "pytorch-lightning_version": "1.8.6", "state_dict": state_dict}
    torch.save(checkpoint, file)
