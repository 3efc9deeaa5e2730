"""Each reader gets damaged and hostile files, and gives a value or an error of one short line.

The suite gives each reader a few seconds; `nox -s fuzz -- MINUTES` runs for as long as it is told.
"""

import os
import shutil
import signal
import time
import warnings
from collections import Counter
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from runpy import run_path

import pytest
from hypothesis import HealthCheck, given, seed, settings

from hyenadna_core.errors import MESSAGE, HyenaDNAError

SUITE = 30.0  # seconds for all readers in the suite
HANG = 20.0  # seconds that a file of a few kilobytes may take
ROUND = 50  # examples drawn from one seed
READERS = run_path(str(Path(__file__).with_name("readers.py")))["READERS"]


@contextmanager
def limited(seconds):
    """Raise an error in code that takes longer than `seconds`."""

    def stop(*_):
        raise TimeoutError(f"it took over {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcome(reader, content, parent):
    """Return "value" or "refused"; fail if the reader does or writes anything else."""
    path = parent / "outer" / "given" / reader.name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    messages = []
    try:
        with limited(HANG), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            reader.read(path)
    except HyenaDNAError as error:
        messages = [str(error)]
    finally:
        beside = [path.name for path in (parent / "outer").iterdir()] + list(Path.cwd().iterdir())
        shutil.rmtree(parent / "outer")
    messages += [str(each.message) for each in caught if issubclass(each.category, UserWarning)]
    assert [message for message in messages if not message.isprintable() or len(message) > MESSAGE] == []
    assert beside == ["given"]
    return "refused" if messages else "value"


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # a long file that it found
@pytest.mark.parametrize("name", READERS)
def test_a_reader_gives_a_value_or_an_error_of_one_line(name, tmp_path, monkeypatch):
    seconds = float(os.environ.get("HYENADNA_FUZZ_SECONDS", SUITE)) / len(READERS)
    reader, outcomes, end = READERS[name], Counter(), time.monotonic() + seconds
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setenv("HYENADNA_CACHE", str(tmp_path / "cache"))
    first = int(time.time()) if "HYENADNA_FUZZ_SECONDS" in os.environ else 0

    @settings(max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(reader.contents)
    def examine(content):
        if time.monotonic() < end or not outcomes:
            outcomes[outcome(reader, content, tmp_path)] += 1

    for number in count(first):
        seed(number)(examine)()
        if time.monotonic() >= end:
            break
    print(f"{name}: {sum(outcomes.values()):,} files, {outcomes['refused']:,} refused")
