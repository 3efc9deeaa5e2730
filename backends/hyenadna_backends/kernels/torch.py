"""The long convolution in PyTorch, a few channels at a time where they are long, with a gradient of its own.

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
    x, bias, N = u.to(torch.float32), bias.to(torch.float32), planned_length(u.shape[-1])
    blocks = _blocks(x, N)
    if not blocks:
        return _filter(torch.fft.rfft(x, N), K, bias, x, N).to(u.dtype)
    y = torch.empty(u.shape, dtype=u.dtype, device=u.device)
    for block in blocks:
        part = x[:, block]
        y[:, block] = _filter(torch.fft.rfft(part, N), K[block], bias[block], part, N)
    return y


def _blocks(x, N):
    """Slices of the channels of x, (B, D, L), that are a block's size; none where all of them are one block."""
    B, D, _ = x.shape
    if x.device.type != "cpu" or 4 * B * D * N <= BLOCK_BYTES:
        return []
    width = max(2 * torch.get_num_threads(), BLOCK_BYTES // (4 * B * N))
    return [slice(start, min(start + width, D)) for start in range(0, D, width)]


def _filter(X, K, bias, x, N):
    """The convolution of a block with its skip, from its spectra."""
    return torch.addcmul(torch.fft.irfft(X * K, N)[..., : x.shape[-1]], bias[:, None], x)


def _gradients(X, K, bias, dy, N):
    """A block's gradients in x and k: the adjoint of a convolution is the correlation, conjugate spectra."""
    DY = torch.fft.rfft(dy, N)
    dk = torch.fft.irfft((DY * X.conj()).sum(dim=0), N)[..., : dy.shape[-1]]
    return _filter(DY, K.conj(), bias, dy, N), dk


def _spectra(x, k, N):
    return torch.fft.rfft(x, N), torch.fft.rfft(k, N)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k, bias):
        B, D, L = x.shape
        ctx.N = N = planned_length(L)
        keeps, kept = any(ctx.needs_input_grad) and 4 * (B + 1) * D * N <= KEPT_BYTES, []
        if blocks := _blocks(x, N):
            y = torch.empty_like(x, memory_format=torch.contiguous_format)
            for block in blocks:
                X, K = _spectra(x[:, block], k[block], N)
                y[:, block] = _filter(X, K, bias[block], x[:, block], N)
                kept += [X, K] if keeps else []
        else:
            X, K = _spectra(x, k, N)
            y = _filter(X, K, bias, x, N)
            kept = [X, K] if keeps else []
        ctx.save_for_backward(x, k, bias, *kept)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, k, bias, *kept = ctx.saved_tensors
        N = ctx.N
        if blocks := _blocks(x, N):
            dx, dk = torch.empty_like(dy, memory_format=torch.contiguous_format), torch.empty_like(k)
            for number, block in enumerate(blocks):
                X, K = kept[2 * number : 2 * number + 2] or _spectra(x[:, block], k[block], N)
                dx[:, block], dk[block] = _gradients(X, K, bias[block], dy[:, block], N)
        else:
            X, K = kept or _spectra(x, k, N)
            dx, dk = _gradients(X, K, bias, dy, N)
        return dx, dk, torch.linalg.vecdot(dy, x).sum(dim=0)
