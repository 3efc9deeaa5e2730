"""Run a suite: the plan, the processes of its cells, and their files."""
