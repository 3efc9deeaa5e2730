"""The types of numbers in files of weights, by the names that NumPy gives them."""

from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError

REAL = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}  # with their bytes
ITEMSIZE = REAL | {"int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1}


def is_real(dtype: Any) -> bool:
    """Return whether a dtype, or its name, is one of real numbers."""
    return str(dtype) in REAL


def numpy_dtype(name: str) -> np.dtype[Any]:
    """Return NumPy's dtype of that name, which is little-endian.

    Raises:
        HyenaDNAError: ml_dtypes, which brings bfloat16, is not installed.
    """
    if name == "bfloat16":
        try:
            import ml_dtypes  # noqa: F401 (teaches NumPy the name)
        except ModuleNotFoundError:
            raise HyenaDNAError("Weights in bfloat16 need ml_dtypes: run pip install ml_dtypes.") from None
    return np.dtype(name)
