import gzip
import os

import numpy as np
import pytest
from Bio import bgzf

from hyenadna_core import HyenaDNAError, open_genome
from hyenadna_core.files.cache import cache_folder
from hyenadna_core.genome import fasta as genome_module
from hyenadna_core.genome.fasta import bundled_genome


@pytest.fixture
def contigs(random_bases):
    return {"chr1": random_bases(5000, seed=1), "chr2": random_bases(61, seed=2) + "nnnnRy", "chr3": "A"}


def assert_reads(genome, contigs):
    assert dict(genome.contigs) == {name: len(sequence) for name, sequence in contigs.items()}
    for name, sequence in contigs.items():
        for start, end in ((0, len(sequence)), (len(sequence) // 3, len(sequence) // 2), (0, 0)):
            assert bytes(genome.read(name, start, end)).decode() == sequence[start:end]


def write_bgzip(path, text):
    with bgzf.open(str(path), "wb") as file:
        file.write(text)
    return path


def test_plain_gzip_and_bgzip_read_the_same(write_fasta, contigs, tmp_path):
    plain = write_fasta(contigs)
    assert_reads(open_genome(plain), contigs)
    assert_reads(open_genome(write_fasta(contigs, "genome.fa.gz")), contigs)
    assert_reads(open_genome(write_bgzip(tmp_path / "genome.bgz", plain.read_bytes())), contigs)


def test_windows_line_ends_and_lines_of_uneven_length_are_read(tmp_path):
    path = tmp_path / "uneven.fa"
    path.write_bytes(b">a x\r\nACGT\r\nAC\r\nACGT\r\n\r\n>b\r\nTT\r\n")
    assert_reads(open_genome(path), {"a": "ACGTACACGT", "b": "TT"})


@pytest.mark.parametrize("block", [1, 2, 7, 64])
def test_where_a_block_ends_does_not_matter(write_fasta, contigs, monkeypatch, block):
    monkeypatch.setattr(genome_module, "BLOCK", block)
    short = {name: sequence[:200] for name, sequence in contigs.items()}
    monkeypatch.setenv("HYENADNA_CACHE", str(write_fasta(short).parent / f"cache{block}"))
    assert_reads(open_genome(write_fasta(short, "genome.fa.gz")), short)


def test_a_compressed_genome_is_decoded_once(write_fasta, contigs, monkeypatch):
    path = write_fasta(contigs, "genome.fa.gz")
    open_genome(path)
    monkeypatch.setattr(genome_module, "_decode", None)
    assert_reads(open_genome(path), contigs)


def test_pages_are_given_back_and_read_again(write_fasta, contigs, monkeypatch):
    genome = open_genome(write_fasta(contigs, "genome.fa.gz"))
    given_back = []
    monkeypatch.setattr(genome._file, "_mapped", Spy(genome._file._mapped, given_back))
    for _ in range(genome_module.KEPT_PAGES // (1 << 16) + 1):
        genome.read("chr2", 0, 5)
    assert given_back == ["madvise"]
    assert_reads(genome, contigs)


class Spy:
    """Map a file of bases, and record each time that their pages are given back."""

    def __init__(self, mapped, given_back):
        self.mapped, self.given_back = mapped, given_back

    def __getitem__(self, where):
        return self.mapped[where]

    def madvise(self, advice):
        self.mapped.madvise(advice)
        self.given_back.append("madvise")


def test_an_index_goes_to_the_cache_where_the_folder_is_read_only(write_fasta, contigs, monkeypatch):
    path = write_fasta(contigs)
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    assert_reads(open_genome(path), contigs)
    assert not path.with_name("genome.fa.fai").exists()
    assert list(cache_folder("fai").glob("*.fai"))


def test_an_index_beside_the_genome_is_made_anew_when_the_genome_is_newer(write_fasta, random_bases):
    path = write_fasta({"old": random_bases(100)})
    open_genome(path)
    index = path.with_name("genome.fa.fai")
    os.utime(index, (1, 1))
    write_fasta({"new": random_bases(50)})
    assert dict(open_genome(path).contigs) == {"new": 50}


def gz(content):
    return gzip.compress(content, mtime=0)  # else the names of the tests would have the time


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"", "is empty"),
        (b"ACGT\n", "is not a FASTA: it starts with b'A'"),
        (b"\x00\x01\x02", "is not a FASTA"),
        (b">a\n", "no bases"),
        (gz(b">a\n"), "has no bases"),
        (gz(b""), "has no bases"),
        (gz(b"hello\n>a\nAC"), "is not a FASTA: it starts with b'h'"),
        (gz(b">a\nAC1GT\n"), "the character b'1' among the bases"),
        (gz(b">a\nAC\n>a\nGT\n"), "two contigs named 'a'"),
        (b">a\nAC\n>a\nGT\n", "Duplicate key"),
        (gz(b">\nAC\n"), "a contig without a name"),
        (gz(b">a\n" + b"ACGT\n" * 10_000)[:-40], "is truncated or damaged"),
        (gz(b">a\nACGT\n")[:-8] + b"12345678", "is truncated or damaged"),
    ],
)
def test_what_is_not_a_fasta_gets_one_line_and_leaves_nothing(tmp_path, monkeypatch, content, message):
    monkeypatch.setenv("HYENADNA_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "genome.fa"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(HyenaDNAError, match=message) as caught:
        open_genome(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    genomes = tmp_path / "cache" / "genomes"
    assert not genomes.exists() or not list(genomes.iterdir())


def test_the_bundled_genome_is_e_coli():
    genome = open_genome(bundled_genome())
    assert dict(genome.contigs) == {"K-12-MG1655": 4_639_675}
    bases = genome.read("K-12-MG1655", 0, 4_639_675)
    np.testing.assert_array_equal(np.unique(bases), np.frombuffer(b"ACGT", np.uint8))
    assert bytes(bases[:20]) == b"AGCTTTTCATTCTGACTGCA"
