"""If two sequences are equal up to a base, compute the second one only from there on.

The convolutions are linear and causal. So the output for the changed sequence is that of the
reference plus the convolution of the difference of the inputs, which is zero before the change.
Everything else in the model looks at no other position, apart from the short filters. These look a
few positions back, so the computed part starts `margin` positions before the change.
"""

from collections.abc import Callable, Sequence

import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.sizes import FLOAT

# The input and the output of each long convolution of an operator, in its order: (B, D, L) each.
Convolved = Sequence[tuple[Tensor, Tensor]]
Convolve = Callable[[int, Tensor, Sequence[Tensor], Tensor], Tensor]


def margin(config: HyenaConfig) -> int:
    """Return how many unchanged positions the rest of a changed sequence starts with.

    The outputs at these positions are wrong, because the short filters miss the positions before.
    """
    return config.n_layer * (config.short_filter_order - 1)


def kept_bytes(config: HyenaConfig, L: int) -> int:
    """Return the bytes of what all long convolutions take in and give, for one sequence."""
    return FLOAT * 2 * config.n_layer * (config.order - 1) * config.d_model * L


def keeping(convolve: Convolve, kept: list[tuple[Tensor, Tensor]]) -> Convolve:
    """Return `convolve` so that it appends its input and output, (B, D, L) each, to `kept`."""

    def convolve_and_keep(step: int, u: Tensor, sources: Sequence[Tensor], skip: Tensor) -> Tensor:
        y = convolve(step, u, sources, skip)
        kept.append((u, y))
        return y

    return convolve_and_keep


def of_difference(convolve: Convolve, reference: Convolved, unchanged: int) -> Convolve:
    """Return `convolve` for inputs which differ from those of the reference after `unchanged`."""

    def convolve_the_difference(step: int, u: Tensor, sources: Sequence[Tensor], skip: Tensor) -> Tensor:
        before, y = reference[step]
        changed = ops.convert_to_tensor((np.arange(u.shape[-1]) >= unchanged).astype("float32"))
        return y + convolve(step, (u - before) * ops.cast(changed, u.dtype), sources, skip)

    return convolve_the_difference


def rest_of(reference: Sequence[Convolved], rows: np.ndarray, start: int) -> list[list[tuple[Tensor, Tensor]]]:
    """Return the convolved values of some sequences from a position on.

    (B, D, L) -> (R, D, L - start). `reference` has those of each block, and `rows` are the numbers
    of R sequences of the batch.
    """
    index = ops.convert_to_tensor(rows, "int32")

    def part(tensor: Tensor) -> Tensor:
        return ops.take(tensor[:, :, start:], index, axis=0)

    return [[(part(u), part(y)) for u, y in block] for block in reference]
