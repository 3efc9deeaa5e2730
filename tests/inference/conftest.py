import sys
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from hyenadna_core.errors import HyenaDNAError


@pytest.fixture(scope="session")
def squares():
    """Return the names of squares.py, and `path`, its own."""
    path = Path(__file__).parent / "squares.py"
    return SimpleNamespace(**run_path(str(path)), words=[sys.executable, str(path)])


@pytest.fixture
def numbers(tmp_path):
    """Write a file of 18 numbers: 5 parts."""
    path = tmp_path / "numbers.txt"
    path.write_text("".join(f"{number}\n" for number in range(18)))
    return path


@pytest.fixture
def stop_at(squares):
    """Return a function that makes a compute function, which raises an error at a part."""

    def make(numbers, job, part, error):
        compute = squares.compute_from(numbers, job)

        def stops(number, advance):
            if number == part:
                raise error
            return compute(number, advance)

        return stops

    return make


@pytest.fixture
def job(squares, numbers):
    return squares.job_of(numbers)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.tsv"


@pytest.fixture
def folder(squares, numbers, job, out, stop_at):
    """Stop a run after two of its five parts; return the folder of the parts."""
    with pytest.raises(HyenaDNAError, match="no more"):
        squares.run(numbers, out, job, compute=stop_at(numbers, job, 2, HyenaDNAError("no more")))
    return out.with_name("out.tsv.parts")
