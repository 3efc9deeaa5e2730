"""Genomes and their intervals, read from FASTA and BED files."""
