"""The data of the tests, and a hub that needs no network."""

import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hyenadna_benchmarks.benchmark_set import find_set
from hyenadna_benchmarks.layouts import find_split
from hyenadna_benchmarks.layouts.genome import SetGenome
from hyenadna_benchmarks.layouts.rows import labelled_rows

from hyenadna_core import read_labelled

DATA = Path(__file__).parent / "data"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Keep what a test downloads in a folder of the test, and name no folder of data."""
    monkeypatch.setenv("HYENADNA_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("HYENADNA_BENCHMARKS", raising=False)


@pytest.fixture
def data():
    """Return the folder with a folder for each suite."""
    return DATA


@pytest.fixture
def published_gue():
    """Return a function that reads a whole set of GUE: sequences and labels by split."""
    folder = Path(os.environ.get("HYENADNA_DATA", "")) / "data" / "benchmarks"
    if not (folder / "GUE_tf_1_test.csv.gz").exists():
        pytest.skip("HYENADNA_DATA has no GUE")

    def read(name):
        splits, labels = {}, {}
        for split in ("train", "dev", "test"):
            records = read_labelled(folder / f"GUE_{name}_{split}.csv.gz")
            splits[split], labels[split] = records.sequences, np.array([int(label) for (label,) in records.labels])
        return splits, labels

    return read


@pytest.fixture
def read_split():
    """Return a function that reads a split of a set; `genomes` has the FASTA of each class."""

    def read(suite, name, folder, split, genomes=(), files=None):
        benchmark = find_set(suite, name)
        layout, path = find_split(benchmark, folder, split)
        opened = {label: SetGenome(Path(fasta)) for label, fasta in dict(genomes).items()}
        return labelled_rows(
            benchmark, path, layout.read(benchmark, path, split, opened), {} if files is None else files
        )

    return read


@pytest.fixture
def random_rows():
    """Return a function that draws n sequences of bases, as text."""

    def draw(count, length=30, seed=0):
        random = np.random.default_rng(seed)
        return ["".join(random.choice(list("ACGT"), length)) for _ in range(count)]

    return draw


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Install a module huggingface_hub that has the files {(repository, name): bytes}."""
    files, asked = {}, []

    def hf_hub_download(repository, name, repo_type):
        asked.append((repository, name, repo_type))
        path = tmp_path / "hub" / repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[repository, name])
        return str(path)

    module = types.ModuleType("huggingface_hub")
    module.hf_hub_download = hf_hub_download
    module.list_repo_files = lambda repository, repo_type: [name for owner, name in files if owner == repository]
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    module.files, module.asked = files, asked
    return module
