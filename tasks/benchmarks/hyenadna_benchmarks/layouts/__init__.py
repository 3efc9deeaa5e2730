"""The published layouts of the suites: each module reads a split of a set from a folder."""
