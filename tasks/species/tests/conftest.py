"""Genomes of the tests, and species that are made of them."""

from pathlib import Path

import numpy as np
import pytest
from hyenadna_species.genome import SpeciesGenome

DATA = Path(__file__).parent / "data"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Keep decoded genomes in a folder of the test."""
    monkeypatch.setenv("HYENADNA_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def pair():
    """Return two real species: 40,000 bases of each."""
    return [("ecoli", DATA / "ecoli_40k.fa.gz"), ("saureus", DATA / "saureus_40k.fa.gz")]


@pytest.fixture
def fasta(tmp_path):
    """Return a function that writes a FASTA with the contigs {name: text}."""

    def write(name, contigs):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f">{contig}\n{text}\n" for contig, text in contigs.items()), encoding="ascii")
        return path

    return write


@pytest.fixture
def bases():
    """Return a function that draws random bases, as text."""

    def draw(length, seed=0, letters="ACGT"):
        return "".join(np.random.default_rng(seed).choice(list(letters), length))

    return draw


@pytest.fixture
def genome(fasta):
    """Return a function that makes the genome of a species from the contigs {name: text}."""
    return lambda name, contigs: SpeciesGenome(name, fasta(f"{name}.fa", contigs))
