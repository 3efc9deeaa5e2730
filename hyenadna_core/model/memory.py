"""How much memory a model takes: bytes of weights, kept spectra, activations, for inference and for training."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hyenadna_backends.fft_length import planned_length
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.presets import Preset
from hyenadna_core.weights.architecture import shapes

FLOAT = 4  # bytes
DEFAULTS: dict[str, Any] = {
    **{"order": 2, "emb_dim": 5, "filter_order": 64, "num_inner_mlps": 2, "short_filter_order": 3, "vocab_size": 16},
    "mixer": "hyena",
}
SPECTRA_BUDGET, DEFAULT_BUDGET = "HYENADNA_SPECTRA_BYTES", 1 << 30

# What an operator works on at once, in inference: see hyena.py, which asks here.
WORKING_BYTES = 3 << 27
NARROWEST = 8  # channels: fewer make matrix products slow
ROWS = 1 << 14  # positions at a time in the norms, the MLP and the filter network, where there are many more


@dataclass(frozen=True)
class Held:
    """Arrays of (B, L, D) that a backend holds, fitted to what processes took on CPUs (docs/log.md).

    `kept` of every block in training; `again` of one block while it is made again for its gradient; `inner` copies of
    the MLP's inner activations in inference. With attention, arrays of (B, heads, L, L) besides: `scores` of every
    block in training, `scores_once` in inference.
    """

    kept: float
    again: float
    inner: int
    scores: float
    scores_once: float


INFERENCE = 4.3  # such arrays in inference, on every backend
LIBRARIES = 150_000_000  # bytes that a backend's libraries take once they train
HELD = {
    "jax": Held(kept=55.0, again=60.0, inner=2, scores=6.0, scores_once=3.3),
    "torch": Held(kept=32.0, again=110.0, inner=3, scores=0.0, scores_once=0.0),  # PyTorch's kernel keeps none
    "mlx": Held(kept=55.0, again=120.0, inner=6, scores=1.6, scores_once=1.3),
    "numpy": Held(kept=32.0, again=110.0, inner=3, scores=0.0, scores_once=4.6),  # it does not train: as PyTorch
}


@dataclass(frozen=True)
class Estimate:
    """Bytes, besides those of Python and the backend themselves (0.4 GB on a CPU)."""

    weights: int
    spectra: int
    activations: int
    optimizer: int

    @property
    def peak(self) -> int:
        """The most that is held at once."""
        return self.weights + self.spectra + self.activations + self.optimizer

    def to_json(self) -> dict[str, int]:
        return asdict(self) | {"peak": self.peak}


def channels_at_once(B: int, L: int, D: int, order: int) -> int:
    """How many channels of (B, L, D) an operator works on at a time in inference: a divisor of D."""
    widths = [width for width in range(1, D + 1) if D % width == 0]
    widest = max(width for width in widths if width <= max(1, WORKING_BYTES // _bytes_of_a_channel(B, L, order)))
    return widest if widest >= NARROWEST else min(width for width in widths if width >= min(NARROWEST, D))


def _bytes_of_a_channel(B: int, L: int, order: int) -> int:
    """Projections before and after the short convolution and turned round; filter, padded input, spectra."""
    return FLOAT * B * L * (3 * (order + 1) + 10)


def spectra_bytes(architecture: Mapping[str, Any], L: int) -> int:
    """Of the spectra of all filters of length L: complex numbers at each frequency of the planned transform."""
    filters = int(architecture["n_layer"] * (architecture["order"] - 1) * architecture["d_model"])
    return 2 * FLOAT * filters * (planned_length(L) // 2 + 1)


def spectra_budget() -> int:
    """The bytes of spectra that inference may keep.

    Raises:
        HyenaDNAError: the environment names no number.
    """
    text = os.environ.get(SPECTRA_BUDGET) or str(DEFAULT_BUDGET)
    if not text.isdecimal():
        raise HyenaDNAError(f"{SPECTRA_BUDGET} is {text!r}: give a number of bytes, as in {DEFAULT_BUDGET}.")
    return int(text)


def estimate(architecture: Mapping[str, Any], B: int, L: int, training: bool, backend: str = "torch") -> Estimate:
    """What a pass over (B, L) ids takes in float32, forward alone or with its gradient and AdamW."""
    held = HELD.get(backend, HELD["torch"])
    D, order, n_layer = (int(architecture[name]) for name in ("d_model", "order", "n_layer"))
    named = shapes(dict(architecture))
    tables = sum(int(np.prod(shape)) for name, shape in named.items() if name.endswith((".z", ".t")))
    if not architecture.get("trained_positions"):
        tables //= n_layer  # one for all blocks
    copies = ("lm_head.weight", ".3.freq", ".5.freq", ".z", ".t")
    trained = sum(int(np.prod(shape)) for name, shape in named.items() if not name.endswith(copies))
    stream = FLOAT * B * L * D
    attends = architecture.get("mixer") == "attention"
    scores = FLOAT * B * _heads(D) * L * L if attends else 0
    if training:
        arrays, layers = held.kept * n_layer, n_layer
        if architecture.get("rematerialise"):
            arrays, layers = min(arrays, held.again + n_layer), 1
        activations = int(stream * arrays + scores * held.scores * layers) + LIBRARIES
        return Estimate(FLOAT * (trained + tables), 0, activations, FLOAT * 3 * trained)
    spectra = 0 if attends else spectra_bytes(architecture, L)
    spectra = spectra if spectra <= spectra_budget() else 0
    mixing = channels_at_once(B, L, D, order) * _bytes_of_a_channel(B, L, order)
    if attends:
        mixing = int(scores * held.scores_once)
    mlp = FLOAT * min(B * L, 2 * ROWS) * held.inner * int(architecture["d_inner"])
    activations = int(INFERENCE * stream) + max(mixing, mlp)
    return Estimate(FLOAT * (trained + tables), spectra, activations, 0)


def _heads(D: int) -> int:
    from hyenadna_core.model.attention import heads  # it imports Keras, which estimates of Hyena do without

    return heads(D)


def micro_batch(architecture: Mapping[str, Any], batch_size: int, seq_len: int, limit: int, backend: str) -> int:
    """The most sequences, up to batch_size, whose training step fits `limit` bytes by the estimate; at least one."""
    alone, both = (estimate(architecture, B, seq_len, True, backend).peak for B in (1, 2))
    return max(1, min(batch_size, 1 + (limit - alone) // (both - alone)))


def full_architecture(config: Mapping[str, Any]) -> dict[str, Any]:
    """A preset's or a run's arguments of HyenaBackbone, with the defaults that an estimate needs."""
    architecture = DEFAULTS | dict(config)
    architecture["d_inner"] = architecture.get("d_inner") or 4 * int(architecture["d_model"])
    return architecture


def estimates(preset: Preset, batch_size: int, seq_len: int | None, backend: str) -> list[dict[str, Any]]:
    """Estimates for a preset: inference, training, training with rematerialised blocks.

    Raises:
        HyenaDNAError: the preset takes no sequences that long.
    """
    most = int(preset.config["max_seq_len"])
    L = seq_len or most
    if most < L:
        raise HyenaDNAError(f"{preset.name} takes at most {most:,} bases, not {L:,}.")
    architecture = full_architecture(preset.config)
    rows = []
    for what, training, remat in (
        ("inference", False, False),
        ("training", True, False),
        ("rematerialised", True, True),
    ):
        found = estimate(architecture | {"rematerialise": remat}, batch_size, L, training, backend)
        rows.append({"for": what, "batch_size": batch_size, "seq_len": L, **found.to_json()})
    return rows
