"""The loss and the speed of the steps of a line of log.tsv."""

import time
from collections.abc import Callable
from typing import Any

from keras import ops

from hyenadna_core.training.warmup import Stage


class LossLine:
    """Losses that are still on the device, and the duration of their steps.

    The first step at a length compiles. Its seconds count in `seconds` and `compiling`, but not in
    the speed. Validations and checkpoints count in `seconds` only.
    """

    def __init__(self, step: int, bases: int) -> None:
        self.step, self.bases, self.seconds = step, bases, 0.0
        self._losses: list[Any] = []
        self._started = self._speed_since = time.monotonic()
        self._speed_bases = 0
        self._seq_len = 0
        self.compiling: dict[int, float] = {}  # seconds by length

    def add(self, stage: Stage, step: Callable[[], Any]) -> None:
        """Run a step of a stage and keep the loss that it returns."""
        begun = time.monotonic()
        self._losses.append(loss := step())
        self.bases += stage.seq_len * stage.batch_size
        self._speed_bases += stage.seq_len * stage.batch_size
        if stage.seq_len != self._seq_len:
            wait_for(loss)
            self.compiling[stage.seq_len] = time.monotonic() - begun
            self._seq_len, self._speed_bases, self._speed_since = stage.seq_len, 0, time.monotonic()

    def close(self, step: int) -> tuple[float, float]:
        """Return the mean loss since the last line, and bases per second; start a new line."""
        loss = sum(wait_for(loss) for loss in self._losses) / len(self._losses)
        now = time.monotonic()
        speed = self._speed_bases / max(now - self._speed_since, 1e-9)
        self.step, self.seconds, self._losses = step, now - self._started, []
        self._speed_since, self._speed_bases = now, 0
        return loss, speed

    def restart_clock(self) -> None:
        """Leave a validation or a checkpoint after the last line out of the speed."""
        self._speed_since = time.monotonic()


def wait_for(loss: Any) -> float:
    """Copy a loss from the device."""
    return float(ops.convert_to_numpy(loss))
