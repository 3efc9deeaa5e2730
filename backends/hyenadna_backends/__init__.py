"""The long convolution on each Keras backend, and the choice of the backend.

Importing this package imports no backend: the choice is made when Keras is imported.

Letters: B batch, D channels, L bases, N FFT length, F = N//2 + 1 frequencies.
"""

from hyenadna_backends.choice import BACKENDS, Choice, SettingError, choose, missing
from hyenadna_backends.convolution import FFTConv, current_kernel, fft_conv, use_kernel
from hyenadna_backends.keras_import import settle_with_keras, when_keras_is_imported

__all__ = [
    "BACKENDS",
    "Choice",
    "FFTConv",
    "SettingError",
    "choose",
    "current_kernel",
    "fft_conv",
    "missing",
    "use_kernel",
    "when_keras_is_imported",
]

settle_with_keras()
