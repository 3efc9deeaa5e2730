import pytest

from hyenadna_core.inference.estimate import duration, estimate_line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 second"),
        (0.4, "1 second"),
        (89, "89 seconds"),
        (90, "2 minutes"),
        (5399, "90 minutes"),
        (5400, "1.5 hours"),
        (36 * 3600 - 1, "36.0 hours"),
        (36 * 3600, "1.5 days"),
    ],
)
def test_a_duration_has_the_unit_of_a_person(seconds, text):
    assert duration(seconds) == text


def test_the_line_says_what_is_done_how_long_and_in_which_memory():
    work = "Scoring 12,345 variants in 24,690 windows of 1,024 bases"
    assert estimate_line(work, 5040, 800_000_000) == f"{work}: about 84 minutes, 0.8 GB of memory."
