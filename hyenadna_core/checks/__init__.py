"""Checks of numbers: backends, kernels, gradients, this machine."""
