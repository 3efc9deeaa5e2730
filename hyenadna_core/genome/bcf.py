"""Write a VCF as BCF, through the bcftools that pysam brings."""

import re
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.vcf_text import CHROM, FILTER, FORMAT, INFO, Source, load_pysam, vcf_text

DEFINED = re.compile(r"##(contig|FILTER|INFO|FORMAT)=<ID=([^,>]+)")
DEFINITIONS = {
    "contig": "##contig=<ID={}>",
    "FILTER": '##FILTER=<ID={},Description="not defined in the source">',
    "INFO": '##INFO=<ID={},Number=.,Type=String,Description="not defined in the source">',
    "FORMAT": '##FORMAT=<ID={},Number=.,Type=String,Description="not defined in the source">',
}
GENOTYPE = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">'


def definitions(source: Source) -> list[str]:
    """Return the lines that the header of a VCF lacks, although its records need them.

    A VCF may leave out its contigs and keys. A BCF has their numbers in this list, so it may not.
    """
    header, records = vcf_text(source)
    used: dict[str, dict[str, None]] = {kind: {} for kind in DEFINITIONS}
    for _, columns in records:
        used["contig"][columns[CHROM]] = None
        used["FILTER"].update(dict.fromkeys(columns[FILTER].split(";")))
        used["INFO"].update(dict.fromkeys(field.partition("=")[0] for field in columns[INFO].split(";")))
        if len(columns) > FORMAT:
            used["FORMAT"].update(dict.fromkeys(columns[FORMAT].partition("\t")[0].split(":")))
    defined = {match.groups() for line in header if (match := DEFINED.match(line))}
    defined |= {("FILTER", "PASS"), *((kind, none) for kind in DEFINITIONS for none in (".", ""))}
    return [
        GENOTYPE if name == "GT" and kind == "FORMAT" else DEFINITIONS[kind].format(name)
        for kind, names in used.items()
        for name in names
        if (kind, name) not in defined
    ]


def write_bcf(text: Path, out: Path) -> None:
    """Turn a VCF into a BCF.

    Raises:
        HyenaDNAError: a record cannot be written as BCF, or the disk is full.
    """
    pysam = load_pysam(out.name)
    try:
        pysam.bcftools.view("-Ob", "--no-version", "-o", str(out), str(text), catch_stdout=False)
    except pysam.SamtoolsError as error:
        reason = str(error).partition("stderr=")[2].strip("'\\n").replace(str(out), out.name)
        raise HyenaDNAError(f"{out.name} cannot be written as BCF: {shown(reason)}: write .vcf.gz.") from None
