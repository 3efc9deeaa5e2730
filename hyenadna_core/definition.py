"""The definition of the model in float64 NumPy, which every backend must equal; short and slow.

It computes from a state dict with plain names, by the formulas of docs/model.md section 2. The long
convolution uses a float64 transform; its O(L^2) sum is in hyenadna_backends.kernels.definition.
"""

import math
from collections.abc import Mapping

import numpy as np
import scipy.fft
from scipy.special import logsumexp

Tensors = Mapping[str, np.ndarray]
FAST_DECAY, SLOW_DECAY, DECAY_TARGET = 0.3, 1.5, 0.01


def forward(
    tensors: Tensors,
    ids: np.ndarray,
    window_shift: float = 0.05,
    filter_layout: str = "channel_major",
    epsilon: float = 1e-5,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute hidden states and logits: (B, L) -> (B, L, D), (B, L, V)."""
    w = {name: np.asarray(tensor, np.float64) for name, tensor in tensors.items()}
    x = w["backbone.embeddings.word_embeddings.weight"][ids]  # (B, L, D)
    layer = 0
    while f"backbone.layers.{layer}.norm1.weight" in w:
        prefix = f"backbone.layers.{layer}."
        block = {name.removeprefix(prefix): tensor for name, tensor in w.items() if name.startswith(prefix)}
        x = x + hyena(block, layer_norm(block, "norm1", x, epsilon), window_shift, filter_layout)
        inner = linear(block, "mlp.fc1", layer_norm(block, "norm2", x, epsilon))
        x = x + linear(block, "mlp.fc2", gelu(inner))
        layer += 1
    hidden = layer_norm(w, "backbone.ln_f", x, epsilon)
    return hidden, hidden @ w["lm_head.weight"].T


def hyena(w: Tensors, x: np.ndarray, window_shift: float, filter_layout: str) -> np.ndarray:
    """Compute the Hyena operator: (B, L, D) -> (B, L, D)."""
    _, L, D = x.shape
    y = linear(w, "mixer.in_proj", x).swapaxes(1, 2)  # (B, (O + 1) D, L)
    y = short_convolution(w, y)
    order = y.shape[1] // D - 1
    *gates, v = np.split(y, order + 1, axis=1)
    k, skip = filters(w, L, window_shift), w["mixer.filter_fn.bias"]  # (C, L), (C,)
    if filter_layout == "channel_major":
        k, skip = k.reshape(D, order - 1, L).swapaxes(0, 1), skip.reshape(D, order - 1).T
    else:
        k, skip = k.reshape(order - 1, D, L), skip.reshape(order - 1, D)
    for step in range(order - 1):
        v = v * gates[order - 1 - step]
        N = scipy.fft.next_fast_len(2 * L, real=True)
        spectrum = scipy.fft.rfft(v, N) * scipy.fft.rfft(k[step], N)
        v = scipy.fft.irfft(spectrum, N)[..., :L] + skip[step][:, None] * v
    return linear(w, "mixer.out_proj", (v * gates[0]).swapaxes(1, 2))


def filters(w: Tensors, L: int, window_shift: float) -> np.ndarray:
    """Compute the implicit filters with their window: (C, L)."""
    network = "mixer.filter_fn.implicit_filter."
    h, index = w["mixer.filter_fn.pos_emb.z"][0, :L], 0
    while f"{network}{index + 1}.freq" in w:
        h = np.sin(w[f"{network}{index + 1}.freq"] * linear(w, f"{network}{index}", h))
        index += 2
    t, deltas = w["mixer.filter_fn.pos_emb.t"][0, :L], w["mixer.filter_fn.modulation.deltas"][0]
    window: np.ndarray = np.exp(-t * np.abs(deltas)) + window_shift
    k: np.ndarray = ((h @ w[f"{network}{index}.weight"].T) * window).T
    return k


def short_convolution(w: Tensors, y: np.ndarray) -> np.ndarray:
    """Convolve each channel causally with its own taps: (B, C, L) -> (B, C, L)."""
    taps = w["mixer.short_filter.weight"][:, 0]  # (C, width); the last tap multiplies the present
    width, L = taps.shape[1], y.shape[2]
    padded = np.pad(y, ((0, 0), (0, 0), (width - 1, 0)))
    convolved: np.ndarray = sum(taps[:, [tap]] * padded[..., tap : tap + L] for tap in range(width))
    return convolved + w["mixer.short_filter.bias"][:, None]


def linear(w: Tensors, name: str, x: np.ndarray) -> np.ndarray:
    """Apply a matrix and a bias: (..., n) -> (..., m)."""
    y: np.ndarray = x @ w[f"{name}.weight"].T + w[f"{name}.bias"]
    return y


def layer_norm(w: Tensors, name: str, x: np.ndarray, epsilon: float) -> np.ndarray:
    """Normalize channels to mean 0 and variance 1, then scale and shift: (..., D) -> (..., D)."""
    centred = x - x.mean(axis=-1, keepdims=True)
    y: np.ndarray = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon)
    return y * w[f"{name}.weight"] + w[f"{name}.bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    """Compute GELU, approximated by tanh."""
    y: np.ndarray = x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)))
    return y


def loss(logits: np.ndarray, targets: np.ndarray) -> float:
    """Compute the mean cross entropy in nats over all positions: (B, L, V), (B, L)."""
    return float((logsumexp(logits, axis=-1) - np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]).mean())


def positional_features(max_seq_len: int, emb_dim: int) -> np.ndarray:
    """Compute the input of the filter network for each position: (max_seq_len, emb_dim), float32.

    It is the time, and a cosine and a sine for each of a few frequencies.
    """
    bands = (emb_dim - 1) // 2
    phase = 2 * np.pi * np.arange(max_seq_len)[:, None] / max_seq_len * np.linspace(1e-4, bands - 1, bands)
    table: np.ndarray = np.concatenate([times(max_seq_len), np.cos(phase), -np.sin(phase)], axis=1).astype(np.float32)
    return table


def times(max_seq_len: int) -> np.ndarray:
    """Compute the time of each position i, i / (max_seq_len - 1): (max_seq_len, 1), float32."""
    table: np.ndarray = (np.arange(max_seq_len)[:, None] / max(max_seq_len - 1, 1)).astype(np.float32)
    return table


def decay_rates(channels: int) -> np.ndarray:
    """Compute the decay rate of each channel, negative, from slow to fast: (channels,), float32."""
    slow, fast = math.log(DECAY_TARGET) / SLOW_DECAY, math.log(DECAY_TARGET) / FAST_DECAY
    table: np.ndarray = np.linspace(slow, fast, channels).astype(np.float32)
    return table
