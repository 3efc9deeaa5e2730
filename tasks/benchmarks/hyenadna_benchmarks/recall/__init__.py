"""Recall: the value of a planted key, asked for again from a growing distance."""
