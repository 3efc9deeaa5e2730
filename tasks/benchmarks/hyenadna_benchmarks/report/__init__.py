"""The table of a suite, from what is kept of it: a pure function of the files on disk."""

ROUNDS = 1000  # of the bootstrap
PERCENT = 95  # of an interval
