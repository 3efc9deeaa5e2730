"""Sequences with labels, read from tables, FASTA and BED files."""
