"""Causal attention by the fused kernel of each backend, if it has one."""

from typing import Any

from hyenadna_backends.blocks import Tensor


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Average the values up to each position by softmax: three (B, L, H, W) -> (B, L, H, W)."""
    import keras  # not before: the import of this package comes before the choice of a backend
    from keras import ops

    # By default, Keras uses the kernels of JAX (cuDNN) and PyTorch that keep no (L, L) matrix; it
    # uses MLX's only on demand.
    fused = True if keras.config.backend() == "mlx" else None
    dtype = q.dtype
    if _lacks_half_products(dtype):
        q, k, v = (ops.cast(part, "float32") for part in (q, k, v))
    return ops.cast(ops.dot_product_attention(q, k, v, is_causal=True, flash_attention=fused), dtype)


def _lacks_half_products(dtype: Any) -> bool:
    """Return whether the products of this dtype do not compile.

    On a CPU, JAX has no product of float16 that sums in float32.
    """
    import keras

    is_float16: bool = keras.backend.standardize_dtype(dtype) == "float16"
    on_jax = is_float16 and keras.config.backend() == "jax"
    return on_jax and str(keras.distribution.list_devices()[0]).startswith("cpu")
