"""The long convolution in PyTorch, a few channels at a time, with a gradient of its own.

PyTorch differentiates a real transform through a complex one of twice the size; the adjoint of a convolution is a
correlation, which takes three real transforms. A block of channels fits the cache, so the products between transforms
cost little; what the backward pass needs is kept as spectra while that is small, and transformed again where it is not.
"""

import torch

from hyenadna_backends.fft_length import planned_length

BLOCK_BYTES = 1 << 24  # of one block's padded input: what it and its spectra take stays near the cache
KEPT_BYTES = 1 << 28  # of spectra kept for the backward pass; beyond, inputs alone


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    x, k, bias = (t.to(torch.float32) for t in (u, k, bias))
    return _Convolution.apply(x, k, bias).to(u.dtype)


def spectrum(k):
    """What `fft_conv_spectrum` takes in place of k: (..., L) -> (..., F)."""
    return torch.fft.rfft(k.to(torch.float32), planned_length(k.shape[-1]))


def fft_conv_spectrum(u, K, bias):
    """`fft_conv` with the filters' spectra, without a gradient: (B, D, L), (D, F), (D,) -> (B, D, L)."""
    x, y = u.to(torch.float32), torch.empty(u.shape, dtype=torch.float32, device=u.device)
    N = planned_length(x.shape[-1])
    for block in _blocks(x, N):
        _filter(x[:, block], K[block], bias[block].to(torch.float32), N, y[:, block])
    return y.to(u.dtype)


def _blocks(x, N):
    """Slices of the channels of x, (B, D, L), that are a block's size."""
    B, D, _ = x.shape
    width = max(2 * torch.get_num_threads(), BLOCK_BYTES // (4 * B * N)) if x.device.type == "cpu" else D
    return [slice(start, min(start + width, D)) for start in range(0, D, width)]


def _filter(x, K, bias, N, y):
    """Write the convolution of a block into y; the spectrum of x."""
    X = torch.fft.rfft(x, N)
    torch.mul(bias[:, None], x, out=y)
    y += torch.fft.irfft(X * K, N)[..., : x.shape[-1]]
    return X


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k, bias):
        B, D, L = x.shape
        N = planned_length(L)
        y = torch.empty_like(x, memory_format=torch.contiguous_format)
        keeps = any(ctx.needs_input_grad) and 4 * (B + 1) * D * N <= KEPT_BYTES
        spectra = []
        for block in _blocks(x, N):
            K = torch.fft.rfft(k[block], N)
            X = _filter(x[:, block], K, bias[block], N, y[:, block])
            if keeps:
                spectra += [X, K]
        ctx.N = N
        ctx.save_for_backward(x, k, bias, *spectra)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, k, bias, *spectra = ctx.saved_tensors
        N, L = ctx.N, x.shape[-1]
        dx, dk = torch.empty_like(dy, memory_format=torch.contiguous_format), torch.empty_like(k)
        for number, block in enumerate(_blocks(x, N)):
            if spectra:
                X, K = spectra[2 * number : 2 * number + 2]
            else:
                X, K = torch.fft.rfft(x[:, block], N), torch.fft.rfft(k[block], N)
            DY = torch.fft.rfft(dy[:, block], N)
            torch.mul(bias[block, None], dy[:, block], out=dx[:, block])
            dx[:, block] += torch.fft.irfft(DY * K.conj(), N)[..., :L]
            dk[block] = torch.fft.irfft((DY * X.conj()).sum(dim=0), N)[..., :L]
        return dx, dk, torch.linalg.vecdot(dy, x).sum(dim=0)
