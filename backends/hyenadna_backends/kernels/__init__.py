"""One module a backend, each with one function: `fft_conv(u, k, bias)`.

(B, D, L), (D, L), (D,) -> (B, D, L); float32 inside, the output in the dtype of u. `definition` is what all must equal.
"""
