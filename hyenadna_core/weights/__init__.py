"""Weights in files: the published layouts, where weights are found, conversion."""
