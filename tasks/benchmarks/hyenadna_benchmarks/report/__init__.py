"""The table of a suite, from what is kept of it: a pure function of the files on disk."""
