import gzip

import pytest

from hyenadna_core import HyenaDNAError, Interval, open_genome
from hyenadna_core.genome.intervals import read_bed, split_by_position


@pytest.fixture
def genome(write_fasta, random_bases):
    return open_genome(write_fasta({"chr1": random_bases(1000), "chr2": random_bases(105), "tiny": "ACG"}))


def test_the_last_tenth_of_each_contig_is_held_out(genome):
    assert split_by_position(genome) == [
        Interval("chr1", 0, 900, "train"),
        Interval("chr1", 900, 1000, "valid"),
        Interval("chr2", 0, 95, "train"),
        Interval("chr2", 95, 105, "valid"),
        Interval("tiny", 0, 3, "train"),
    ]


BED = "track name=x\n# comment\nchr1\t0\t900\ttrain\nchr1\t900\t1000\tvalid\textra\n\nchr2 5 105 test\n"


@pytest.mark.parametrize("name", ["splits.bed", "splits.bed.gz"])
def test_a_bed_is_read_plain_and_gzip(genome, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(BED.encode()) if name.endswith("gz") else BED.encode())
    assert read_bed(path, genome) == [
        Interval("chr1", 0, 900, "train"),
        Interval("chr1", 900, 1000, "valid"),
        Interval("chr2", 5, 105, "test"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t0\t1001\ttrain", "ends at 1,001 but chr1 in .*genome.fa has 1,000 bases"),
        ("1\t0\t10\ttrain", "no contig '1' in .*genome.fa; it has chr1, chr2, tiny"),
        ("chr1\t10\t10\ttrain", "10-10 has no bases"),
        ("chr1\t0\t10\texon", "column 4 is 'exon', expected one of train, valid, test"),
        ("chr1\t0\t10", "expected contig, start, end and split"),
        ("chr1\t-1\t10\ttrain", "expected contig, start and end in columns 1 to 3"),
        ("chr1\tx\t10\ttrain", "expected contig, start and end in columns 1 to 3"),
    ],
)
def test_a_bad_line_is_named(genome, tmp_path, line, message):
    path = tmp_path / "bad.bed"
    path.write_text("chr1\t0\t900\ttrain\n" + line + "\n")
    with pytest.raises(HyenaDNAError, match=f"bad.bed:2: .*{message}"):
        read_bed(path, genome)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "Cannot read the BED .*No such file"), (b"", "no interval marked train"), (b"\xff\xfe\x00", "Cannot read")],
)
def test_a_file_that_is_no_bed_is_named(genome, tmp_path, content, message):
    path = tmp_path / "bad.bed"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(HyenaDNAError, match=message):
        read_bed(path, genome)


def test_many_contigs_are_not_all_listed(write_fasta, tmp_path):
    genome = open_genome(write_fasta({f"contig{i}": "ACGT" for i in range(30)}))
    path = tmp_path / "bad.bed"
    path.write_text("chr1\t0\t3\ttrain\n")
    with pytest.raises(HyenaDNAError, match="contig7 and 22 more"):
        read_bed(path, genome)
