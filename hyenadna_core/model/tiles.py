"""A long convolution whose inputs come a block at a time: what they add to later outputs.

After the blocks are counted up to n, the inputs of the last U blocks, where U is the largest power
of two that divides n, are convolved at once: the result, a tile, is what they add to the outputs of
the next U blocks. Each pair of an earlier and a later block is in exactly one tile. A tile needs no
input that is not known yet, and all of them take O(L log^2 L) operations (relaxed online
convolution: Flash Inference, arXiv 2410.12982, section 3.1). The caller adds the products of bases
of the same block.
"""

from collections.abc import Mapping

import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.convolution import fft_conv, fft_conv_spectrum, keeps_spectra, spectrum
from hyenadna_backends.rows import compiled

BLOCK = 64  # bases


class Filters:
    """The filters of one long convolution, (D, L) in NumPy, and what tiles of each size need."""

    def __init__(self, k: np.ndarray) -> None:
        self.k = k
        self._of: dict[int, Tensor] = {}

    def of(self, size: int) -> Tensor:
        """Return the filters for a tile of so many blocks, as `_tile` takes them."""
        if size not in self._of:
            longest = 2 * size * BLOCK
            padding = max(0, longest - self.k.shape[1])  # no base is so far from another
            k = ops.convert_to_tensor(np.pad(self.k[:, :longest], ((0, 0), (0, padding))))
            self._of[size] = compiled(spectrum)(k) if keeps_spectra() else k
        return self._of[size]


class Tiles:
    """What the blocks so far add to later ones in one long convolution.

    Args:
        filters: those of the convolution.
        prompt: what the inputs before the first block add to each base: (B, D, N).
    """

    def __init__(self, filters: Filters, prompt: Tensor) -> None:
        self.filters, self.prompt = filters, prompt
        self.count = 0  # blocks
        # For each bit of `count`: the inputs of so many blocks, (B, D, U), and their tile.
        self.inputs: dict[int, Tensor] = {}
        self.tiles: dict[int, Tensor] = {}

    @classmethod
    def from_state(cls, filters: Filters, arrays: Mapping[str, np.ndarray]) -> "Tiles":
        """Return tiles as they were when `state` was called."""
        tiles = cls(filters, own_tensor(arrays["prompt"]))
        for name, array in arrays.items():
            kind, _, size = name.partition(" ")
            if kind == "inputs":
                tiles.inputs[int(size)] = own_tensor(array)
                tiles.count += int(size)
            elif kind == "tile":
                tiles.tiles[int(size)] = own_tensor(array)
        return tiles

    def state(self) -> dict[str, Tensor]:
        """Return all arrays but the filters, by name."""
        inputs = {f"inputs {size}": array for size, array in self.inputs.items()}
        return {"prompt": self.prompt} | inputs | {f"tile {size}": array for size, array in self.tiles.items()}

    def next_block(self) -> Tensor:
        """Return what all blocks so far add to the next one: (B, D, BLOCK)."""
        total = compiled(_block_at)(self.prompt, self.count * BLOCK)
        for size, tile in self.tiles.items():
            total = compiled(_add_block_at)(total, tile, (self.count & (size - 1)) * BLOCK)
        return total

    def append(self, block: Tensor) -> None:
        """Append the inputs of a block, (B, D, BLOCK), and compute the tile that it completes."""
        size = 1
        while size in self.inputs:  # as a bit is carried when 1 is added to a number
            block = compiled(_joined)(self.inputs.pop(size), block)
            del self.tiles[size]
            size *= 2
        self.count += 1
        self.inputs[size] = block
        if self.count * BLOCK < self.prompt.shape[-1]:  # another block comes
            self.tiles[size] = compiled(_tile)(block, self.filters.of(size))


def own_tensor(array: np.ndarray) -> Tensor:
    """Return a tensor with a copy of an array, in memory that the backend has aligned.

    A sum over numbers at other addresses may be rounded in another way.
    """
    return ops.copy(ops.convert_to_tensor(np.array(array)))  # PyTorch warns of arrays that are read-only


def _block_at(x: Tensor, first: int) -> Tensor:
    return ops.slice(x, (0, 0, first), (*x.shape[:2], BLOCK))


def _add_block_at(total: Tensor, x: Tensor, first: int) -> Tensor:
    return total + _block_at(x, first)


def _joined(before: Tensor, after: Tensor) -> Tensor:
    return ops.concatenate([before, after], axis=-1)


def _tile(u: Tensor, filters: Tensor) -> Tensor:
    """Return what the inputs of U bases add to the next U: (B, D, U) -> (B, D, U)."""
    U = u.shape[-1]
    convolve = fft_conv_spectrum if keeps_spectra() else fft_conv
    padded = ops.pad(u, ((0, 0), (0, 0), (0, U)))
    return convolve(padded, filters, ops.zeros(u.shape[1]))[:, :, U:]
