"""The checks of `hyenadna doctor --self-check`: convolutions and the golden model against NumPy."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.fft

from hyenadna_backends import BACKENDS, Choice
from hyenadna_core.backend import check_backend
from hyenadna_core.checks.cases import CASES, compute, inputs, rows
from hyenadna_core.terminal import progress

# For each transform length from 2^10 to 2^22, the longest input, which has half that length. Then 1
# base, odd lengths and primes.
LENGTHS = (*(1 << power for power in range(9, 22)), 1, 3, 1_025, 16_381, 160_001, 450_001, 1_000_001)
GATE = 1e-5  # of the largest value


class Check(NamedTuple):
    """One line of the report: the difference of the device from NumPy, and its limit."""

    name: str
    difference: float
    gate: float

    @property
    def passed(self) -> bool:
        """Return whether the difference is within the gate; NaN is not."""
        return self.difference <= self.gate

    def __str__(self) -> str:
        return f"{'ok  ' if self.passed else 'FAIL'}  {self.name:<44}{self.difference:.1e}  (at most {self.gate:.0e})"


def self_check(choice: Choice) -> Iterator[Check]:
    """Yield the checks of convolutions of all lengths, then of the golden cases."""
    check_backend(choice)
    from hyenadna_backends import fft_conv

    with progress("Self-check", len(LENGTHS)) as advance:
        for L in LENGTHS:
            yield Check(f"fft_conv, {L:,} bases", convolution_error(fft_conv, L), GATE)
            advance(1)
    for case in CASES:
        if case.golden:
            arrays = inputs(case)
            computed = {choice.name: compute(case, arrays, BACKENDS[choice.name].trains)}
            for row in rows(case, arrays, computed):
                yield Check(f"{row.case}: {row.quantity}", row.differences[choice.name], row.gate)


def convolution_error(fft_conv: Callable[..., Any], L: int) -> float:
    """Return the largest error of a kernel against float64 NumPy, relative to the largest value."""
    from keras import ops

    random = np.random.default_rng(L)
    u, k, bias = (random.normal(size=shape).astype(np.float32) for shape in ((1, 2, L), (2, L), (2,)))
    computed = ops.convert_to_numpy(fft_conv(*map(ops.convert_to_tensor, (u, k, bias))))
    N = scipy.fft.next_fast_len(2 * L, real=True)
    spectrum = scipy.fft.rfft(u.astype(np.float64), N) * scipy.fft.rfft(k.astype(np.float64), N)
    expected = scipy.fft.irfft(spectrum, N)[..., :L] + bias[:, None].astype(np.float64) * u
    return float(np.abs(computed - expected).max() / np.abs(expected).max())
