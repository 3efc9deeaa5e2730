"""Transform lengths that a device does fast: any N >= 2L - 1 gives the same convolution."""

import scipy.fft

METAL_LARGEST_N = 2**20  # MLX before 0.32.1 fails, or is silently wrong, for longer transforms on Metal


def smooth_length(minimum: int) -> int:
    """The smallest N >= minimum whose prime factors are 2, 3 and 5; 2L itself may have a prime of any size."""
    return int(scipy.fft.next_fast_len(minimum, real=True))


def power_of_two_length(minimum: int) -> int:
    """The smallest power of two >= minimum; on Metal other lengths above 4,096 cost four times as much."""
    return 1 << (minimum - 1).bit_length()
