"""Weights in files: published layouts, sources, readers and conversion."""
