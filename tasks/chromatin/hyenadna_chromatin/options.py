"""Options of `hyenadna train --task chromatin`."""

import click

from hyenadna_chromatin.coordinates import WIDTH
from hyenadna_core import InputPath, SequenceTask

VALID, TEST = ("chr7",), ("chr8", "chr9")
FILE = "a coordinate table (.csv, .tsv, .parquet) or an array of DeepSEA (.mat)"
OPTIONS = (
    click.Option(["--train"], type=InputPath(), help=f"Training rows: {FILE}."),
    click.Option(["--valid"], type=InputPath(), help="Rows that choose the best weights, likewise."),
    click.Option(["--test"], type=InputPath(), help="Rows for the report, likewise."),
    click.Option(
        ["--coords"],
        type=InputPath(),
        help="One coordinate table with all rows, which is split by chromosome, in place of the three files.",
    ),
    click.Option(
        ["--valid-contig"],
        multiple=True,
        default=VALID,
        show_default=True,
        help="Chromosome of --coords for validation; may be repeated. It is a name: 7 is chr7, though 7 in the column "
        "Chr_No is chr8.",
    ),
    click.Option(
        ["--test-contig"],
        multiple=True,
        default=TEST,
        show_default=True,
        help="Chromosome of --coords for test, a name likewise; may be repeated.",
    ),
    click.Option(["--fasta"], type=InputPath(), help="The genome of the coordinates."),
    click.Option(
        ["--chain"],
        type=InputPath(),
        help="Chain file of UCSC, such as hg19ToHg38.over.chain.gz, if the genome is another assembly than that of the "
        "coordinates. Windows that it loses are counted.",
    ),
    click.Option(
        ["--window"],
        type=click.IntRange(min=2),
        default=WIDTH,
        show_default=True,
        help="Bases of a window. The 1,000 bases of a row are widened, or cropped, on both sides.",
    ),
    click.Option(
        ["--labels"],
        type=InputPath(),
        help="Table with the columns name and group of each label, in the order of the columns y_....  "
        "[default: the 919 of DeepSEA]",
    ),
    click.Option(
        ["--no-rc"],
        is_flag=True,
        help="Leave out the second half of the rows of each .mat, the reverse complements of the first. Training "
        "reverse-complements half of the windows anyway.",
    ),
    click.Option(
        ["--weighted"],
        is_flag=True,
        help="Let the positives of rare labels count more: negatives over positives, at least 1 and at most 50.",
    ),
    *(option for option in SequenceTask.options if option.name != "balanced"),
)
