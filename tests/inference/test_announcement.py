import pytest

from hyenadna_core.inference import announcement
from hyenadna_core.inference.announcement import Announcement


@pytest.fixture
def seconds(monkeypatch):
    """Return the seconds of a clock, which the test sets."""
    seconds = [0.0]
    monkeypatch.setattr(announcement.time, "monotonic", lambda: seconds[0])
    monkeypatch.setattr(announcement, "peak_memory", lambda: 1.2e9)
    return seconds


@pytest.mark.parametrize(
    ("calls", "line"),
    [
        ([(0, 10), (1, 200)], ""),  # shorter than two seconds
        ([(9, 10), (11, 100)], "Scoring: about 3 minutes, 1.2 GB of memory.\n"),  # the first call compiles
        ([(0, 1), (3, 9), (4, 190)], "Scoring: about 3 minutes, 1.2 GB of memory.\n"),  # nine tell too little
        ([(0, 1), (30, 1), (60, 1)], "Scoring: about 3.5 days, 1.2 GB of memory.\n"),  # but it comes once
    ],
)
def test_one_line_tells_the_time_at_the_speed_after_the_first_call(seconds, capsys, calls, line):
    announcement = Announcement("Scoring", 10_000)
    for now, count in calls:
        seconds[0] = now
        announcement.advance(count)
    assert capsys.readouterr().err == line
