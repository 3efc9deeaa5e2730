"""What linear layers multiply with, for where their product is taken by hand."""

from keras import ops


def matrix(dense):
    """The matrix of a built Dense layer, (D, C): its kernel, or what a quantized layer makes of one input at a time."""
    if getattr(dense, "quantization_mode", None) is None:
        return dense.kernel
    D = dense.input_spec.axes[-1]
    return dense(ops.eye(D, dtype=dense.compute_dtype)) - (dense.bias if dense.use_bias else 0)
