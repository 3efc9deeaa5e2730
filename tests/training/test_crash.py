from pathlib import Path
from runpy import run_path

import pytest

pytestmark = pytest.mark.one_backend


@pytest.mark.usefixtures("trains")
def test_a_run_that_was_killed_twice_ends_with_the_same_weights(tmp_path):
    compare = run_path(str(Path(__file__).parent / "crash.py"))["compare"]
    assert compare(2, tmp_path, steps=6).endswith("weights, optimizer and logs equal to the bit")
