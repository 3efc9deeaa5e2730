"""The sizes of the parts that an operator works on, and of kept spectra; without Keras."""

import os

from hyenadna_backends.fft_length import planned_length
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.hyena_config import HyenaConfig

FLOAT = 4  # bytes
SPECTRA_BUDGET, DEFAULT_BUDGET = "HYENADNA_SPECTRA_BYTES", 1 << 30

WORKING_BYTES = 3 << 27  # arrays of the channels that an operator works on at once, in inference
TRAINED_BYTES = 1 << 31  # the same in training, if a block is computed again for its gradient
TRAINED_ARRAYS = 32  # of one channel, while its gradient is computed
TRAINED_ROWS = 1 << 16  # positions at a time in the MLP, if a block is computed again for its gradient
NARROWEST = 8  # channels: fewer make matrix products slow
ROWS = 1 << 14  # positions at a time in the norms, the MLP and the filter network

HEAD_WIDTHS = (64, 32, 16, 8, 4, 2)  # of attention: the first that divides d_model


def channels_at_once(B: int, L: int, D: int, order: int, training: bool = False) -> int:
    """Return how many channels of (B, L, D) an operator works on at once.

    It is a divisor of D. In training the number is that of rematerialised blocks.
    """
    widths = [width for width in range(1, D + 1) if D % width == 0]
    trained = TRAINED_BYTES // (FLOAT * B * L * TRAINED_ARRAYS)
    limit = max(1, trained if training else WORKING_BYTES // bytes_of_a_channel(B, L, order))
    widest = max(width for width in widths if width <= limit)
    return widest if widest >= NARROWEST else min(width for width in widths if width >= min(NARROWEST, D))


def bytes_of_a_channel(B: int, L: int, order: int) -> int:
    """Return the bytes of one channel of (B, L, D) inside an operator, in inference.

    They are its projections before and after the short convolution and with channels first, its
    filter, its padded input and its spectra.
    """
    return FLOAT * B * L * (3 * (order + 1) + 10)


def spectra_bytes(config: HyenaConfig, L: int) -> int:
    """Return the bytes of the spectra of all filters of length L.

    A spectrum has one complex number for each frequency of the planned transform.
    """
    return 2 * FLOAT * config.n_layer * config.filter_channels * (planned_length(L) // 2 + 1)


def spectra_budget() -> int:
    """Return how many bytes of spectra inference may keep.

    Raises:
        HyenaDNAError: the environment variable is not a number.
    """
    text = os.environ.get(SPECTRA_BUDGET) or str(DEFAULT_BUDGET)
    if not text.isdecimal():
        raise HyenaDNAError(f"{SPECTRA_BUDGET} is {text!r}: give a number of bytes, as in {DEFAULT_BUDGET}.")
    return int(text)


def heads(d_model: int, num_heads: int | None = None) -> int:
    """Return the number of attention heads that share d_model channels.

    By default the heads are 64 wide, or as wide as the next smaller power of two that divides
    d_model.

    Raises:
        ValueError: the heads would not have equal, even widths.
    """
    if num_heads is None:
        num_heads = next((d_model // width for width in HEAD_WIDTHS if d_model % width == 0), 1)
    if num_heads < 1 or d_model % (2 * num_heads):
        raise ValueError(
            "d_model must divide into heads of an even width, which rotary positions turn in pairs. "
            f"Received: d_model={d_model}, num_heads={num_heads}"
        )
    return num_heads
