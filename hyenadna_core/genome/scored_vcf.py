"""Write scores into a copy of a VCF: as text, bgzip or BCF, with an index."""

import re
from pathlib import Path
from typing import IO

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.output import check_space
from hyenadna_core.genome.bcf import definitions, write_bcf
from hyenadna_core.genome.scored_records import Scored, ScoredFile, number_text
from hyenadna_core.genome.vcf import Order, position_of
from hyenadna_core.genome.vcf_text import CHROM, INFO, REF, Source, load_pysam
from hyenadna_core.terminal import notice
from hyenadna_plugins import reason_of

SCORE, SKIP, ORIGIN = "HDNA_LLR", "HDNA_SKIP", "hyenadna"
DEFINITIONS = (
    f'##INFO=<ID={SCORE},Number=A,Type=Float,Description="Log-likelihood ratio of HyenaDNA: log P(ALT) - log P(REF), '
    'natural logarithm">',
    f'##INFO=<ID={SKIP},Number=A,Type=String,Description="Reason for which the allele has no {SCORE}">',
)
OURS = re.compile(rf"##{ORIGIN}=|##INFO=<(?:[^\"]*,)?ID=({SCORE}|{SKIP})[,>]")
LONGEST_TBI = 1 << 29  # bases: a .tbi reaches no further, a .csi does
LONGEST_SETTING = 1000  # characters
TEXT = "text.vcf"  # beside a BCF that is being written


def write_text(file: IO[bytes], scored: ScoredFile, added: list[str] | None = None) -> tuple[bool, int]:
    """Write a VCF as text; return whether it is sorted, and the last base of all records.

    Scores that the VCF has from before are replaced.

    Args:
        added: more lines for the header.
    """
    order, last = Order(), 0
    if len(header := [line for line in scored.header if not OURS.match(line)]) < len(scored.header):
        notice(f"{scored.source.name} has scores of hyenadna already: they are replaced.")
    for line in [*header[:-1], *(added or ()), *DEFINITIONS, _origin(scored), header[-1]]:
        file.write(line.encode() + b"\n")
    for record in scored.records:
        position = position_of(record.columns, scored.source.name)
        order.add(record.columns[CHROM], position)
        last = max(last, position + len(record.columns[REF]))
        columns = [*record.columns[:INFO], _info(record), *record.columns[INFO + 1 :]]
        file.write("\t".join(columns).encode() + b"\n")
    return order.is_sorted, last


def write_plain(aside: Path, scored: ScoredFile) -> None:
    with aside.open("wb") as file:
        write_text(file, scored)


def write_bgzip(aside: Path, scored: ScoredFile) -> Path | None:
    try:
        with load_pysam(aside.name).BGZFile(str(aside), "wb") as file:
            is_sorted, last = write_text(file, scored)
    except OSError as error:  # pysam gives no number of the error
        check_space(aside.parent)
        raise HyenaDNAError(f"{aside.name} cannot be written: {reason_of(error)}.") from None
    return _index(aside, scored.source, "vcf", is_sorted, csi=last >= LONGEST_TBI)


def write_binary(aside: Path, scored: ScoredFile) -> Path | None:
    text = aside.with_name(TEXT)
    with text.open("wb") as file:
        is_sorted, _ = write_text(file, scored, definitions(scored.source, ours=(SCORE, SKIP)))
    write_bcf(text, aside)
    return _index(aside, scored.source, "bcf", is_sorted, csi=True)


def _origin(scored: ScoredFile) -> str:
    """Return the line of the header that names what made the scores."""
    texts = (shown(value, LONGEST_SETTING).replace("\\", "\\\\") for value in scored.settings.values())
    quoted = (text.replace('"', '\\"') for text in texts)
    pairs = (f'{key}="{text}"' for key, text in zip(scored.settings, quoted, strict=True))
    return f"##{ORIGIN}=<{','.join(('ID=score', *pairs))}>"


def _info(record: Scored) -> str:
    """Return the column INFO with the scores and reasons; a record without ALT gets neither."""
    info = record.columns[INFO]
    fields = [field for field in info.split(";") if field.partition("=")[0] not in (SCORE, SKIP, ".", "")]
    if record.alts != ["."]:
        fields.append(f"{SCORE}={','.join(map(number_text, record.scores))}")
        if any(record.reasons):
            fields.append(f"{SKIP}={','.join(reason.text for reason in record.reasons)}")
    return ";".join(fields) or "."


def _index(aside: Path, source: Source, preset: str, is_sorted: bool, csi: bool) -> Path | None:
    """Write the index of an output, and return its path; without one None, and a line says why."""
    if not is_sorted:
        notice(f"{aside.name} has no index, because the records of {source.name} are not sorted by position.")
        return None
    try:
        load_pysam(aside.name).tabix_index(str(aside), preset=preset, csi=csi)
    except OSError:  # positions after the length that the header has for their contig
        check_space(aside.parent)
        notice(f"{aside.name} has no index: htslib cannot make it. Compare the lengths in the header of {source.name}.")
        return None
    return aside.with_name(f"{aside.name}{'.csi' if csi else '.tbi'}")
