r"""Print the mean of a track over exons, introns, bases between genes and repeats, and draw it.

    python docs/experiments/track_means.py chr20.bw genes.gtf.gz chr20.fa.gz \
        chr20:60,900,001-61,100,000 --picture track.png

The track is a BigWig of `hyenadna track`. Repeats are the lower-case bases of the FASTA.
"""

import argparse
from pathlib import Path

import numpy as np

from hyenadna_core.genome.annotation import read_features, region_masks
from hyenadna_core.genome.bigwig import import_pybigtools
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.region import parse_region
from hyenadna_core.inference.track_picture import track_picture
from hyenadna_core.terminal import print_result, tab_separated


def table(values: np.ndarray, masks: dict[str, np.ndarray]) -> str:
    """Return the number of bases with a value, their mean and its standard error, as text."""
    rows = [("bases", "count", "mean", "error")]
    for name, mask in masks.items():
        some = values[mask & ~np.isnan(values)]
        numbers = (some.mean(), some.std() / np.sqrt(len(some))) if len(some) else ()
        rows.append((name, f"{len(some):,}", *(f"{number:.4f}" for number in numbers)))
    return tab_separated(rows)


def main() -> None:
    """Read the files, print the means and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("track", "genes", "fasta"):
        parser.add_argument(name, type=Path)
    parser.add_argument("region")
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    genome = open_genome(arguments.fasta)
    place = parse_region(arguments.region, genome)
    edges = (place.chrom, place.start, place.end)
    with import_pybigtools(arguments.track).open(str(arguments.track)) as reader:
        values = reader.values(*edges, fillna=None)
    features = read_features(arguments.genes, *edges)
    masks = {"all": np.ones(len(place), bool)} | region_masks(features, genome.read(*edges), place.start)
    print_result(table(values, masks))
    if arguments.picture:
        exons = [feature for feature in features if feature.kind == "exon"]
        track_picture(arguments.picture, place.chrom, place.start, values, exons)


if __name__ == "__main__":
    main()
