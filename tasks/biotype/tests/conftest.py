"""Small annotations and genomes."""

from pathlib import Path

import numpy as np
import pytest
from hyenadna_biotype.genes import read_annotation
from hyenadna_biotype.genome import GenomeFiles

DATA = Path(__file__).parent / "data"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("HYENADNA_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def gtf(tmp_path):
    """Return a function that writes genes: (contig, start from 1, end, strand, biotype)."""

    def write(genes, name="genes.gtf"):
        lines = [
            f'{chrom}\ttest\tgene\t{start}\t{end}\t.\t{strand}\t.\tgene_id "g{number}"; gene_biotype "{biotype}";\n'
            for number, (chrom, start, end, strand, biotype) in enumerate(genes)
        ]
        (tmp_path / name).write_text("".join(lines))
        return tmp_path / name

    return write


@pytest.fixture
def annotation(gtf):
    """Return a function that writes genes and reads them again."""
    return lambda genes: read_annotation(gtf(genes))


@pytest.fixture
def fasta(tmp_path):
    """Return a function that writes contigs, {name: bases}."""

    def write(contigs, name="genome.fa"):
        (tmp_path / name).write_text("".join(f">{contig}\n{bases}\n" for contig, bases in contigs.items()))
        return tmp_path / name

    return write


@pytest.fixture
def genome(fasta):
    """A genome of two contigs: chr1 with N from base 400 to 500, and chr2."""
    bases = "".join(np.random.default_rng(0).choice(list("ACGT"), 2_000))
    return GenomeFiles([fasta({"chr1": bases[:400] + "N" * 100 + bases[400:900], "chr2": bases[900:]})])


@pytest.fixture
def pieces():
    """The real files of the tests: two pieces of chromosome 20 and their genes."""
    return {"gtf": DATA / "genes.gtf.gz", "fasta": DATA / "pieces.fa.gz"}
