"""Make a VCF of a table of ClinVar's variants, as tab-separated text, plain or gzip.

    python docs/experiments/clinvar_vcf.py clinvar_GRCh37_chr22_splice_snv.tsv.gz clinvar.vcf

The records are sorted by position. INFO has the gene, ClinVar's words for the significance, the
class pathogenic, benign or other, and the kind of the splice site. `--labels classes.tsv` writes
the class and the gene of each variant, with its name in the output of `hyenadna embed`.
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


def rows_of(table: Path) -> list[dict[str, str]]:
    """Read the rows of a table, and sort them by position."""
    rows = csv.DictReader(text_lines(table, lambda done: None), delimiter="\t")
    return sorted(rows, key=lambda row: (int(row["pos_GRCh37"]), row["ref"], row["alt"]))


def labels(rows: list[dict[str, str]]) -> str:
    """Return the text of a table with the name, the class and the gene of each variant, once."""
    names = {":".join(row[name] for name in ("chrom", "pos_GRCh37", "ref", "alt")): row for row in rows}
    lines = [f"{name}\t{row['label']}\t{row['GeneSymbol']}\n" for name, row in names.items()]
    return "".join(["name\tlabel\tgene\n", *lines])


def vcf(rows: list[dict[str, str]]) -> str:
    """Return the text of the VCF."""
    lines = list(HEADER)
    for row in rows:
        info = ";".join(f"{key}={row[name].translate(CODES)}" for key, name in COLUMNS.items())
        fields = (row["chrom"], row["pos_GRCh37"], row["VariantID"], row["ref"], row["alt"], ".", ".", info)
        lines.append("\t".join(fields))
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Read the table and write the VCF, and the labels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--labels", type=Path, metavar="FILE", help="Table of the classes, for hyenadna probe.")
    arguments = parser.parse_args()
    rows = rows_of(arguments.table)
    write_text(arguments.out, vcf(rows))
    if arguments.labels:
        write_text(arguments.labels, labels(rows))


if __name__ == "__main__":
    main()
