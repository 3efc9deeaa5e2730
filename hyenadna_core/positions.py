"""Tables over positions that the filters are made from (SPEC section 2, implicit filter), in float32."""

import math

import numpy as np

FAST_DECAY, SLOW_DECAY, DECAY_TARGET = 0.3, 1.5, 0.01


def positional_features(max_seq_len: int, emb_dim: int) -> np.ndarray:
    """What the filter network sees of each position: time, and sines of a few frequencies; (max_seq_len, emb_dim)."""
    if emb_dim < 3 or emb_dim % 2 == 0:
        raise ValueError(f"emb_dim must be odd and at least 3. Received: emb_dim={emb_dim}")
    bands = (emb_dim - 1) // 2
    phase = 2 * np.pi * np.arange(max_seq_len)[:, None] / max_seq_len * np.linspace(1e-4, bands - 1, bands)
    table: np.ndarray = np.concatenate([times(max_seq_len), np.cos(phase), -np.sin(phase)], axis=1).astype(np.float32)
    return table


def times(max_seq_len: int) -> np.ndarray:
    """Position i as i / (max_seq_len - 1): (max_seq_len, 1)."""
    table: np.ndarray = (np.arange(max_seq_len)[:, None] / max(max_seq_len - 1, 1)).astype(np.float32)
    return table


def decay_rates(channels: int) -> np.ndarray:
    """How fast each channel forgets: (channels,), negative, from the slowest to the fastest."""
    slow, fast = math.log(DECAY_TARGET) / SLOW_DECAY, math.log(DECAY_TARGET) / FAST_DECAY
    table: np.ndarray = np.linspace(slow, fast, channels).astype(np.float32)
    return table
