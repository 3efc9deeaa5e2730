"""One module for each backend, each with the function `fft_conv(u, k, bias)`.

(B, D, L), (D, L), (D,) -> (B, D, L). Kernels compute in float32, and the output has the dtype of u.
All of them must equal `definition`. To add a backend: write its file here, and name it in KERNELS
(convolution.py) and BACKENDS (choice.py).
"""
