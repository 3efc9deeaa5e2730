"""Fixtures for the tests of the benchmarks."""

import pytest

from hyenadna_core.bench.measure import Case, Contender, Result


@pytest.fixture
def results():
    """Return a function: {contender: {length: [seconds]}} to results; None instead is a failure."""

    def make(seconds, what="forward", batch_size=1, channels=None):
        return [
            Result(
                Case(what, L, batch_size, channels, {}),
                Contender(*name.split(":")),
                times or [],
                None if times else "gone",
            )
            for name, by_length in seconds.items()
            for L, times in by_length.items()
        ]

    return make
