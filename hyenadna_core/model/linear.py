"""The matrix of a linear layer, for code that multiplies with it directly."""

from typing import Any

from keras import ops

from hyenadna_backends.blocks import Tensor


def matrix(dense: Any) -> Tensor:
    """Return the matrix of a built Dense layer: (D, C).

    For a quantized layer, these are its outputs for the rows of an identity matrix, without bias.
    """
    if getattr(dense, "quantization_mode", None) is None:
        return dense.kernel
    D = dense.input_spec.axes[-1]
    return dense(ops.eye(D, dtype=dense.compute_dtype)) - (dense.bias if dense.use_bias else 0)
