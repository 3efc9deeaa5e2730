"""Run a suite: what is run, in which processes, and what is kept of it."""
