"""Rows that stream, for the tests of sequence tasks."""

import pytest


class Streamed:
    """The rows of sequences in memory, read one at a time."""

    def __init__(self, held):
        self.held, self.checksum, self.lengths = held, "streamed", held.lengths

    def __len__(self):
        return len(self.held)

    def row(self, index):
        return self.held.row(index)

    def name(self, index):
        return self.held.name(index)


@pytest.fixture(scope="session")
def streamed():
    """Return a function that makes a source of rows from sequences in memory."""
    return Streamed
