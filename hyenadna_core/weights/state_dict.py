"""Weights by the original's parameter names and in its shapes (docs/model.md section 3)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError

EMBEDDING, HEAD = "backbone.embeddings.word_embeddings.weight", "lm_head.weight"

Change = Callable[[np.ndarray], np.ndarray]
Changes = tuple[Change, Change]
Named = Iterator[tuple[str, Any, Changes]]

# How to change a tensor of the original into a variable of ours, and back.
SAME: Changes = (lambda tensor: tensor, lambda value: value)
LINEAR: Changes = (np.transpose, np.transpose)  # (out, in) to (in, out)
DEPTHWISE: Changes = (lambda tensor: tensor[:, 0].T, lambda value: value.T[:, None])  # (C, 1, W) to (W, C)
ROW: Changes = (lambda tensor: tensor.reshape(-1), lambda value: value[None])  # (1, n) to (n,)
CHANNELS: Changes = (lambda tensor: tensor.reshape(-1), lambda value: value[None, None])  # (1, 1, C) to (C,)
TABLE: Changes = (lambda tensor: tensor[0], lambda value: value[None])  # (1, max_seq_len, n) to (max_seq_len, n)


class Parameter(NamedTuple):
    """A tensor of the original: its name, our variable, and the functions that convert them."""

    name: str
    variable: Any
    from_original: Change
    to_original: Change


def parameters(model: Any) -> Iterator[Parameter]:
    """Yield every tensor of the original's state dict for a CausalLM, a TaskModel or a backbone.

    A shared variable comes once for each of its names. Attention has our names, Wqkv and out_proj,
    because the original's code has no attention. All other weights of the model of a task, such as
    those of its head, are head.0.NAME, head.1.NAME, ... in the order of the model.
    """
    for_original = list(_of_original(model))
    yield from for_original
    if getattr(model, "backbone", model) is not model:
        known = {id(parameter.variable) for parameter in for_original}
        others = [variable for variable in model.weights if id(variable) not in known]
        for index, variable in enumerate(others):
            yield Parameter(f"head.{index}.{variable.name}", variable, *SAME)


def _of_original(model: Any) -> Iterator[Parameter]:
    """Yield the tensors of the language model, or of the backbone of another model."""
    backbone = getattr(model, "backbone", model)
    yield Parameter(EMBEDDING, backbone.embeddings.embeddings, *SAME)
    mixer_parameters = MIXERS[backbone.hyena_config.mixer]
    for index, block in enumerate(backbone.blocks):
        for name, variable, change in (*mixer_parameters(block.mixer), *_around_mixer(block)):
            yield Parameter(f"backbone.layers.{index}.{name}", variable, *change)
    yield Parameter("backbone.ln_f.weight", backbone.ln_f.gamma, *SAME)
    yield Parameter("backbone.ln_f.bias", backbone.ln_f.beta, *SAME)
    if backbone is model or not hasattr(model, "tie_embeddings"):
        return
    if model.tie_embeddings:
        yield Parameter(HEAD, backbone.embeddings.embeddings, *SAME)
    else:
        yield Parameter(HEAD, model.lm_head.kernel, *LINEAR)


def _hyena(mixer: Any) -> Named:
    filter_fn = mixer.filter_fn
    yield from _linear("mixer.in_proj", mixer.in_proj)
    yield "mixer.short_filter.weight", mixer.short_filter.taps, DEPTHWISE
    yield "mixer.short_filter.bias", mixer.short_filter.bias, SAME
    yield "mixer.filter_fn.bias", filter_fn.bias, SAME
    yield "mixer.filter_fn.pos_emb.z", mixer.pos_emb.z, TABLE
    yield "mixer.filter_fn.pos_emb.t", mixer.pos_emb.t, TABLE
    for index, linear in enumerate(filter_fn.linears):
        yield from _linear(f"mixer.filter_fn.implicit_filter.{2 * index}", linear)
        if linear is not filter_fn.linears[-1]:  # all sines share one frequency, which is stored for each
            yield f"mixer.filter_fn.implicit_filter.{2 * index + 1}.freq", filter_fn.freq, ROW
    yield "mixer.filter_fn.modulation.deltas", filter_fn.deltas, CHANNELS
    yield from _linear("mixer.out_proj", mixer.out_proj)


def _attention(mixer: Any) -> Named:
    yield from _linear("mixer.Wqkv", mixer.Wqkv)
    yield from _linear("mixer.out_proj", mixer.out_proj)


MIXERS = {"hyena": _hyena, "attention": _attention}


def _around_mixer(block: Any) -> Named:
    for name in ("norm1", "norm2"):
        norm = getattr(block, name)
        yield f"{name}.weight", norm.gamma, SAME
        yield f"{name}.bias", norm.beta, SAME
    yield from _linear("mlp.fc1", block.mlp.fc1)
    yield from _linear("mlp.fc2", block.mlp.fc2)


def _linear(name: str, dense: Any) -> Named:
    yield f"{name}.weight", dense.kernel, LINEAR
    if dense.bias is not None:
        yield f"{name}.bias", dense.bias, SAME


def stored_dtype(variable: Any) -> Any:
    """Return the dtype in which a tensor is assigned: float32, or that of other numbers."""
    return np.float32 if "float" in variable.dtype else variable.dtype


def state_dict(model: Any) -> dict[str, np.ndarray]:
    """Return the model's weights by the original's names, as its training code saves them."""
    from keras import ops

    return {
        name: np.array(to_original(ops.convert_to_numpy(variable.value)), order="C")
        for name, variable, _, to_original in parameters(model)
    }


def load_state_dict(model: Any, tensors: Mapping[str, np.ndarray]) -> None:
    """Put tensors by the original's names into the model.

    Raises:
        HyenaDNAError: a name is missing or unknown, a shape is not the model's, or two tensors
            differ but share one variable of the model, or a number is nan or infinite.
    """
    wanted = {parameter.name: parameter for parameter in parameters(model)}
    for problem, names in (("lack", wanted.keys() - tensors.keys()), ("have unknown", tensors.keys() - wanted.keys())):
        if names:
            raise HyenaDNAError(f"The weights {problem} {', '.join(sorted(names)[:3])} ({len(names)} in all).")
    placed: dict[int, str] = {}
    for name, variable, from_original, to_original in wanted.values():
        first = placed.setdefault(id(variable), name)
        if first != name:
            if tensors[name] is not tensors[first] and not np.array_equal(tensors[first], tensors[name]):
                raise HyenaDNAError(f"{name} differs from {first}, but this model has one variable for both.")
            continue
        wanted_shape = to_original(np.broadcast_to(np.float32(0), variable.shape)).shape
        if tensors[name].shape != wanted_shape:
            raise HyenaDNAError(f"{name} has the shape {tensors[name].shape} instead of {wanted_shape}.")
        check_numbers(name, tensors[name])
        variable.assign(np.ascontiguousarray(from_original(np.asarray(tensors[name], stored_dtype(variable)))))


def check_numbers(name: str, tensor: np.ndarray) -> None:
    """Check that a tensor of real numbers is finite.

    Raises:
        HyenaDNAError: it holds nan or infinity.
    """
    if not (finite := np.isfinite(tensor)).all():
        count, kind = tensor.size - np.count_nonzero(finite), "nan" if np.isnan(tensor).any() else "inf"
        raise HyenaDNAError(
            f"{name} holds {kind} ({count:,} of {tensor.size:,} numbers): the training diverged or the file is "
            "damaged, use an earlier checkpoint."
        )
