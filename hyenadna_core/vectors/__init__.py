"""Vectors of sequences, such as embeddings of any model, with names and columns."""
