"""Write the scores of variants as a table with one row an allele: TSV and Parquet."""

import json
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.scored_records import Scored, ScoredFile, number_text
from hyenadna_core.genome.vcf import position_of
from hyenadna_core.genome.vcf_text import CHROM, REF

COLUMNS = {"chrom": "string", "pos": "int64", "ref": "string", "alt": "string", "llr": "float64", "skip": "string"}
ROW_GROUP = 1 << 16  # rows


def write_tsv(aside: Path, scored: ScoredFile) -> None:
    with aside.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\t".join(COLUMNS) + "\n")
        for *place, score, reason in _rows(scored):
            cells = (*map(str, place), "" if score is None else number_text(score), reason or "")
            file.write("\t".join(cells) + "\n")


def write_parquet(aside: Path, scored: ScoredFile) -> None:
    """Write a table in groups of rows; its metadata `hyenadna` names what made the scores."""
    pyarrow, parquet = load_pyarrow(aside)
    origin = json.dumps({key: str(value) for key, value in scored.settings.items()})
    fields = [(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS.items()]
    schema = pyarrow.schema(fields, metadata={"hyenadna": origin})
    rows = _rows(scored)
    with parquet.ParquetWriter(aside, schema) as writer:
        while group := list(islice(rows, ROW_GROUP)):
            columns = dict(zip(COLUMNS, zip(*group, strict=True), strict=True))
            writer.write_table(pyarrow.table(columns, schema=schema))


def load_pyarrow(out: Path) -> tuple[Any, Any]:
    """Import pyarrow; `out` is the file that needs it."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise HyenaDNAError(f"{out} is Parquet, which needs pyarrow: run pip install 'hyenadna[classify]'.") from None
    return pyarrow, parquet


def _rows(scored: ScoredFile) -> Iterator[tuple[str, int, str, str, float | None, str | None]]:
    """Return a row for each allele: POS is 1-based; a score or reason that is not there is None."""
    for record in scored.records:
        yield from _rows_of(record, scored.source.name)


def _rows_of(record: Scored, place: str) -> Iterator[tuple[str, int, str, str, float | None, str | None]]:
    chrom, position, ref = record.columns[CHROM], position_of(record.columns, place), record.columns[REF]
    for alt, score, reason in zip(record.alts, record.scores, record.reasons, strict=True):
        yield chrom, position, ref, alt, None if math.isnan(score) else score, reason.text if reason else None
