"""The obvious twin of `Tiles`, in O(L^2): each output is a sum over all earlier inputs."""

import numpy as np
from keras import ops

from hyenadna_backends.rows import compiled
from hyenadna_core.model.tiles import BLOCK


class QuadraticTiles:
    """What the blocks so far add to the next one in one long convolution, base by base."""

    def __init__(self, filters, prompt):
        longest = np.pad(filters.k, ((0, 0), (0, BLOCK)))  # the last block may end after the last base
        self.backwards = ops.convert_to_tensor(np.ascontiguousarray(longest[:, ::-1]))
        self.prompt, self.inputs = prompt, None

    def append(self, block):
        self.inputs = block if self.inputs is None else ops.concatenate([self.inputs, block], axis=-1)

    def next_block(self):
        first = 0 if self.inputs is None else self.inputs.shape[-1]
        total = self.prompt[:, :, first : first + BLOCK]
        if not first:
            return total
        outputs = [
            compiled(_output)(self.inputs, self.backwards, self.backwards.shape[-1] - 1 - t)
            for t in range(first, first + BLOCK)
        ]
        return total + ops.stack(outputs, axis=-1)


def _output(u, backwards, start):
    """Return the sum of k[t - s] u[s] over all s: (B, D, S), (D, L) -> (B, D)."""
    return ops.sum(u * ops.slice(backwards, (0, start), u.shape[1:]), axis=-1)
