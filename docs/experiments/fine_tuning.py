"""Fine-tune with the defaults on sets of GUE, and compare with k-mer regression.

    KERAS_BACKEND=jax python docs/experiments/fine_tuning.py GUE OUT [--rows N] [--seeds N]

GUE is the folder of the published sets (DNABERT-2): GUE/tf/0/train.csv, dev.csv and test.csv, which
may be gzipped. Without --rows, the whole training file is used, else that many of its rows, drawn
once. Each run is a folder of OUT; runs that are there are not repeated. OUT/table.md has the test
MCC of each seed, their mean, and that of the k-mer regression with its standard error over test
rows (bootstrap). The seconds are those of training with its validations.
"""

import argparse
import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from hyenadna_core.evaluation.baselines import kmer_baseline
from hyenadna_core.evaluation.metrics import METRICS
from hyenadna_core.tasks.classify import ClassifyTask

SETS = {f"tf_{number}": f"tf/{number}" for number in range(5)} | {
    name: f"prom/{name}" for name in ("prom_core_all", "prom_core_tata", "prom_core_notata", "prom_300_tata")
}
ROUNDS = 1000  # of the bootstrap
HEADER = ("set", "training rows", "k-mers", "standard error", "seeds", "mean", "mean - k-mers", "reached", "seconds")


def files_of(gue, name):
    """Return the files of a set by split."""
    folder = Path(gue) / SETS[name]
    return {
        split: next(path for path in (folder / f"{file}.csv", folder / f"{file}.csv.gz") if path.exists())
        for split, file in (("train", "train"), ("valid", "dev"), ("test", "test"))
    }


def subset(path, rows, out):
    """Write some rows of a training file, drawn with the seed 0, and return the new file."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        header, *lines = csv.reader(file)
    if rows is None or rows >= len(lines):
        return path, len(lines)
    chosen = np.random.default_rng(0).permutation(len(lines))[:rows]
    with out.open("w", newline="") as file:
        csv.writer(file).writerows([header, *(lines[row] for row in chosen)])
    return out, rows


def kmers(files):
    """Return the test MCC of the k-mer regression, and its standard error."""
    task = ClassifyTask(**files)
    targets = task.split("test").targets
    predicted = kmer_baseline(task.split("train"), task.split("valid"), task.split("test"), task.target).predicted
    random, mcc = np.random.default_rng(0), METRICS["mcc"].of
    draws = (random.integers(len(targets), size=len(targets)) for _ in range(ROUNDS))
    return mcc(predicted, targets), float(np.std([mcc(predicted[rows], targets[rows]) for rows in draws]))


def run(files, seed, out):
    """Train with the defaults, unless this was done, and return the test MCC and the seconds."""
    if not out.exists() or "finished" not in json.loads((out / "run.json").read_text()):
        named = [text for split, path in files.items() for text in (f"--{split}", str(path))]
        options = ["--resume", str(out)] if out.exists() else [*named, "--seed", str(seed), "--out", str(out)]
        classify = [] if out.exists() else ["--task", "classify", "--baseline", "none"]
        subprocess.run([sys.executable, "-m", "hyenadna_core", "train", *classify, *options], check=True)  # noqa: S603
    figures = json.loads((out / "run.json").read_text())["result"]["figures"]
    (ours,) = figures.values()
    return ours["mcc"], float((out / "log.tsv").read_text().splitlines()[-1].split("\t")[-1])


def main():
    """Run what is missing, and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("gue")
    parser.add_argument("out", type=Path)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--rows", type=int)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    known = given.out / "table.json"
    table = json.loads(known.read_text()) if known.exists() else {}
    for name in given.sets:
        files = files_of(given.gue, name)
        files["train"], rows = subset(files["train"], given.rows, given.out / f"{name}-{given.rows}.csv")
        key = f"{name}-{rows}"
        row = table.setdefault(key, {})
        if "kmers" not in row:
            row["kmers"], row["error"] = kmers(files)
        runs = [run(files, seed, given.out / f"{key}-{seed}") for seed in range(given.seeds)]
        row |= {"set": name, "rows": rows, "mcc": [mcc for mcc, _ in runs], "seconds": [time for _, time in runs]}
        known.write_text(json.dumps(table, indent=2))
        (given.out / "table.md").write_text("\n".join(markdown(table)) + "\n")
    print("\n".join(markdown(table)))


def markdown(table):
    """Return the lines of the table."""
    lines = [f"| {' | '.join(HEADER)} |", "| " + " | ".join(["---"] * len(HEADER)) + " |"]
    for row in table.values():
        if "mcc" not in row:
            continue
        mean = float(np.mean(row["mcc"]))
        seeds = ", ".join(f"{mcc:.3f}" for mcc in row["mcc"])
        reached = "yes" if mean >= row["kmers"] - row["error"] else "no"
        cells = (
            f"{row['set']} | {row['rows']:,} | {row['kmers']:.3f} | {row['error']:.3f} | {seeds} | {mean:.3f} | "
            f"{mean - row['kmers']:+.3f} | {reached} | {max(row['seconds']):.0f}"
        )
        lines.append(f"| {cells} |")
    return lines


if __name__ == "__main__":
    main()
