"""What a line of log.tsv is made from."""

import time
from collections.abc import Callable
from typing import Any

from keras import ops


class LossLine:
    """Losses that are still on the device, and how long the steps took.

    The first step at a length compiles, or warms up: its seconds count as time, not in the speed, and in `compiling`.
    """

    def __init__(self, step: int, bases: int) -> None:
        self.step, self.bases, self.seconds = step, bases, 0.0
        self._losses: list[Any] = []
        self._started = self._speed_since = time.monotonic()
        self._speed_bases = 0
        self._seq_len = 0
        self.compiling: dict[int, float] = {}  # seconds by length

    def add(self, stage, step: Callable[[], Any]) -> None:
        """Take a step of a stage, which gives its loss."""
        begun = time.monotonic()
        self._losses.append(loss := step())
        self.bases += stage.seq_len * stage.batch_size
        self._speed_bases += stage.seq_len * stage.batch_size
        if stage.seq_len != self._seq_len:
            wait_for(loss)
            self.compiling[stage.seq_len] = time.monotonic() - begun
            self._seq_len, self._speed_bases, self._speed_since = stage.seq_len, 0, time.monotonic()

    def close(self, step: int) -> tuple[float, float]:
        """The mean loss of the steps up to this one, and bases per second."""
        loss = sum(wait_for(loss) for loss in self._losses) / len(self._losses)
        now = time.monotonic()
        speed = self._speed_bases / max(now - self._speed_since, 1e-9)
        self.step, self.seconds, self._losses = step, now - self._started, []
        self._speed_since, self._speed_bases = now, 0
        return loss, speed


def wait_for(loss) -> float:
    return float(ops.convert_to_numpy(loss))
