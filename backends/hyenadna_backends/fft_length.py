"""Transform lengths that a device does fast, in one step or two: any N >= 2L - 1 gives the same convolution.

What was measured is in docs/log.md.
"""

import os
from functools import cache

import scipy.fft

from hyenadna_backends.choice import SettingError

METAL_LARGEST_N = 2**20  # MLX before 0.32.1 fails, or is silently wrong, for longer transforms on Metal
OVERRIDE = "HYENADNA_FFT_LENGTH"
TWO_STEPS = "HYENADNA_FFT_TWO_STEPS"


def smooth_length(minimum: int) -> int:
    """The smallest N >= minimum whose prime factors are 2, 3 and 5; 2L itself may have a prime of any size."""
    return int(scipy.fft.next_fast_len(minimum, real=True))


def even_smooth_length(minimum: int) -> int:
    """The smallest even one: real transforms of odd lengths take PyTorch (MKL) two to three times as long."""
    return 2 * smooth_length(-(-minimum // 2))


def power_of_two_length(minimum: int) -> int:
    """The smallest power of two >= minimum; on Metal other lengths above 4,096 cost four times as much."""
    return 1 << (minimum - 1).bit_length()


RULES = {"smooth": even_smooth_length, "power_of_two": power_of_two_length}
COLUMNS = {"smooth": smooth_length, "power_of_two": power_of_two_length}


def planned_length(L: int, rule: str = "smooth") -> int:
    """The length of the transforms for L bases: room for the tail, so that the circular convolution is a linear one.

    `rule` is the kernel's choice for its device; HYENADNA_FFT_LENGTH=smooth or power_of_two overrides it.

    Raises:
        SettingError: HYENADNA_FFT_LENGTH names no rule.
    """
    return RULES[overriding_rule() or rule](2 * L - 1)


def planned_steps(L: int, start: int, rows: int, rule: str = "smooth") -> tuple[int, int] | None:
    """Rows and columns of a transform in two steps for L bases, or None where it has under `start` points.

    Columns follow the rule of `planned_length`, with room for the tail.
    """
    if planned_length(L, rule) < start:
        return None
    return rows, COLUMNS[overriding_rule() or rule](-(-(2 * L - 1) // rows))


def two_steps_from(start: int) -> int:
    """The points from which on a transform goes in two steps: HYENADNA_FFT_TWO_STEPS, or else the kernel's `start`.

    Raises:
        SettingError: HYENADNA_FFT_TWO_STEPS is no number of points.
    """
    return start if (points := overriding_start()) is None else points


@cache
def overriding_rule() -> str | None:
    """What HYENADNA_FFT_LENGTH said when it was first asked for, if anything."""
    rule = os.environ.get(OVERRIDE) or None
    if rule not in (*RULES, None):
        raise SettingError(f"{OVERRIDE} is {rule!r}: choose one of {', '.join(RULES)}.")
    return rule


@cache
def overriding_start() -> int | None:
    """What HYENADNA_FFT_TWO_STEPS said when it was first asked for, if anything."""
    points = os.environ.get(TWO_STEPS) or None
    if points is not None and not points.isdecimal():
        raise SettingError(f"{TWO_STEPS} is {points!r}: give a number of points, as in 600000.")
    return None if points is None else int(points)
