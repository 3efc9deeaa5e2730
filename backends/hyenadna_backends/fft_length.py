"""Lengths of Fourier transforms that are fast on a device, in one step or in two.

Every N >= 2L - 1 gives the same convolution. docs/log.md has the measurements.
"""

import os
from functools import cache

import scipy.fft

from hyenadna_backends.choice import SettingError

METAL_LARGEST_N = 2**20  # MLX before 0.32.1 fails, or is silently wrong, for longer transforms on Metal
OVERRIDE = "HYENADNA_FFT_LENGTH"
TWO_STEPS = "HYENADNA_FFT_TWO_STEPS"


def smooth_length(minimum: int) -> int:
    """Return the smallest N >= minimum whose prime factors are 2, 3 and 5."""
    return int(scipy.fft.next_fast_len(minimum, real=True))


def even_smooth_length(minimum: int) -> int:
    """Return the smallest even N of this kind.

    With MKL, PyTorch needs two to three times as long for real transforms of odd length.
    """
    return 2 * smooth_length(-(-minimum // 2))


def power_of_two_length(minimum: int) -> int:
    """Return the smallest power of two >= minimum.

    On Metal, other lengths above 4,096 take four times as long.
    """
    return 1 << (minimum - 1).bit_length()


RULES = {"smooth": even_smooth_length, "power_of_two": power_of_two_length}
COLUMNS = {"smooth": smooth_length, "power_of_two": power_of_two_length}


def planned_length(L: int, rule: str = "smooth") -> int:
    """Return the length of the transforms for L bases.

    It is at least 2L - 1: then the circular convolution equals the linear one. `rule` is the choice
    of the kernel for its device; HYENADNA_FFT_LENGTH=smooth or power_of_two overrides it.

    Raises:
        SettingError: HYENADNA_FFT_LENGTH names no rule.
    """
    return RULES[overriding_rule() or rule](2 * L - 1)


def planned_steps(L: int, start: int, rows: int, rule: str = "smooth") -> tuple[int, int] | None:
    """Return rows and columns of a transform in two steps for L bases.

    None if the transform has fewer than `start` points: then one step is faster. The number of
    columns follows the rule of `planned_length`.
    """
    if planned_length(L, rule) < start:
        return None
    return rows, COLUMNS[overriding_rule() or rule](-(-(2 * L - 1) // rows))


def two_steps_from(start: int) -> int:
    """Return the number of points from which a transform runs in two steps.

    It is HYENADNA_FFT_TWO_STEPS, else the kernel's `start`.

    Raises:
        SettingError: HYENADNA_FFT_TWO_STEPS is not a number of points.
    """
    return start if (points := overriding_start()) is None else points


@cache
def overriding_rule() -> str | None:
    """Return HYENADNA_FFT_LENGTH as it was at the first call, or None if it is not set."""
    rule = os.environ.get(OVERRIDE) or None
    if rule not in (*RULES, None):
        raise SettingError(f"{OVERRIDE} is {rule!r}: choose one of {', '.join(RULES)}.")
    return rule


@cache
def overriding_start() -> int | None:
    """Return HYENADNA_FFT_TWO_STEPS as it was at the first call, or None if it is not set."""
    points = os.environ.get(TWO_STEPS) or None
    if points is not None and not points.isdecimal():
        raise SettingError(f"{TWO_STEPS} is {points!r}: give a number of points, as in 600000.")
    return None if points is None else int(points)
