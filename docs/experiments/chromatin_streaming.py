"""Memory and speed of hyenadna-chromatin with generated files of full width, in each format.

python docs/experiments/chromatin_streaming.py FOLDER [ROWS]

Writes 100,000 rows with 919 labels as a coordinate table of E. coli, as MATLAB v7.3 and as v5. For
each file another process reads it and makes batches of 64. It prints CPU time, and the largest
resident memory above that of the libraries. Keras is not imported.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROWS, LABELS, BASES, BATCH = 100_000, 919, 1_000, 64
FREQUENCY = 0.02  # of a label, as in DeepSEA
BATCHES = 30
PART = 1_000  # rows that are written at once
FILES = {"coordinates, 1,000": "rows.csv", "coordinates, 8,000": "rows.csv", "v7.3": "train.mat", "v5": "test.mat"}


def parts(rows):
    """Yield labels (m, 919) and bases (m, 1000), as numbers of channels, some rows at a time."""
    random = np.random.default_rng(0)
    for _ in range(0, rows, PART):
        yield (random.random((PART, LABELS)) < FREQUENCY).astype(np.uint8), random.integers(4, size=(PART, BASES))


def write(folder, rows):
    """Write the files that are missing."""
    import h5py
    from scipy.io import savemat

    from hyenadna_core import bundled_genome, open_genome

    ((contig, length),) = open_genome(bundled_genome()).contigs.items()
    table, arrays, whole = (folder / name for name in ("rows.csv", "train.mat", "test.mat"))
    if not table.exists():
        starts = np.random.default_rng(1).integers(0, length - BASES, rows)
        with table.open("w", encoding="utf-8") as file:
            file.write("Chr_No,Start,End," + ",".join(f"y_{label}" for label in range(LABELS)) + "\n")
            for number, (labels, _) in enumerate(parts(rows)):
                for start, of_row in zip(starts[number * PART :], labels, strict=False):
                    file.write(f"{contig},{start},{start + BASES}," + ",".join(map(str, of_row)) + "\n")
    if not arrays.exists():
        with h5py.File(arrays, "w") as file:
            options = {"dtype": "u1", "compression": "gzip", "compression_opts": 1}
            bases = file.create_dataset("trainxdata", (BASES, 4, rows), chunks=(BASES // 10, 4, 512), **options)
            labels = file.create_dataset("traindata", (LABELS, rows), chunks=(LABELS, 512), **options)
            for number, (of_rows, channels) in enumerate(parts(rows)):
                place = slice(number * PART, (number + 1) * PART)
                bases[:, :, place] = (channels[:, None] == np.arange(4)[:, None]).transpose(2, 1, 0)
                labels[:, place] = of_rows.T
    if not whole.exists():
        one_hot, labels = np.empty((rows, 4, BASES), np.uint8), np.empty((rows, LABELS), np.uint8)
        for number, (of_rows, channels) in enumerate(parts(rows)):
            place = slice(number * PART, (number + 1) * PART)
            one_hot[place], labels[place] = channels[:, None] == np.arange(4)[:, None], of_rows
        savemat(whole, {"testxdata": one_hot, "testdata": labels})


def peak():
    """Return the largest resident memory of this process so far, in MB."""
    from hyenadna_core.inference.announcement import peak_memory

    return peak_memory() / 1e6


def measure(folder, name):
    """Print what one file takes: CPU seconds to read it, MB, and batches a CPU second."""
    import h5py  # noqa: F401 (the libraries are not the data)
    import scipy.io  # noqa: F401
    from hyenadna_chromatin.task import ChromatinTask

    from hyenadna_core import Draw, bundled_genome

    window = 8_000 if "8,000" in name else BASES
    options = {"train": folder / FILES[name]} | (
        {} if name[0] == "v" else {"fasta": bundled_genome(), "window": window}
    )
    before, start = peak(), time.process_time()
    task = ChromatinTask(**options)
    task.split("train")
    read = time.process_time() - start
    _ = task.label_weights
    task.batch(Draw("train", 0, window, BATCH, 0))
    start = time.process_time()
    for step in range(1, BATCHES + 1):
        task.batch(Draw("train", step, window, BATCH, 0))
    speed = BATCHES / (time.process_time() - start)
    print(json.dumps({"file": name, "read": f"{read:.1f}", "mb": f"{peak() - before:.0f}", "speed": f"{speed:.0f}"}))


def main():
    """Write the files; measure each in a process of its own."""
    folder = Path(sys.argv[1])
    if len(sys.argv) > 3:
        measure(folder, sys.argv[3])
        return
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else ROWS
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, rows)
    cache = {"HYENADNA_CACHE": str(folder / "cache")}
    print("| rows | read, CPU s | MB more | batches per CPU s |\n| --- | --- | --- | --- |")
    for name in FILES:
        command = [sys.executable, __file__, str(folder), str(rows), name]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | cache)  # noqa: S603
        print(f"| {' | '.join(json.loads(done.stdout).values())} |", flush=True)


if __name__ == "__main__":
    main()
