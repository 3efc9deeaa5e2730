"""Tables of human_nontata_promoters for docs/in_context_learning.md.

python docs/experiments/nontata_promoters.py TRAIN TEST FOLDER

TRAIN has the columns split, class and sequence: rows of the set on some chromosomes; those of the
split train are written. TEST has the columns seq and label: the official test, of which 2,000 rows
are drawn.
"""

import csv
import gzip
import random
import sys
from pathlib import Path

CLASSES = {"negative": 0, "positive": 1}
TESTED = 2_000


def rows(path):
    """Yield the rows of a gzip TSV."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter="\t")


def write(path, pairs):
    """Write sequences and labels."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("seq", "label"), *pairs])
    print(f"{path}: {len(pairs):,} rows, {sum(int(label) for _, label in pairs):,} promoters")


def main():
    """Write train.csv and test.csv."""
    train, test, folder = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    write(
        folder / "train.csv",
        [(row["sequence"], CLASSES[row["class"]]) for row in rows(train) if row["split"] == "train"],
    )
    drawn = random.Random(0).sample(list(rows(test)), TESTED)  # noqa: S311 (a seed gives the same rows)
    write(folder / "test.csv", [(row["seq"], row["label"]) for row in drawn])


if __name__ == "__main__":
    main()
