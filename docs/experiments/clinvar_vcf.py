"""Make a VCF of a table of ClinVar's variants, as tab-separated text, plain or gzip.

    python docs/experiments/clinvar_vcf.py clinvar_GRCh37_chr22_splice_snv.tsv.gz clinvar.vcf

The records are sorted by position. INFO has the gene, ClinVar's words for the significance, the
class pathogenic, benign or other, and the kind of the splice site.
"""

import argparse
import csv
from pathlib import Path

from hyenadna_core.files.cache import write_text
from hyenadna_core.files.text import text_lines

COLUMNS = {"GENE": "GeneSymbol", "CLNSIG": "ClinicalSignificance", "CLASS": "label", "SITE": "splice_site"}
CODES = str.maketrans({" ": "_", ";": "/", ",": "/", "=": "-"})  # INFO gives these characters a meaning
HEADER = [
    "##fileformat=VCFv4.2",
    "##reference=GRCh37",
    "##contig=<ID=chr22,length=51304566>",
    *(f'##INFO=<ID={key},Number=1,Type=String,Description="{name}">' for key, name in COLUMNS.items()),
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
]


def vcf(table: Path) -> str:
    """Return the text of the VCF."""
    rows = csv.DictReader(text_lines(table, lambda done: None), delimiter="\t")
    lines = list(HEADER)
    for row in sorted(rows, key=lambda row: (int(row["pos_GRCh37"]), row["ref"], row["alt"])):
        info = ";".join(f"{key}={row[name].translate(CODES)}" for key, name in COLUMNS.items())
        fields = (row["chrom"], row["pos_GRCh37"], row["VariantID"], row["ref"], row["alt"], ".", ".", info)
        lines.append("\t".join(fields))
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Read the table and write the VCF."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    write_text(arguments.out, vcf(arguments.table))


if __name__ == "__main__":
    main()
