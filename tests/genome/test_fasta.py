import bz2
import gzip
import os
import stat
import threading

import numpy as np
import pytest
from Bio import bgzf

from hyenadna_core import HyenaDNAError, open_genome
from hyenadna_core.genome import fasta as genome_module
from hyenadna_core.genome import fasta_text
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
@pytest.mark.parametrize("name", ["genome.fa", "genome.fa.gz"])
def test_where_a_block_ends_does_not_matter(write_fasta, contigs, monkeypatch, tmp_path, name, block):
    monkeypatch.setattr(fasta_text, "BLOCK", block)
    monkeypatch.setenv("HYENADNA_CACHE", str(tmp_path / "cache"))
    short = {name: sequence[:200] for name, sequence in contigs.items()}
    assert_reads(open_genome(write_fasta(short, name)), short)


@pytest.mark.parametrize("name", ["genome.fa", "genome.fa.gz"])
def test_the_text_of_a_genome_is_read_once(write_fasta, contigs, monkeypatch, name):
    path = write_fasta(contigs, name)
    open_genome(path)
    monkeypatch.setattr("hyenadna_core.genome.index.fasta_pieces", None)
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


@pytest.mark.parametrize("name", ["genome.fa", "genome.fa.gz"])
def test_nothing_is_written_next_to_a_genome(write_fasta, contigs, tmp_path, name):
    path = write_fasta(contigs, name)
    before = set(tmp_path.iterdir())
    assert_reads(open_genome(path), contigs)
    assert set(tmp_path.iterdir()) == before


def gz(content):
    return gzip.compress(content, mtime=0)  # else the names of the tests would have the time


DAMAGED = gz(b">a\n" + bytes(np.random.default_rng(0).choice(list(b"ACGT"), 10_000).tolist()) + b"\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"\x00\x01\x02", "is not a FASTA"),
        (DAMAGED[:-40], "is truncated or damaged"),
        (DAMAGED[:-8] + b"12345678", "is truncated or damaged"),
        (DAMAGED[:1000] + b"\xff\xff\xff" + DAMAGED[1003:], "is truncated or damaged"),
        (DAMAGED + b"more", "is truncated or damaged"),
        (bz2.compress(b">a\nACGT\n"), "genome.fa is compressed with bzip2, which is not read: unpack it"),
    ],
    ids=["missing", "binary", "cut off", "wrong checksum", "flipped bytes", "more bytes", "bzip2"],
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


@pytest.fixture
def piped():
    """Return a function that writes bytes into a new pipe and returns its path."""
    descriptors = []

    def make(content):
        read_end, write_end = os.pipe()
        descriptors.append(read_end)
        with os.fdopen(write_end, "wb") as file:  # a pipe holds 64 KB
            file.write(content)
        return f"/dev/fd/{read_end}"

    yield make
    for descriptor in descriptors:
        os.close(descriptor)


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_pipe_of_the_shell_is_read_once_and_opened_often(piped, write_fasta, contigs, capsys, tmp_path, compress):
    text = write_fasta(contigs).read_bytes()
    path = piped(compress(text))
    assert_reads(open_genome(path), contigs)
    assert_reads(open_genome(path), contigs)
    assert capsys.readouterr().err.count("is a pipe: it is read into the cache") == 1
    copy = tmp_path / "copy.fa"
    copy.write_bytes(compress(text))
    assert open_genome(path).sha256 == open_genome(copy).sha256


def test_a_pipe_with_the_content_of_a_known_file_is_read(piped, write_fasta, contigs):
    path = write_fasta(contigs)
    assert_reads(open_genome(path), contigs)
    assert_reads(open_genome(piped(path.read_bytes())), contigs)
    assert_reads(open_genome(path), contigs)


def test_what_a_pipe_holds_is_named_by_the_path_of_the_pipe(piped):
    path = piped(b">a\nAC1GT\n")
    with pytest.raises(HyenaDNAError, match=f"^{path} is not a FASTA: .* b'1' among the bases of 'a'"):
        open_genome(path)


def make_pipe(path):
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_pipe, "it is a pipe, not a file: save its content to a file"),
        (lambda path: path.mkdir(), "it is a folder, not a file: name a file in it"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a device, not a file: name a file"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
    ids=["pipe", "folder", "device", "circle of links"],
)
def test_what_is_no_file_is_not_opened(tmp_path, make, message):
    path = tmp_path / "genome.fa"
    make(path)
    caught = []

    def open_it():
        with pytest.raises(HyenaDNAError, match=message):
            open_genome(path)
        caught.append(True)

    thread = threading.Thread(target=open_it, daemon=True)  # a pipe without a writer would never open
    thread.start()
    thread.join(5)
    assert caught


def test_a_path_with_a_nul_is_no_path():
    with pytest.raises(HyenaDNAError, match="its name is no path"):
        open_genome("a\0b.fa")


def test_a_genome_in_a_read_only_folder_is_read(write_fasta, contigs, tmp_path):
    path = write_fasta(contigs)
    path.with_name("genome.fa.fai").write_text("chr1\t3\t40\t3\t4\n")
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert_reads(open_genome(path), contigs)
    finally:
        tmp_path.chmod(stat.S_IRWXU)
