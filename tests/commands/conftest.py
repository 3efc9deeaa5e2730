import os
from contextlib import contextmanager

import pytest

BED = "chr1\t0\t50\tfirst\t.\t+\nchr1\t100\t270\tlong\t.\t-\nchr2\t0\t10\tshort\t.\t.\n"


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """Save a small language model for 64 bases; return its folder."""
    from hyenadna_core import CausalLM, HyenaBackbone, save

    path = tmp_path_factory.mktemp("weights") / "tiny"
    save(CausalLM(HyenaBackbone(1, 8, 66, seed=3)), path)
    return path


@pytest.fixture
def fasta(write_fasta, random_bases):
    """Write a genome with a gap, lower-case bases, a short contig, and one of N only."""
    bases = random_bases(600)
    chr1 = bases[:300] + "N" * 60 + bases[300:].lower()
    return write_fasta({"chr1": chr1, "chr2": "ACGTACGTAC", "chrN": "N" * 70})


@pytest.fixture
def track(cli, fasta, weights):
    """Return a function that runs `hyenadna track` on the genome: (status, stdout, stderr)."""
    return lambda *options: cli("track", fasta, "--weights", weights, *options)


@pytest.fixture
def mutate(cli, fasta, weights):
    """Return a function that runs `hyenadna mutate` on the genome: (status, stdout, stderr)."""
    return lambda *words: cli("mutate", fasta, *words, "--weights", weights)


@pytest.fixture
def run_embed(cli, weights):
    """Return a function that runs `hyenadna embed`: (status, stdout, stderr)."""
    return lambda *words: cli("embed", *words, "--weights", weights)


@pytest.fixture
def bed(tmp_path):
    path = tmp_path / "intervals.bed"
    path.write_text(BED)
    return path


@pytest.fixture
def stdin_from():
    """Return a context in which the process reads a file from its stdin."""

    @contextmanager
    def read(path):
        before = os.dup(0)
        with path.open("rb") as file:
            os.dup2(file.fileno(), 0)
        yield
        os.dup2(before, 0)
        os.close(before)

    return read
