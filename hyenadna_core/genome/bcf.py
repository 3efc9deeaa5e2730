"""Write a VCF as BCF, through the bcftools that pysam brings."""

import re
from collections.abc import Collection
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.output import check_space
from hyenadna_core.genome.vcf_text import CHROM, FILTER, FORMAT, INFO, Source, load_pysam, vcf_text

DEFINED = re.compile(r"##(contig|FILTER|INFO|FORMAT)=<(?:[^\"]*,)?ID=([^,>]+)")
DEFINITIONS = {
    "contig": "##contig=<ID={}>",
    "FILTER": '##FILTER=<ID={},Description="not defined in the source">',
    "INFO": '##INFO=<ID={},Number={},Type={},Description="not defined in the source">',
    "FORMAT": '##FORMAT=<ID={},Number=.,Type=String,Description="not defined in the source">',
}
GENOTYPE = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">'
# Number of reserved keys of INFO with whole numbers, which programs compute with (VCF 4.3, 1.6.1).
INTEGERS = {"AC": "A", "AD": "R", "AN": "1", "CIEND": "2", "CIPOS": "2", "DP": "1", "END": "1", "NS": "1", "SVLEN": "."}
WHOLE = re.compile(r"([-+]?[0-9]{1,9}|\.)(,([-+]?[0-9]{1,9}|\.))*")


def definitions(source: Source, ours: Collection[str] = ()) -> list[str]:
    """Return the lines that the header of a VCF lacks, although its records need them.

    A VCF may leave out its contigs and keys. A BCF stores their numbers in the header, so its
    header must list them.

    Args:
        ours: keys of INFO that are defined elsewhere.
    """
    header, records = vcf_text(source)
    texts: set[str] = set()  # keys of INTEGERS with another value
    used: dict[str, dict[str, None]] = {kind: {} for kind in DEFINITIONS}
    for _, columns in records:
        used["contig"][columns[CHROM]] = None
        used["FILTER"].update(dict.fromkeys(columns[FILTER].split(";")))
        for field in columns[INFO].split(";"):
            key, _, value = field.partition("=")
            used["INFO"][key] = None
            if key in INTEGERS and not WHOLE.fullmatch(value):
                texts.add(key)
        if len(columns) > FORMAT:
            used["FORMAT"].update(dict.fromkeys(columns[FORMAT].partition("\t")[0].split(":")))
    defined = {match.groups() for line in header if (match := DEFINED.match(line))}
    defined |= {("FILTER", "PASS"), *((kind, none) for kind in DEFINITIONS for none in (".", ""))}
    defined |= {("INFO", key) for key in ours}
    return [
        definition(kind, name, kind == "INFO" and name in INTEGERS and name not in texts)
        for kind, names in used.items()
        for name in names
        if (kind, name) not in defined
    ]


def definition(kind: str, name: str, is_integer: bool) -> str:
    """Return the line that defines a contig or a key."""
    if (kind, name) == ("FORMAT", "GT"):
        return GENOTYPE
    return DEFINITIONS[kind].format(name, *((INTEGERS[name], "Integer") if is_integer else (".", "String")))


def write_bcf(text: Path, out: Path) -> None:
    """Turn a VCF into a BCF.

    Raises:
        HyenaDNAError: a record cannot be written as BCF, or the disk is full.
    """
    pysam = load_pysam(out.name)
    try:
        pysam.bcftools.view("-Ob", "--no-version", "-o", str(out), str(text), catch_stdout=False)
    except pysam.SamtoolsError as error:
        check_space(out.parent)
        reason = str(error).partition("stderr=")[2].strip("'\\n").replace(str(out), out.name)
        raise HyenaDNAError(f"{out.name} cannot be written as BCF: {shown(reason)}: write .vcf.gz.") from None
