"""The audit of a benchmark: sequences that its splits share, on either strand."""

from hyenadna_benchmarks.audit.matches import LEAST, NEAR, Matches
from hyenadna_benchmarks.audit.result import Audit, Repeats
from hyenadna_benchmarks.audit.splits import audit_splits, rows_of

__all__ = ["LEAST", "NEAR", "Audit", "Matches", "Repeats", "audit_splits", "rows_of"]
