"""Estimates of the memory that a model takes in inference and in training; without Keras.

The bytes are those of weights, kept spectra, activations and the optimizer.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.sizes import (
    FLOAT,
    ROWS,
    TRAINED_ROWS,
    bytes_of_a_channel,
    channels_at_once,
    heads,
    spectra_budget,
    spectra_bytes,
)
from hyenadna_core.presets import Preset
from hyenadna_core.weights.architecture import shapes


@dataclass(frozen=True)
class Held:
    """The number of arrays that a backend holds, fitted to the memory of processes on CPUs.

    docs/log.md has the measurements. Four numbers count arrays of (B, L, D): `kept` for every block
    in training; `again` for the channels that are computed again at once for their gradient;
    `apart` beside them; `each` for every block whose channels are computed again in parts. Two
    count copies of the MLP's inner activations: `inner` in inference, `mlp` while they are computed
    again. Two count arrays of (B, heads, L, L) with attention: `scores` for every block in
    training, `scores_once` in inference.
    """

    kept: float
    again: float
    apart: float
    each: float
    mlp: int
    inner: int
    scores: float
    scores_once: float


INFERENCE = 4.3  # arrays of (B, L, D) in inference, on every backend
LIBRARIES = 150_000_000  # bytes that a backend's libraries take when they train
HELD = {
    "jax": Held(kept=55.0, again=56.0, apart=4.0, each=5.0, mlp=6, inner=2, scores=6.0, scores_once=3.3),
    "torch": Held(  # PyTorch's kernel keeps no scores
        kept=32.0, again=28.0, apart=8.5, each=1.0, mlp=4, inner=3, scores=0.0, scores_once=0.0
    ),
    "mlx": Held(kept=55.0, again=80.0, apart=37.0, each=3.0, mlp=6, inner=6, scores=1.6, scores_once=1.3),
    "numpy": Held(  # it does not train: the numbers of PyTorch
        kept=32.0, again=28.0, apart=8.5, each=1.0, mlp=4, inner=3, scores=0.0, scores_once=4.6
    ),
}


@dataclass(frozen=True)
class Estimate:
    """Bytes, without those of Python and the backend (0.4 GB on a CPU)."""

    weights: int
    spectra: int
    activations: int
    optimizer: int

    @property
    def peak(self) -> int:
        """The largest number of bytes that is held at once."""
        return self.weights + self.spectra + self.activations + self.optimizer

    def to_json(self) -> dict[str, int]:
        """Return all numbers by name, the peak included."""
        return asdict(self) | {"peak": self.peak}


def estimate(config: HyenaConfig, B: int, L: int, training: bool, backend: str = "torch") -> Estimate:
    """Estimate the memory of a pass over ids (B, L) in float32.

    It is the forward pass only, or with `training` also its gradient and the step of AdamW.
    """
    held = HELD.get(backend, HELD["torch"])
    D, n_layer = config.d_model, config.n_layer
    named = shapes(config)
    tables = sum(int(np.prod(shape)) for name, shape in named.items() if name.endswith((".z", ".t")))
    if not config.trained_positions:
        tables //= n_layer  # one for all blocks
    copies = ("lm_head.weight", ".3.freq", ".5.freq", ".z", ".t")
    trained = sum(int(np.prod(shape)) for name, shape in named.items() if not name.endswith(copies))
    stream = FLOAT * B * L * D
    attends = config.mixer == "attention"
    scores = FLOAT * B * heads(D) * L * L if attends else 0
    if training:
        arrays, layers = held.kept * n_layer, n_layer
        if config.rematerialise:
            share = 1.0 if attends else channels_at_once(B, L, D, config.order, training) / D
            mlp = held.mlp * config.inner_width / D * min(1.0, TRAINED_ROWS / (B * L))
            each = held.each if share < 1 else 1.0
            arrays, layers = min(arrays, each * n_layer + held.apart + max(held.again * share, mlp)), 1
        activations = int(stream * arrays + scores * held.scores * layers) + LIBRARIES
        return Estimate(FLOAT * (trained + tables), 0, activations, FLOAT * 3 * trained)
    spectra = 0 if attends else spectra_bytes(config, L)
    spectra = spectra if spectra <= spectra_budget() else 0
    mixing = channels_at_once(B, L, D, config.order) * bytes_of_a_channel(B, L, config.order)
    if attends:
        mixing = int(scores * held.scores_once)
    mlp = FLOAT * min(B * L, 2 * ROWS) * held.inner * config.inner_width
    activations = int(INFERENCE * stream) + max(mixing, mlp)
    return Estimate(FLOAT * (trained + tables), spectra, activations, 0)


def micro_batch(config: HyenaConfig, batch_size: int, seq_len: int, limit: int, backend: str) -> int:
    """Return how many sequences fit in `limit` bytes in a training step, by the estimate.

    It is at least one and at most batch_size.
    """
    sizes = range(batch_size, 1, -1)
    return next((B for B in sizes if estimate(config, B, seq_len, True, backend).peak <= limit), 1)


def estimates(preset: Preset, batch_size: int, seq_len: int | None, backend: str) -> list[dict[str, Any]]:
    """Estimate the memory for a preset: inference, training, training with rematerialised blocks.

    Raises:
        HyenaDNAError: the preset does not take sequences of this length.
    """
    config = preset.hyena_config
    L = seq_len or config.max_seq_len
    if config.max_seq_len < L:
        raise HyenaDNAError(f"{preset.name} takes at most {config.max_seq_len:,} bases, not {L:,}.")
    rows = []
    for purpose, training, rematerialise in (
        ("inference", False, False),
        ("training", True, False),
        ("rematerialised", True, True),
    ):
        memory = estimate(replace(config, rematerialise=rematerialise), batch_size, L, training, backend)
        rows.append({"for": purpose, "batch_size": batch_size, "seq_len": L, **memory.to_json()})
    return rows
