"""Causal attention by the fused kernel of each backend, where it has one."""

from typing import Any

Tensor = Any  # an array of whichever backend runs


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Each position's softmax average of the values up to it: (B, L, H, W) three times -> (B, L, H, W)."""
    import keras  # not before: the import of this package comes before the choice of a backend
    from keras import ops

    # Keras takes the kernels of JAX (cuDNN) and PyTorch that keep no (L, L) matrix by itself, MLX's when told to.
    fused = True if keras.config.backend() == "mlx" else None
    dtype = q.dtype
    if _lacks_half_products(dtype):
        q, k, v = (ops.cast(part, "float32") for part in (q, k, v))
    return ops.cast(ops.dot_product_attention(q, k, v, is_causal=True, flash_attention=fused), dtype)


def _lacks_half_products(dtype: Any) -> bool:
    """Whether the products inside do not compile: on a CPU, JAX has none of float16 that sum in float32."""
    import keras

    is_float16: bool = keras.backend.standardize_dtype(dtype) == "float16"
    on_jax = is_float16 and keras.config.backend() == "jax"
    return on_jax and str(keras.distribution.list_devices()[0]).startswith("cpu")
