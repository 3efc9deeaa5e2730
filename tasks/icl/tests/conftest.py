"""Tables of sequences that are easy to tell apart, for the tests."""

from pathlib import Path

import numpy as np
import pytest

SHARES = ([0.4, 0.1, 0.1, 0.4], [0.1, 0.4, 0.4, 0.1], [0.4, 0.4, 0.1, 0.1])  # of A, C, G and T in each class


def write_table(path: Path, rows: int, classes: int = 2, seed: int = 0, shortest: int = 14, longest: int = 20) -> Path:
    """Write a CSV of sequences, whose classes differ in their bases."""
    random = np.random.default_rng(seed)
    lines = ["sequence,label"]
    for number in range(rows):
        bases = random.choice(list("ACGT"), random.integers(shortest, longest + 1), p=SHARES[number % classes])
        lines.append(f"{''.join(bases)},class {number % classes}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def table(tmp_path):
    """Return a function that writes a table."""
    return lambda name="train.csv", rows=40, **how: write_table(tmp_path / name, rows, **how)


@pytest.fixture
def tables(table):
    """Return the options for tables of training, validation and test."""
    of, valid, test = (table(f"{name}.csv", 24, seed=seed) for seed, name in enumerate(("train", "valid", "test")))
    return {"of": str(of), "valid": str(valid), "test": str(test)}
