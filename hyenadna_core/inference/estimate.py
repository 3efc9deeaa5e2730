"""The line that says what a long job will do, how long it takes and how much memory it needs."""

UNITS = (("days", 86400, 36 * 3600), ("hours", 3600, 5400), ("minutes", 60, 90))  # seconds; used from


def estimate_line(work: str, seconds: float, memory: int) -> str:
    """Return a line like "Scoring 9 variants: about 1.4 hours, 0.8 GB of memory." for a person.

    Args:
        work: what is done, such as "Scoring 12,345 variants in 24,690 windows of 1,024 bases".
        seconds: the time at the speed of the first batches.
        memory: bytes at the highest point.
    """
    return f"{work}: about {duration(seconds)}, {memory / 1e9:.1f} GB of memory."


def duration(seconds: float) -> str:
    """Return a time for a person: 45 seconds, 12 minutes, 1.4 hours, 2.0 days."""
    for name, size, least in UNITS:
        if seconds >= least:
            return f"{seconds / size:.0f} {name}" if size == 60 else f"{seconds / size:.1f} {name}"
    return f"{max(1, round(seconds))} second{'s' if round(seconds) > 1 else ''}"
