"""Models and inputs on which backends are compared, and the differences between their results."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any
from zlib import crc32

import numpy as np
from safetensors.numpy import load_file

from hyenadna_core import definition
from hyenadna_core.definition import decay_rates, positional_features, times
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.weights.architecture import shapes

Arrays = dict[str, np.ndarray]

GOLDEN = files("hyenadna_core") / "data" / "golden"
BETWEEN = 1e-5  # of the largest logit: the gate between two backends
GRADIENT = 1e-4  # of each tensor's largest
STEP = 1e-5  # of a slope's difference quotient: its error is about 1e-10 in float64


@dataclass(frozen=True)
class Case:
    """A model and its inputs; `gate` bounds the differences of logits, hidden states and loss."""

    name: str
    config: HyenaConfig
    gate: float
    length: int
    batch_size: int = 2
    slopes: bool = True
    golden: str | None = None  # the name of the original's logits, if there are any


TINY = HyenaConfig(2, 16, 66, embed_dropout=0.0)
HUB = HyenaConfig(
    *(2, 16, 258),
    order=3,
    filter_layout="step_major",
    trained_positions=True,
    tie_embeddings=False,
    embed_dropout=0.0,
)
ORDER_3 = HyenaConfig(2, 32, 1026, order=3, embed_dropout=0.0)
PRIME = HyenaConfig(2, 16, 16386, embed_dropout=0.0)
SHIFT_0 = replace(TINY, window_shift=0.0)
CASES = (
    Case("golden", TINY, gate=5e-5, length=64, golden="logits"),
    Case("golden, shift 0", SHIFT_0, gate=5e-5, length=64, golden="logits_with_modulation_shift_0"),
    Case("golden, 37 bases", TINY, gate=5e-5, length=37, golden="logits_for_first_37_tokens"),
    Case("order 3, odd length", ORDER_3, gate=2e-4, length=1001),
    Case("the hub's options", HUB, gate=2e-4, length=258),
    Case("prime length", PRIME, gate=1e-3, length=16381, batch_size=1, slopes=False),
)


@dataclass
class Row:
    """One line of the table: each backend's largest difference in one quantity, and its bound."""

    case: str
    quantity: str
    gate: float
    differences: dict[str, float] = field(default_factory=dict)

    @property
    def exceeded(self) -> list[str]:
        """The backends beyond the gate; a difference that is not a number is beyond it too."""
        return [backend for backend, difference in self.differences.items() if not difference <= self.gate]


def inputs(case: Case, seed: int = 0) -> Arrays:
    """Return weights by plain name, `ids` and `targets`.

    They are the original's, or drawn from the name of the case and a seed.
    """
    if case.golden:
        with np.load(str(GOLDEN / "tiny_order2.expected.npz")) as expected:
            tokens = {name: expected[name][:, : case.length].astype(np.int32) for name in ("input_ids", "target_ids")}
        weights = load_file(str(GOLDEN / "tiny_order2.weights.safetensors"))
        return weights | {"ids": tokens["input_ids"], "targets": tokens["target_ids"]}
    random = np.random.default_rng([crc32(case.name.encode()), seed])
    bases = random.integers(6, 12, (case.batch_size, case.length + 1)).astype(np.int32)
    return drawn_weights(case.config, random) | {"ids": bases[:, :-1].copy(), "targets": bases[:, 1:].copy()}


def drawn_weights(config: HyenaConfig, random: np.random.Generator) -> Arrays:
    """Draw weights by their plain names, so that no weight is 0 or 1 by accident."""
    start: dict[str, Any] = {
        "z": positional_features(config.max_seq_len, config.emb_dim)[None],
        "t": times(config.max_seq_len)[None],
        "deltas": decay_rates(config.filter_channels)[None, None],
        "freq": 10.0,
    }
    weights: Arrays = {}
    for name, shape in shapes(config).items():
        part = name.rsplit(".", 1)[-1]
        norm = part == "weight" and ("norm" in name or "ln_f" in name)
        spread = 1.0 if name in ("lm_head.weight", "backbone.embeddings.word_embeddings.weight") else 0.1
        noise = random.normal(0.0, spread, shape)
        fixed = part == "t" or (part == "z" and not config.trained_positions)
        weights[name] = (start.get(part, 1.0 if norm else 0.0) + (0.0 if fixed else noise)).astype(np.float32)
    for name in weights:
        if name.endswith(".freq"):
            weights[name] = weights[name.rsplit(".", 2)[0] + ".1.freq"]
    if config.tie_embeddings:
        weights["lm_head.weight"] = weights["backbone.embeddings.word_embeddings.weight"]
    return weights


def slopes(case: Case, arrays: Arrays, directions: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return, for each tensor, the slope of the definition's loss along a direction.

    It is a central difference in float64.
    """
    by_tensor = {}
    for name, direction in directions.items():
        rise = 0.0
        for sign in (1, -1):
            moved = {other: arrays[other].astype(np.float64) for other in aliases(name, case, arrays)}
            moved = {other: tensor + sign * STEP * direction for other, tensor in moved.items()}
            logits = define(case, arrays | moved)[1]
            rise += sign * definition.loss(logits, arrays["targets"])
        by_tensor[name] = rise / (2 * STEP)
    return by_tensor


def aliases(name: str, case: Case, arrays: Arrays) -> list[str]:
    """Return all names of a trained tensor in the state dict."""
    if name.endswith(".freq"):
        network = name.rsplit(".", 2)[0]
        return [other for other in arrays if other.startswith(network) and other.endswith(".freq")]
    tied = case.config.tie_embeddings and "word_embeddings" in name
    return [name, "lm_head.weight"] if tied else [name]


def define(case: Case, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Compute hidden states and logits by the float64 definition."""
    config = case.config
    weights = {name: tensor for name, tensor in arrays.items() if name not in ("ids", "targets")}
    return definition.forward(weights, arrays["ids"], config.window_shift, config.filter_layout)


def compute(case: Case, arrays: Arrays, trains: bool) -> Arrays:
    """Compute a case on the backend that runs: hidden, logits, loss.

    If the backend trains, the result also has gradient/NAME for each tensor.
    """
    from hyenadna_core.checks.gradients import loss_and_gradients
    from hyenadna_core.model.causal_lm import CausalLM
    from hyenadna_core.weights.state_dict import load_state_dict

    model = CausalLM.from_hyena_config(case.config)
    load_state_dict(model, {name: tensor for name, tensor in arrays.items() if name not in ("ids", "targets")})
    hidden, logits = model.backbone.predict_on_batch(arrays["ids"]), model.predict_on_batch(arrays["ids"])
    results = {
        "hidden": hidden,
        "logits": logits,
        "loss": np.array(definition.loss(logits.astype(np.float64), arrays["targets"])),
    }
    if trains:
        loss, gradients = loss_and_gradients(model, arrays["ids"], arrays["targets"])
        results |= {"loss": np.array(loss)} | {f"gradient/{name}": value for name, value in gradients.items()}
    return results


def rows(case: Case, arrays: Arrays, computed: Mapping[str, Arrays]) -> Iterator[Row]:
    """Yield each backend's differences from the definition, the original and the other backends."""
    hidden, logits = define(case, arrays)
    expected = {"logits": logits, "hidden": hidden, "loss": np.array(definition.loss(logits, arrays["targets"]))}
    trained = {backend: results for backend, results in computed.items() if gradient_names(results)}

    for quantity in expected:
        far = {backend: farthest(results[quantity], expected[quantity]) for backend, results in computed.items()}
        yield Row(case.name, f"{quantity}, float64", case.gate, far)
    if case.golden:
        with np.load(str(GOLDEN / "tiny_order2.expected.npz")) as stored:
            original = stored[case.golden]
        far = {backend: farthest(results["logits"], original) for backend, results in computed.items()}
        yield Row(case.name, "logits, the original's", case.gate, far)
    if case.golden == "logits" and trained:
        gradients = load_file(str(GOLDEN / "tiny_order2.gradients.safetensors"))
        far = {backend: relative(results, gradients) for backend, results in trained.items()}
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
    """Return the distance of each backend to the one that differs most from it."""
    return {
        backend: float(np.max([distance(one, other) for name, other in computed.items() if name != backend]))
        for backend, one in computed.items()
    }


def farthest(actual: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest absolute difference."""
    return float(np.abs(actual - expected).max())


def relative(actual: Arrays, expected: Arrays) -> float:
    """Return the largest difference of any gradient, relative to its tensor's largest value."""
    names = gradient_names(expected)  # np.max, since max ignores a value that is not a number
    return float(np.max([farthest(actual[name], expected[name]) / np.abs(expected[name]).max() for name in names]))


def gradient_names(arrays: Arrays) -> list[str]:
    """Return the names of the gradients among results."""
    return [name for name in arrays if name.startswith("gradient/")]


def slope_errors(case: Case, arrays: Arrays, trained: Mapping[str, Arrays]) -> dict[str, float]:
    """Return the largest error of gradients, relative to their largest value, by backend.

    A gradient along random signs is compared with the slope of the definition. Errors add up like a
    random walk, so they are divided by the root of a tensor's size.
    """
    names = [name.removeprefix("gradient/") for name in gradient_names(next(iter(trained.values())))]
    random = np.random.default_rng(0)
    directions = {name: random.choice([-1.0, 1.0], arrays[name].shape) for name in names}
    expected = slopes(case, arrays, directions)
    far = dict.fromkeys(trained, 0.0)
    for backend, results in trained.items():
        for name in names:
            gradient = results[f"gradient/{name}"].astype(np.float64)
            error = abs((gradient * directions[name]).sum() - expected[name])
            error /= np.abs(gradient).max() * math.sqrt(gradient.size)
            far[backend] = float(np.max([far[backend], error]))
    return far
