"""Making the next batches in a thread while the device computes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Draw = TypeVar("Draw")
Batch = TypeVar("Batch")

AHEAD = 2  # batches


@contextmanager
def prefetched(make: Callable[[Draw], Batch], draws: Iterable[Draw]) -> Iterator[Iterator[Batch]]:
    """Yield an iterator of make(draw) for each draw, while a thread makes the next two."""
    waiting: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:

        def batches() -> Iterator[Batch]:
            for draw in draws:
                waiting.append(thread.submit(make, draw))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

        try:
            yield batches()
        finally:
            thread.shutdown(cancel_futures=True)
