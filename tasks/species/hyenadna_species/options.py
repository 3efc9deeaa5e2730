"""The options of `hyenadna train --task species`."""

import click

from hyenadna_core import NamedInputPath

CHOICES = ("evenly", "by-length")
BLOCK_SIZE = 100_000
ROWS = {"train": 10_000, "valid": 1_000, "test": 2_000}
OF = {
    "train": "Windows of an epoch; they are drawn anew in each epoch.",
    "valid": "Fixed windows to choose the best weights.",
    "test": "Fixed windows to measure the best weights, once, at the end.",
}
OPTIONS = (
    click.Option(
        ["--species"],
        type=NamedInputPath(),
        multiple=True,
        required=True,
        help="A species and its genome: a FASTA, or a folder with a FASTA for each chromosome. Give two or more.",
    ),
    click.Option(
        ["--split"],
        type=click.Choice(["chromosomes", "blocks", "contigs"]),
        default="chromosomes",
        show_default=True,
        help="How genomes are divided into train, valid and test: by the names of chromosomes; in blocks, 80, 10 and "
        "10 % by a hash; or in whole contigs by a hash of their names, which is the same in all species.",
    ),
    click.Option(
        ["--valid"],
        metavar="NAMES",
        help="Contigs for valid, with commas, with or without chr; 1 also stands for chr1_KI270762v1_alt and the like. "
        "All others are for training.  "
        "[default: the published split]",
    ),
    click.Option(["--test"], metavar="NAMES", help="Contigs for test, as in --valid."),
    click.Option(
        ["--block-size"],
        type=click.IntRange(min=1),
        help=f"Bases of a block of --split blocks. No window crosses its ends.  [default: {BLOCK_SIZE:,}]",
    ),
    click.Option(
        ["--draw-species"],
        type=click.Choice(CHOICES),
        default="evenly",
        show_default=True,
        help="Whether each species has as many windows, or in proportion to its bases.",
    ),
    click.Option(
        ["--draw-contigs"],
        type=click.Choice(CHOICES),
        default="by-length",
        show_default=True,
        help="Whether each contig of a species has as many windows, or in proportion to its bases.",
    ),
    click.Option(
        ["--most-n"],
        type=click.FloatRange(0, 1, max_open=True),
        default=0.5,
        show_default=True,
        help="Largest share of a window that is not A, C, G or T; other windows are drawn again.",
    ),
    *(
        click.Option(
            [f"--{split}-windows"], type=click.IntRange(min=1), default=count, show_default=True, help=OF[split]
        )
        for split, count in ROWS.items()
    ),
)
