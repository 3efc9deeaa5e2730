"""The data of the tests that run on each backend."""

from pathlib import Path

import pytest


@pytest.fixture
def data():
    """Return the folder of GUE."""
    return Path(__file__).parents[1] / "runner" / "data"
