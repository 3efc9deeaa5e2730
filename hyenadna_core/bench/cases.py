"""The calls that `hyenadna bench` times, on the backend of this process.

Each call returns when the device has finished.
"""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np

from hyenadna_backends import FFTConv, fft_conv
from hyenadna_backends.blocks import Tensor
from hyenadna_backends.kernels import plain
from hyenadna_backends.updates import updates
from hyenadna_core.bench.measure import Case
from hyenadna_core.bench.plain_operator import plain_operator
from hyenadna_core.model.causal_lm import random_model
from hyenadna_core.model.losses import cross_entropy
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.task import Batch
from hyenadna_core.tokens import A, T
from hyenadna_core.training.trainer import compile_model

PLAIN = FFTConv("plain", lambda: plain.fft_conv, tuple(plain.NATIVE), whole=True)
Call = Callable[[], Any]
SCHEDULE = 100_000  # steps of the learning rate's schedule; only the first few are run


def make(case: Case, mixer: str = "hyena") -> Call:
    """Return the call that runs a case with the kernel in use."""
    return {"conv": conv, "forward": forward, "step": step}[case.what](case, mixer)


def conv(case: Case, mixer: str) -> Call:
    """Return one convolution with its three gradients, or without if the backend has none."""
    random = np.random.default_rng(0)
    B, D, L = case.batch_size, case.channels or 1, case.length
    dtype = keras.DTypePolicy(case.dtype).compute_dtype
    u, k, bias, dy = (random.normal(size=shape) for shape in ((B, D, L), (D, L), (D,), (B, D, L)))
    arrays = [
        keras.ops.convert_to_tensor(array.astype(np.float32), dtype=to)
        for array, to in zip((u, k, bias, dy), (dtype, "float32", "float32", dtype), strict=True)
    ]
    return BOTH_WAYS.get(keras.config.backend(), _values)(*arrays)


def forward(case: Case, mixer: str) -> Call:
    """Return the forward pass, from token ids to logits, both in NumPy."""
    model, ids = _model(case, mixer), _bases(case)
    return lambda: keras.ops.convert_to_numpy(model.predict_on_batch(ids))


def step(case: Case, mixer: str) -> Call:
    """Return a training step with AdamW, as in `hyenadna train`."""
    config: Any = SimpleNamespace(recipe=DEFAULT, steps=SCHEDULE)  # as much of a run as the optimizer needs
    model = compile_model(_model(case, mixer), config)
    weights = np.ones((case.batch_size, case.length), np.float32)
    batch, update = Batch(_bases(case), _bases(case, 1), weights), updates(model, cross_entropy)

    def call() -> None:
        keras.ops.convert_to_numpy(update([batch], float(weights.sum())))
        LEFT_TO_DO.get(keras.config.backend(), lambda: None)()

    return call


def _model(case: Case, mixer: str) -> Any:
    """Make a model; with mixer "plain", its operators compute one formula after the other."""
    plainly = mixer == "plain"
    model = random_model(case.model, mixer="hyena" if plainly else mixer, dtype=case.dtype)
    mixers: list[Any] = [block.mixer for block in model.backbone.blocks if plainly]
    for layer in mixers:
        layer.call = partial(plain_operator, layer)
    return model


def _bases(case: Case, seed: int = 0) -> np.ndarray:
    """Draw random bases: (B, L)."""
    return np.random.default_rng(seed).integers(A, T + 1, (case.batch_size, case.length)).astype(np.int32)


def _jax(u: Tensor, k: Tensor, bias: Tensor, dy: Tensor) -> Call:
    import jax

    @jax.jit
    def both_ways(u: Tensor, k: Tensor, bias: Tensor, dy: Tensor) -> tuple[Tensor, ...]:
        y, back = jax.vjp(lambda *inputs: fft_conv(*inputs), u, k, bias)
        return y, *back(dy)

    return lambda: jax.block_until_ready(both_ways(u, k, bias, dy))


def _torch(u: Tensor, k: Tensor, bias: Tensor, dy: Tensor) -> Call:
    import torch

    inputs = [tensor.detach().clone().requires_grad_() for tensor in (u, k, bias)]

    def both_ways() -> None:
        torch.autograd.grad(fft_conv(*inputs), inputs, dy)
        _wait_for_cuda()

    return both_ways


def _mlx(u: Tensor, k: Tensor, bias: Tensor, dy: Tensor) -> Call:
    import mlx.core as mx

    return lambda: mx.eval(mx.vjp(lambda *inputs: [fft_conv(*inputs)], [u, k, bias], [dy]))


def _values(u: Tensor, k: Tensor, bias: Tensor, dy: Tensor) -> Call:
    return lambda: keras.ops.convert_to_numpy(fft_conv(u, k, bias))


BOTH_WAYS = {"jax": _jax, "torch": _torch, "mlx": _mlx}


def _wait_for_cuda() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


LEFT_TO_DO = {"torch": _wait_for_cuda}  # after the loss of a step is known


def _jax_peak() -> int | None:
    import jax

    return (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")


def _torch_peak() -> int | None:
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


def device_peak() -> int | None:
    """Return the peak memory of arrays on a GPU in bytes, or None if there is no GPU."""
    return {"jax": _jax_peak, "torch": _torch_peak}.get(keras.config.backend(), lambda: None)()
