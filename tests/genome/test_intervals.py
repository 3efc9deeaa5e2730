import gzip
import os

import pytest

from hyenadna_core import HyenaDNAError, Interval, open_genome
from hyenadna_core.genome.intervals import read_bed, shared_bases, split_by_position


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


@pytest.fixture
def read(genome, tmp_path):
    """Return a function that reads a BED with some content."""

    def read(content, genome=genome):
        path = tmp_path / "splits.bed"
        path.write_bytes(content)
        return [tuple(vars(interval).values()) for interval in read_bed(path, genome)]

    return read


TRAIN, VALID = ("chr1", 0, 900, "train"), ("chr1", 900, 1000, "valid")
TEXT = "chr1\t0\t900\ttrain\nchr1\t900\t1000\tvalid\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("utf-8-sig"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.rstrip().encode(),
        TEXT.replace("\t", " ").encode(),
        TEXT.replace("\t", "   ").encode(),
        gzip.compress(TEXT.encode(), mtime=0),
        b"track\nbrowser\ntrack\tname=x\nbrowser position chr1:1-20\ntrack 1 x=2\n" + TEXT.encode(),
        b"# \x1b[31m note\n" + TEXT.encode(),
    ],
    ids=["BOM", "CR LF", "CR", "no last line end", "spaces", "many spaces", "gzip without suffix", "track", "escape"],
)
def test_a_bed_of_any_program_is_read(read, content):
    assert read(content) == [TRAIN, VALID]


@pytest.mark.parametrize("name", ["track", "browser", "track1", "browser_7", "tracks|x", "chr\u20281", "chr\xa01"])
@pytest.mark.parametrize("gap", ["\t", " "])
def test_contigs_of_any_name_are_data(read, write_fasta, name, gap):
    genome = open_genome(write_fasta({name: "ACGTACGT"}, "odd.fa"))
    assert read(gap.join([name, "0", "5", "train"]).encode() + b"\n", genome) == [(name, 0, 5, "train")]


def test_bases_of_two_splits_are_counted_once():
    intervals = [
        Interval("a", 0, 100, "train"),
        Interval("a", 50, 120, "train"),
        Interval("a", 90, 110, "valid"),
        Interval("a", 105, 130, "valid"),
        Interval("a", 0, 10, "test"),
        Interval("b", 0, 50, "train"),
        Interval("c", 0, 50, "valid"),
        Interval("b", 50, 60, "valid"),
    ]
    assert shared_bases(intervals, "train", "valid") == 30
    assert shared_bases(intervals, "train", "test") == 10
    assert shared_bases(intervals, "valid", "test") == 0


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
        ("chr1\t0\t" + "9" * 5000 + "\ttrain", "expected contig, start and end in columns 1 to 3"),
        ("chr1\t0\t" + "9" * 18 + "\ttrain", "ends at 999,999,999,999,999,999 but chr1"),
        ("chr1\t\u0663\t10\ttrain", "expected contig, start and end in columns 1 to 3"),
        ("\x1b[31m\t0\t10\ttrain", r"no contig '\\x1b\[31m'"),
        ("chr1\t0\t10\ttrain\x1b[0m", r"column 4 is 'train\\x1b\[0m'"),
        ("x" * 10**6 + "\t0\t10\ttrain", "no contig 'xxx.* ... .*xxx'"),
    ],
)
def test_a_bad_line_is_named(genome, tmp_path, line, message):
    path = tmp_path / "bad.bed"
    path.write_text("chr1\t0\t900\ttrain\n" + line + "\n")
    with pytest.raises(HyenaDNAError, match=f"bad.bed:2: .*{message}") as caught:
        read_bed(path, genome)
    assert len(str(caught.value)) < 800


GZIP = gzip.compress("".join(f"chr1\t{i}\t{i + i * i % 800 + 1}\ttrain\n" for i in range(99)).encode(), mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Cannot read .*bad.bed: No such file"),
        (b"", "no interval marked train"),
        (b"chr1\t0\t9\ttrain\n\xff\xfe\x00", "bad.bed, after line [01]: byte 0xff is not UTF-8"),
        (b"chr1\t0\t9\ttr\0ain\n", "bad.bed:1: the line has a NUL byte"),
        (GZIP[:30] + b"\xff" + GZIP[31:], "bad.bed is truncated or damaged"),
        (GZIP[:-9], "bad.bed is truncated or damaged"),
    ],
    ids=["missing", "empty", "not UTF-8", "NUL", "flipped byte", "cut off"],
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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (os.mkfifo, "it is a pipe, not a file"),
        (os.mkdir, "it is a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
    ],
    ids=["pipe", "folder", "device"],
)
def test_a_bed_that_is_no_file_is_not_opened(genome, tmp_path, make, message):
    path = tmp_path / "splits.bed"
    make(path)
    with pytest.raises(HyenaDNAError, match=message):
        read_bed(path, genome)
