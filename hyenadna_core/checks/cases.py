"""Models and inputs on which backends are compared, what a backend makes of them, and how far that is from others."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any
from zlib import crc32

import numpy as np
from safetensors.numpy import load_file

from hyenadna_core import definition
from hyenadna_core.definition import decay_rates, positional_features, times
from hyenadna_core.weights.architecture import shapes

Arrays = dict[str, np.ndarray]

GOLDEN = files("hyenadna_core") / "data" / "golden"
BETWEEN = 1e-5  # of the largest logit: design's gate for backends against each other
GRADIENT = 1e-4  # of each tensor's largest
STEP = 1e-5  # of a slope's difference quotient: its error is about 1e-10 in float64


@dataclass(frozen=True)
class Case:
    """A model and inputs; `gate` bounds the largest difference of logits, hidden states and loss."""

    name: str
    architecture: Mapping[str, Any]
    gate: float
    length: int
    batch_size: int = 2
    slopes: bool = True
    golden: str | None = None  # the name of the original's logits, where it computed them


def _architecture(n_layer: int, d_model: int, max_seq_len: int, **others: Any) -> dict[str, Any]:
    sizes = {"n_layer": n_layer, "d_model": d_model, "d_inner": 4 * d_model, "max_seq_len": max_seq_len, "order": 2}
    network = {"emb_dim": 5, "filter_order": 64, "num_inner_mlps": 2, "short_filter_order": 3}
    others = {
        "window_shift": 0.05,
        "filter_layout": "channel_major",
        "trained_positions": False,
        "tie_embeddings": True,
    } | others
    return sizes | network | {"vocab_size": 16} | others


TINY = _architecture(2, 16, 66)
CASES = (
    Case("golden", TINY, gate=5e-5, length=64, golden="logits"),
    Case(
        "golden, shift 0", TINY | {"window_shift": 0.0}, gate=5e-5, length=64, golden="logits_with_modulation_shift_0"
    ),
    Case("golden, 37 bases", TINY, gate=5e-5, length=37, golden="logits_for_first_37_tokens"),
    Case("order 3, odd length", _architecture(2, 32, 1026, order=3), gate=2e-4, length=1001),
    Case(
        "the hub's options",
        _architecture(2, 16, 258, order=3, filter_layout="step_major", trained_positions=True, tie_embeddings=False),
        gate=2e-4,
        length=258,
    ),
    Case("prime length", _architecture(2, 16, 16386), gate=1e-3, length=16381, batch_size=1, slopes=False),
)


@dataclass
class Row:
    """One line of the table: the largest difference of each backend in one quantity, and what it may be at most."""

    case: str
    quantity: str
    gate: float
    differences: dict[str, float] = field(default_factory=dict)

    @property
    def exceeded(self) -> list[str]:
        """Backends beyond the gate; what is no number is beyond it too."""
        return [backend for backend, difference in self.differences.items() if not difference <= self.gate]


def inputs(case: Case, seed: int = 0) -> Arrays:
    """Weights by plain name, `ids` and `targets`: the original's, or drawn from the name of the case and a seed."""
    if case.golden:
        with np.load(str(GOLDEN / "tiny_order2.expected.npz")) as expected:
            tokens = {name: expected[name][:, : case.length].astype(np.int32) for name in ("input_ids", "target_ids")}
        weights = load_file(str(GOLDEN / "tiny_order2.weights.safetensors"))
        return weights | {"ids": tokens["input_ids"], "targets": tokens["target_ids"]}
    random = np.random.default_rng([crc32(case.name.encode()), seed])
    tokens = random.integers(6, 12, (case.batch_size, case.length + 1)).astype(np.int32)
    return drawn_weights(case.architecture, random) | {"ids": tokens[:, :-1].copy(), "targets": tokens[:, 1:].copy()}


def drawn_weights(architecture: Mapping[str, Any], random: np.random.Generator) -> Arrays:
    """Weights of which none is 0 or 1 by accident, by their plain names."""
    L, e, m, d = (architecture[name] for name in ("max_seq_len", "emb_dim", "order", "d_model"))
    start = {
        "z": positional_features(L, e)[None],
        "t": times(L)[None],
        "deltas": decay_rates((m - 1) * d)[None, None],
        "freq": 10.0,
    }
    found: Arrays = {}
    for name, shape in shapes(architecture).items():
        part = name.rsplit(".", 1)[-1]
        norm = part == "weight" and ("norm" in name or "ln_f" in name)
        spread = 1.0 if name in ("lm_head.weight", "backbone.embeddings.word_embeddings.weight") else 0.1
        noise = random.normal(0.0, spread, shape)
        fixed = part == "t" or (part == "z" and not architecture["trained_positions"])
        found[name] = (start.get(part, 1.0 if norm else 0.0) + (0.0 if fixed else noise)).astype(np.float32)
    for name in found:
        if name.endswith(".freq"):
            found[name] = found[name.rsplit(".", 2)[0] + ".1.freq"]
    if architecture["tie_embeddings"]:
        found["lm_head.weight"] = found["backbone.embeddings.word_embeddings.weight"]
    return found


def slopes(case: Case, arrays: Arrays, directions: Mapping[str, np.ndarray]) -> dict[str, float]:
    """By tensor, how the loss of the definition rises along a direction: a central difference in float64."""
    found = {}
    for name, direction in directions.items():
        rise = 0.0
        for sign in (1, -1):
            moved = {other: arrays[other].astype(np.float64) for other in aliases(name, case, arrays)}
            moved = {other: tensor + sign * STEP * direction for other, tensor in moved.items()}
            logits = define(case, arrays | moved)[1]
            rise += sign * definition.loss(logits, arrays["targets"])
        found[name] = rise / (2 * STEP)
    return found


def aliases(name: str, case: Case, arrays: Arrays) -> list[str]:
    """The names under which a trained tensor stands in the state dict."""
    if name.endswith(".freq"):
        network = name.rsplit(".", 2)[0]
        return [other for other in arrays if other.startswith(network) and other.endswith(".freq")]
    tied = case.architecture["tie_embeddings"] and "word_embeddings" in name
    return [name, "lm_head.weight"] if tied else [name]


def define(case: Case, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Hidden states and logits of the float64 definition."""
    architecture = case.architecture
    weights = {name: tensor for name, tensor in arrays.items() if name not in ("ids", "targets")}
    return definition.forward(weights, arrays["ids"], architecture["window_shift"], architecture["filter_layout"])


def compute(case: Case, arrays: Arrays, trains: bool) -> Arrays:
    """What the backend that runs makes of a case: hidden, logits, and where it trains loss and gradient/NAME."""
    from hyenadna_core import CausalLM, HyenaBackbone
    from hyenadna_core.checks.gradients import loss_and_gradients
    from hyenadna_core.weights.state_dict import load_state_dict

    config = dict(case.architecture)
    tie_embeddings = config.pop("tie_embeddings")
    model = CausalLM(HyenaBackbone(**config, embed_dropout=0.0), tie_embeddings)
    load_state_dict(model, {name: tensor for name, tensor in arrays.items() if name not in ("ids", "targets")})
    hidden, logits = model.backbone.predict_on_batch(arrays["ids"]), model.predict_on_batch(arrays["ids"])
    found = {
        "hidden": hidden,
        "logits": logits,
        "loss": np.array(definition.loss(logits.astype(np.float64), arrays["targets"])),
    }
    if trains:
        loss, gradients = loss_and_gradients(model, arrays["ids"], arrays["targets"])
        found |= {"loss": np.array(loss)} | {f"gradient/{name}": value for name, value in gradients.items()}
    return found


def rows(case: Case, arrays: Arrays, computed: Mapping[str, Arrays]) -> Iterator[Row]:
    """Each backend's differences from the definition, the original and the other backends."""
    hidden, logits = define(case, arrays)
    expected = {"logits": logits, "hidden": hidden, "loss": np.array(definition.loss(logits, arrays["targets"]))}
    trained = {backend: found for backend, found in computed.items() if gradient_names(found)}

    for quantity in expected:
        far = {backend: farthest(found[quantity], expected[quantity]) for backend, found in computed.items()}
        yield Row(case.name, f"{quantity}, float64", case.gate, far)
    if case.golden:
        with np.load(str(GOLDEN / "tiny_order2.expected.npz")) as stored:
            original = stored[case.golden]
        far = {backend: farthest(found["logits"], original) for backend, found in computed.items()}
        yield Row(case.name, "logits, the original's", case.gate, far)
    if case.golden == "logits" and trained:
        gradients = load_file(str(GOLDEN / "tiny_order2.gradients.safetensors"))
        far = {backend: relative(found, gradients) for backend, found in trained.items()}
        yield Row(case.name, "gradients, the original's", GRADIENT, far)
    elif case.slopes and trained:
        yield Row(case.name, "gradients, float64 slopes", GRADIENT, slope_errors(case, arrays, trained))
    if len(computed) > 1:
        largest = np.abs(logits).max()
        far = between(computed, lambda one, other: farthest(one["logits"], other["logits"]) / largest)
        yield Row(case.name, "logits, other backends", BETWEEN, far)
    if len(trained) > 1:
        yield Row(case.name, "gradients, other backends", GRADIENT, between(trained, relative))


def between(computed: Mapping[str, Arrays], distance: Callable[[Arrays, Arrays], float]) -> dict[str, float]:
    """How far each backend is from the one that is farthest from it."""
    return {
        backend: float(np.max([distance(one, other) for name, other in computed.items() if name != backend]))
        for backend, one in computed.items()
    }


def farthest(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest absolute difference."""
    return float(np.abs(found - expected).max())


def relative(found: Arrays, expected: Arrays) -> float:
    """The largest difference of any gradient, in parts of its tensor's largest."""
    names = gradient_names(expected)  # np.max, since max passes over what is no number
    return float(np.max([farthest(found[name], expected[name]) / np.abs(expected[name]).max() for name in names]))


def gradient_names(arrays: Arrays) -> list[str]:
    return [name for name in arrays if name.startswith("gradient/")]


def slope_errors(case: Case, arrays: Arrays, trained: Mapping[str, Arrays]) -> dict[str, float]:
    """How far gradients are from slopes along random signs, in parts of each tensor's largest: errors add as a walk."""
    names = [name.removeprefix("gradient/") for name in gradient_names(next(iter(trained.values())))]
    random = np.random.default_rng(0)
    directions = {name: random.choice([-1.0, 1.0], arrays[name].shape) for name in names}
    expected = slopes(case, arrays, directions)
    far = dict.fromkeys(trained, 0.0)
    for backend, found in trained.items():
        for name in names:
            gradient = found[f"gradient/{name}"].astype(np.float64)
            error = abs((gradient * directions[name]).sum() - expected[name])
            error /= np.abs(gradient).max() * math.sqrt(gradient.size)
            far[backend] = float(np.max([far[backend], error]))
    return far
