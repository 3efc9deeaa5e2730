import gzip

import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.regions import region_records


@pytest.fixture
def read(tmp_path, write_fasta):
    """Return a function that reads a BED with some content, and a genome with the contig chr1."""
    genome = write_fasta({"chr1": "AACCGGTTacgtNRYK"})

    def read(content, fasta=genome, needs_labels=True):
        path = tmp_path / "peaks.bed.gz"
        path.write_bytes(gzip.compress(content.encode()))
        return list(region_records(path, lambda done: None, fasta, needs_labels))

    return read


def test_intervals_are_read_on_their_strand(read):
    bed = "track x\n# note\nchr1\t0\t4\tyes\t0\t+\nchr1\t2\t6\tno\t0\t-\r\n\nchr1\t8\t16\tyes\t0\t-\nchr1 0 2 no\n"
    assert read(bed) == [
        ("chr1:0-4", b"AACC", ("yes",), ""),
        ("chr1:2-6(-)", b"CCGG", ("no",), ""),
        ("chr1:8-16(-)", b"MRYNacgt", ("yes",), ""),
        ("chr1:0-2", b"AA", ("no",), ""),
    ]


@pytest.mark.parametrize("name", ["track", "browser2"])
def test_a_contig_may_be_named_like_a_setting(read, write_fasta, name):
    fasta = write_fasta({name: "ACGT"}, "odd.fa")
    assert read(f"\ufefftrack x\n{name}\t0\t2\tyes\n", fasta=fasta) == [(f"{name}:0-2", b"AC", ("yes",), "")]


def test_without_labels_three_columns_are_enough(read):
    assert read("chr1\t0\t3\r\n", needs_labels=False) == [("chr1:0-3", b"AAC", (), "")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t0\t3", "expected contig, start, end and label in columns 1 to 4"),
        ("chr1\tx\t3\tyes", "expected contig, start and end in columns 1 to 3"),
        ("chr1\t²\t3\tyes", "expected contig, start and end in columns 1 to 3"),
        ("1\t0\t3\tyes", "no contig '1' in .*genome.fa; it has chr1"),
        ("chr1\t3\t3\tyes", "3-3 has no bases"),
        ("chr1\t0\t17\tyes", "ends at 17 but chr1 in .*genome.fa has 16 bases"),
        ("chr1\t0\t3\tyes\t0\tx", r"column 6 is 'x', expected the strand: one of \+, -, \."),
    ],
)
def test_a_bad_line_is_named(read, line, message):
    with pytest.raises(HyenaDNAError, match=f"peaks.bed.gz:2: .*{message}"):
        read("chr1\t0\t3\tyes\n" + line + "\n")


def test_a_genome_is_needed(read):
    with pytest.raises(HyenaDNAError, match=r"peaks.bed.gz has intervals but no bases: .* --fasta"):
        read("chr1\t0\t3\tyes\n", fasta=None)
