"""The loss of many labels, and weights that let rare labels count more."""

from typing import Any

import numpy as np

MOST = 50.0  # largest weight of a positive


def weights_of_labels(positives: np.ndarray, rows: int) -> np.ndarray:
    """Return the weight of the positives of each label: (K,) -> (K,) float32.

    It is the number of negatives over that of positives, but at least 1 and at most 50.
    """
    ratio = (rows - positives) / np.maximum(positives, 1)
    weights: np.ndarray = np.clip(ratio, 1.0, MOST).astype(np.float32)
    return weights


def weighted_cross_entropy(
    outputs: Any, targets: Any, weights: Any, of_positives: np.ndarray, label_smoothing: float = 0.0
) -> Any:
    """Compute the weighted sum over rows of the mean binary cross entropy of K labels.

    The loss of a positive counts `of_positives` times. (B, K), (B, K), (B,), (K,) -> (). Label
    smoothing moves targets by this share towards one half.
    """
    from keras import ops

    outputs = ops.cast(outputs, "float32")
    targets = targets * (1 - label_smoothing) + label_smoothing / 2
    heavier = ops.convert_to_tensor(of_positives, "float32")
    losses = heavier * targets * ops.softplus(-outputs) + (1 - targets) * ops.softplus(outputs)
    return ops.sum(ops.mean(losses, axis=-1) * weights)
