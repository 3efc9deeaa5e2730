"""Benchmarks: convolution, forward pass and training step, timed in pairs."""
