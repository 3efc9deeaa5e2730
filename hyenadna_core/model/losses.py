"""Loss functions. They are weighted sums, so that parts of a step can be added."""

from keras import ops

from hyenadna_backends.blocks import Tensor


def cross_entropy(outputs: Tensor, targets: Tensor, weights: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Compute the weighted sum of the cross entropy of each target, in nats.

    Shapes: (..., K), (...), (...) -> ().
    Label smoothing spreads this share of the weight of a target evenly over all K classes.
    """
    logs = ops.log_softmax(ops.cast(outputs, "float32"), axis=-1)
    hot = ops.expand_dims(targets, -1) == ops.arange(logs.shape[-1], dtype=targets.dtype)
    losses = -ops.sum(ops.cast(hot, "float32") * logs, axis=-1)  # a gather's gradient would be a scatter
    if label_smoothing:
        losses = (1 - label_smoothing) * losses - label_smoothing * ops.mean(logs, axis=-1)
    return ops.sum(losses * weights)


def binary_cross_entropy(outputs: Tensor, targets: Tensor, weights: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Compute the weighted sum over rows of the mean binary cross entropy of K labels.

    (B, K), (B, K), (B,) -> (). Label smoothing moves targets by this share towards one half.
    """
    outputs = ops.cast(outputs, "float32")
    targets = targets * (1 - label_smoothing) + label_smoothing / 2
    losses = ops.softplus(outputs) - outputs * targets
    return ops.sum(ops.mean(losses, axis=-1) * weights)


def squared_error(outputs: Tensor, targets: Tensor, weights: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Compute the weighted sum over rows of the mean squared error of K quantities.

    (B, K), (B, K), (B,) -> ().
    """
    return ops.sum(ops.mean(ops.square(ops.cast(outputs, "float32") - targets), axis=-1) * weights)


LOSSES = {
    "classes": cross_entropy,
    "bases": cross_entropy,
    "labels": binary_cross_entropy,
    "regression": squared_error,
}
