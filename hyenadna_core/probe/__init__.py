"""Simple models of frozen vectors, and their figures on held-out chromosomes, blocks or groups."""
