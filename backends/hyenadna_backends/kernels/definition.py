"""The definition of the convolution in float64 NumPy: O(L^2), for tests and for readers."""

import numpy as np


def fft_conv(u: np.ndarray, k: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Compute y[t] = sum over s <= t of k[s] u[t - s], plus bias u[t].

    (B, D, L), (D, L), (D,) -> (B, D, L).
    """
    u, k, bias = (np.asarray(x, np.float64) for x in (u, k, bias))
    L = u.shape[-1]
    lag = np.arange(L)[:, None] - np.arange(L)  # (L, L): output position minus input position
    toeplitz = np.where(lag >= 0, k[:, np.maximum(lag, 0)], 0.0)  # (D, L, L)
    return np.einsum("dts,bds->bdt", toeplitz, u) + bias[:, None] * u


def gradients(
    u: np.ndarray, k: np.ndarray, bias: np.ndarray, dy: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of sum(y * dy) in u, k and bias: (B, D, L), (D, L), (D,)."""
    u, k, bias, dy = (np.asarray(x, np.float64) for x in (u, k, bias, dy))
    L = u.shape[-1]
    du = fft_conv(dy[..., ::-1], k, bias)[..., ::-1]  # the gradient of a causal convolution runs backwards
    dk = np.stack([np.einsum("bdt,bdt->d", dy[..., s:], u[..., : L - s]) for s in range(L)], axis=-1)
    return du, dk, np.einsum("bdt,bdt->d", dy, u)
