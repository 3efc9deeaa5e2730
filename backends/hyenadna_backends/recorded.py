"""Functions of PyTorch tensors, recorded as a list of operations and run without Keras.

PyTorch starts each operation from Python. In a short step, the Python code of Keras takes as long
as the operations. A recorded function does the same operations in the same order.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from hyenadna_backends.blocks import Tensor

CALLS = 32  # recording takes as long as that many steps
LONGEST = 1 << 17  # elements of an input; in a longer one the operations take nearly all the time
TOLERANCE = 1e-3  # of the largest element, between a function and its record
Function = Callable[..., Sequence[Tensor]]


class Recorded:
    """A function of lists of tensors that is recorded once for each shape of its inputs.

    The function is called as f(state, inputs). It is recorded after CALLS calls with the same
    shapes. The next call runs both, and compares them, because a record cannot see what Python code
    does with the values of tensors. If they differ, or if PyTorch cannot record the function, it
    always runs as it is.
    """

    def __init__(self, function: Function) -> None:
        self._function = function
        self._records: dict[Any, Function | None] = {}
        self._calls: Counter[Any] = Counter()

    def __call__(self, state: Sequence[Tensor], inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return f(state, inputs)."""
        if max(tensor.numel() for tensor in inputs) > LONGEST:
            return self._function(state, inputs)
        shapes = tuple((tensor.shape, tensor.dtype) for tensor in inputs)
        self._calls[shapes] += 1
        if self._calls[shapes] == CALLS:
            self._records[shapes] = self._record(state, inputs)
        record = self._records.get(shapes)
        if record is not None and self._calls[shapes] > CALLS + 1:
            return record(state, inputs)
        outputs = self._function(state, inputs)
        if record is not None and self._calls[shapes] == CALLS + 1 and not _agree(outputs, record(state, inputs)):
            logging.getLogger(__name__).info("A step of PyTorch runs as it is: its record gives other values.")
            self._records[shapes] = None
        return outputs

    def _record(self, state: Sequence[Tensor], inputs: Sequence[Tensor]) -> Function | None:
        from torch.fx.experimental.proxy_tensor import make_fx

        def function(state: list[Tensor], inputs: list[Tensor]) -> Sequence[Tensor]:
            return self._function(state, inputs)  # PyTorch records no method

        try:
            record: Function = make_fx(function)(list(state), list(inputs))
            return record
        except Exception as error:  # PyTorch raises many kinds; a fault of the function itself shows when it runs
            logging.getLogger(__name__).info("A step of PyTorch is not recorded: %s", error)
            return None


def _agree(expected: Sequence[Tensor], actual: Sequence[Tensor]) -> bool:
    """Return whether two lists of tensors are equal to rounding; nan equals nan."""
    import torch

    return all(
        torch.allclose(a, b, rtol=0.0, atol=TOLERANCE * float(a.nan_to_num().abs().max()), equal_nan=True)
        for a, b in zip(expected, actual, strict=True)
        if a.numel()
    )
