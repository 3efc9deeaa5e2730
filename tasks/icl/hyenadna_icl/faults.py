"""Errors that a sweep lists instead of stopping."""

from hyenadna_core import HyenaDNAError


class DoesNotFit(HyenaDNAError):
    """A context does not fit into the positions of the model, or into the training rows."""
