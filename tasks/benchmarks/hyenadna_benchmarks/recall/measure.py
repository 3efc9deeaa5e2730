"""The predictions of a value by a model, with the plant and without it, for each distance."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hyenadna_benchmarks.kept_parts import Arrays
from hyenadna_benchmarks.recall.plants import Background, Pair, Plant, make_pair
from hyenadna_core import HyenaDNAError
from hyenadna_core.tokens import A, T

BASES_AT_ONCE = 1 << 15
ROUNDS = 1000
INTERVAL = (2.5, 97.5)
CHANCE, CHANCE_BITS = 0.25, 2.0  # values are drawn: no model without memory does better on average
ARRAYS = ("right", "log_p", "right_control", "log_p_control")

Logits = Callable[[np.ndarray], np.ndarray]  # (B, L) int32 -> (B, L, V)


def measure(logits: Logits, plant: Plant, distance: int, repeats: int, background: Background) -> Arrays:
    """Return for each base of the values whether it was right and its log P in nats: (n, value).

    Their names are ARRAYS. Among A, C, G and T the most likely base
    is the answer, and log P is normalised over these four.

    Raises:
        HyenaDNAError: the model gives nan or infinity.
    """
    at_once = min(repeats, max(1, BASES_AT_ONCE // plant.length(distance) // 2))
    parts = []
    for first in range(0, repeats, at_once):
        pairs = [make_pair(plant, distance, n, background) for n in range(first, min(repeats, first + at_once))]
        parts.append(_measure_pairs(logits, pairs, plant.value, at_once))
    return {name: np.concatenate([each[name] for each in parts]) for name in parts[0]}


def _measure_pairs(logits: Logits, pairs: list[Pair], value: int, at_once: int) -> Mapping[str, np.ndarray]:
    n = len(pairs)
    sides = [np.stack(side) for side in zip(*pairs, strict=True)]  # planted, control: (n, L)
    filled = [side[np.minimum(np.arange(at_once), n - 1)] for side in sides]  # each batch has the same shape
    out = np.asarray(logits(np.concatenate(filled)))[:, -value - 1 : -1, int(A) : int(T) + 1].astype(np.float64)
    if not np.isfinite(out).all():
        raise HyenaDNAError("The model gives nan or infinity: its weights are damaged.")
    log_p = out - np.logaddexp.reduce(out, axis=-1, keepdims=True)
    truth = np.concatenate(filled)[:, -value:] - int(A)
    log_p_of_value = np.take_along_axis(log_p, truth[..., None], axis=-1)[..., 0]
    right = out.argmax(axis=-1) == truth
    planted, control = slice(0, n), slice(at_once, at_once + n)
    arrays = (right[planted], log_p_of_value[planted], right[control], log_p_of_value[control])
    return dict(zip(ARRAYS, arrays, strict=True))


def figures(arrays: Arrays, seed: int = 0) -> dict[str, Any]:
    """Return accuracy and gain with 95 % intervals, from draws of whole sequences.

    The gain is the difference of log P of the value with the plant and without it, in bits per
    base.
    """
    n = len(arrays["right"])
    right, control = arrays["right"].mean(axis=1), arrays["right_control"].mean(axis=1)
    gain = (arrays["log_p"] - arrays["log_p_control"]).mean(axis=1) / np.log(2)
    drawn = np.random.default_rng(seed).integers(n, size=(ROUNDS, n))
    row: dict[str, Any] = {"sequences": n}
    for name, values in (("accuracy", right), ("gain", gain)):
        low, high = np.percentile(values[drawn].mean(axis=1), INTERVAL)
        row |= {name: float(values.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}
        if name == "accuracy":
            row["accuracy_without_plant"] = float(control.mean())
            row["bits"] = float(-arrays["log_p"].mean() / np.log(2))
            row["bits_without_plant"] = float(-arrays["log_p_control"].mean() / np.log(2))
    return row
