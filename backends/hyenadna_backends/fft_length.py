"""Transform lengths that a device does fast: any N >= 2L - 1 gives the same convolution (docs/benchmarks.md)."""

import os

import scipy.fft

METAL_LARGEST_N = 2**20  # MLX before 0.32.1 fails, or is silently wrong, for longer transforms on Metal
OVERRIDE = "HYENADNA_FFT_LENGTH"


def smooth_length(minimum: int) -> int:
    """The smallest N >= minimum whose prime factors are 2, 3 and 5; 2L itself may have a prime of any size."""
    return int(scipy.fft.next_fast_len(minimum, real=True))


def power_of_two_length(minimum: int) -> int:
    """The smallest power of two >= minimum; on Metal other lengths above 4,096 cost four times as much."""
    return 1 << (minimum - 1).bit_length()


RULES = {"smooth": smooth_length, "power_of_two": power_of_two_length}


def planned_length(L: int, rule: str = "smooth") -> int:
    """The length of the transforms for L bases: room for the tail, so that the circular convolution is a linear one.

    `rule` is the kernel's choice for its device; HYENADNA_FFT_LENGTH=smooth or power_of_two overrides it.

    Raises:
        ValueError: HYENADNA_FFT_LENGTH names no rule.
    """
    rule = os.environ.get(OVERRIDE) or rule
    if rule not in RULES:
        raise ValueError(f"{OVERRIDE} is {rule!r}: choose one of {', '.join(RULES)}.")
    return RULES[rule](2 * L - 1)
