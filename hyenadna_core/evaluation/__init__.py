"""Metrics of predictions, and the baselines to compare them with."""
