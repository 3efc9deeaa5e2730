import gzip
import lzma
import os
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.files import named_by_format, read_labelled
from hyenadna_core.labelled.tables import table_columns

ROWS = [("ACGT", "1"), ("ggn", "0"), ("TTA", "1")]
CONTENTS = {
    "reads.csv": "sequence,label\nACGT,1\nggn,0\nTTA,1\n",
    "reads.tsv": "sequence\tlabel\nACGT\t1\nggn\t0\nTTA\t1\n",
    "reads.txt": "seq\ty\nACGT\t1\nggn\t0\nTTA\t1\n",
    "reads.fa": ">1 label=1\nACGT\n>2 label=0\nggn\n>3 label=1\nTTA\n",
    "reads.fasta": ">1 1\nACGT\n>2 0\nggn\n>3 1\nTTA\n",
    "reads.fna": ">1 1\nAC\nGT\n>2 0\nggn\n>3 1\nTTA\n",
    "reads.bed": "chr1\t0\t4\t1\nchr1\t4\t7\t0\nchr1\t7\t10\t1\t.\t-\n",
    "reads.parquet": None,
}


@pytest.fixture
def write(tmp_path):
    def write(name, content, compress=False):
        path = tmp_path / (name + ".gz" * compress)
        if content is None:
            parquet.write_table(pyarrow.table({"dna": [s for s, _ in ROWS], "Label": [int(y) for _, y in ROWS]}), path)
        else:
            path.write_bytes(gzip.compress(content.encode()) if compress else content.encode())
        return path

    return write


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", CONTENTS)
def test_every_kind_of_file_gives_the_same(write, write_fasta, name, compress):
    path = write(name, CONTENTS[name], compress and CONTENTS[name] is not None)
    records = read_labelled(path, fasta=write_fasta({"chr1": "ACGTggnTAA"}))
    assert records.sequences == [sequence.encode() for sequence, _ in ROWS]
    assert records.labels == [(label,) for _, label in ROWS]
    assert records.left_out == {}
    names = [f"chr1:{place}" for place in ("0-4", "4-7", "7-10(-)")] if name == "reads.bed" else ["1", "2", "3"]
    assert records.names == names
    assert read_labelled(path, fasta=path.parent / "genome.fa", needs_labels=False).labels == [()] * 3


def test_rows_with_an_empty_sequence_or_label_are_left_out_and_counted(write):
    path = write("reads.csv", "sequence,label\nACGT,1\n,0\nAC,\nTTA,0\n,\n")
    records = read_labelled(path)
    assert (records.names, records.left_out) == (["1", "4"], {"the sequence is empty": 2, "the label is empty": 1})
    records = read_labelled(path, empty_labels=True)
    assert (records.names, records.left_out) == (["1", "3", "4"], {"the sequence is empty": 2})


def test_a_table_labels_a_fasta(write):
    labels = write("labels.csv", "name,label\nb,0\na,1\n")
    records = read_labelled(write("reads.fa", ">a\nAC\n>b\nGT\n>c\nTT\n"), labels=str(labels))
    assert (records.names, records.labels) == (["a", "b"], [("1",), ("0",)])
    assert records.left_out == {"no label in labels.csv": 1}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("reads.doc", "", r"reads.doc has the suffix \.doc: name it after its format, \.csv, .*\.bed; \.gz may follow"),
        ("reads", "", "reads has no suffix: name it after its format"),
        ("reads.csv", "sequence,label\n", "reads.csv has no usable row: it has no rows"),
        ("reads.fa", ">a\nAC\n", "reads.fa has no usable row: the label is empty in 1"),
        ("reads.csv", "sequence,label\nACGT,1\nA7,1\n", "reads.csv, row 2: the sequence has the character '7'"),
        ("reads.bed", "chr1\t0\t4\t1\n", "reads.bed has intervals but no bases"),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_line(write, name, content, message):
    with pytest.raises(HyenaDNAError, match=message) as caught:
        read_labelled(write(name, content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", [read_labelled, table_columns])
def test_the_suffix_of_another_compression_than_gzip_is_no_unknown_format(tmp_path, read):
    path = tmp_path / "reads.csv.xz"
    path.write_bytes(lzma.compress(b"sequence,label\nAC,0\n"))
    with pytest.raises(HyenaDNAError, match=r"reads.csv.xz is compressed with xz, which is not read: unpack it"):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    for name in ("reads.csv", "reads.parquet", "reads.bed"):
        with pytest.raises(HyenaDNAError, match=f"Cannot read .*{name}: No such file"):
            read_labelled(tmp_path / name)


# Rows and labels as data/README.md counts them.
@pytest.mark.parametrize(
    ("name", "lengths", "labels"),
    [
        ("GUE_tf_0_train.csv.gz", {101}, {"0": 16206, "1": 16172}),
        ("GUE_prom_prom_300_tata_test.csv.gz", {300}, {"0": 315, "1": 298}),
        ("GUE_splice_reconstructed_dev.csv.gz", {400}, {"0": 1001, "1": 987, "2": 2574}),
        ("GB_human_enhancers_cohn_official_test.tsv.gz", {500}, {"0": 3474, "1": 3474}),
        ("GB_human_nontata_promoters_official_test.tsv.gz", {251}, {"0": 4119, "1": 4915}),
    ],
)
def test_published_benchmarks_are_read_as_they_stand(shared_data, name, lengths, labels):
    records = read_labelled(shared_data / "data" / "benchmarks" / name)
    assert set(map(len, records.sequences)) == lengths
    assert {label: records.labels.count((label,)) for label in labels} == labels
    assert len(records.labels) == sum(labels.values())
    assert records.left_out == {}


def test_columns_of_a_wider_table_are_found(shared_data):
    records = read_labelled(shared_data / "data" / "benchmarks" / "GB_human_enhancers_cohn_chr20_22.tsv.gz")
    assert records.names[0] == "test_negative_43"
    assert set(records.labels) == {("negative",), ("positive",)}
    assert records.sequences[0].startswith(b"TCTCCTGCCCTTACCCAGCC")


READS = b"@1 x\nACGT\n+\nIIII\n@2\nggn\n+\nIII\n@3\nTTA\n+\nIII\n"
PIPES = {
    "FASTA": (b">1\nACGT\n>2\nggn\n>3\nTTA\n", ".fa"),
    "FASTQ": (READS, ".fastq"),
    "FASTQ after a byte order mark": (b"\xef\xbb\xbf" + READS, ".fastq"),
    "CSV": (b"sequence,x\nACGT,1\nggn,2\nTTA,3\n", ".csv"),
    "TSV": (b"x\tsequence\n1\tACGT\n2\tggn\n3\tTTA\n", ".tsv"),
}


@pytest.fixture
def pipe():
    """Return a function that writes into a pipe, and gives its path."""
    ends = []

    def make(content):
        reader, writer = os.pipe()
        os.write(writer, content)
        os.close(writer)
        ends.append(reader)
        return Path(f"/dev/fd/{reader}")

    yield make
    for end in ends:
        os.close(end)


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", PIPES)
def test_the_format_of_a_pipe_follows_from_its_first_bytes(pipe, kind, compress):
    content, suffix = PIPES[kind]
    with named_by_format(pipe(gzip.compress(content) if compress else content)) as file:
        assert file.suffix == suffix
        records = read_labelled(file, needs_labels=False)
    assert (records.names, records.sequences) == (["1", "2", "3"], [sequence.encode() for sequence, _ in ROWS])
    assert not file.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"^the pipe is empty: send FASTA, FASTQ, or a table with a header\.$"),
        (gzip.compress(b"\n\n", mtime=0), "^the pipe is empty"),
        (b"\x7fELF\0\0\1", r"^the pipe is no text, but begins '\\x7fELF\\x00\\x00\\x01': send FASTA"),
        (b"\x1f\x8bxxxxxxxxx", "^the pipe is truncated or damaged: "),
        (gzip.compress(READS, mtime=0)[:10], r"^the pipe is truncated or damaged: its gzip data are cut off\.$"),
        (gzip.compress(READS, mtime=0)[:-9], "^the pipe is truncated or damaged: "),
        (
            gzip.compress(gzip.compress(READS, mtime=0), mtime=0),
            "^the pipe is compressed with gzip twice: run gunzip on it once",
        ),
        (gzip.compress(b"BAM\1\0\0\0\0", mtime=0), "^the pipe is a BAM file, which is not read"),
        (lzma.compress(READS), "^the pipe is compressed with xz, which is not read: unpack it"),
        (b"a,b\n1,2\n", r"^the pipe has no column sequence, seq or dna; its first line names a, b\.$"),
        (b"@a\nAC\n+\nI", r"^the pipe, record 1 \(a\) is cut off"),
        (b">a\n1\n", "^the pipe, row a: the sequence has the character '1'"),
        (b"sequence\nA,B\n", "^the pipe, row 1 .line 2.: 2 fields, but the first line has 1"),
    ],
)
def test_a_pipe_that_cannot_be_used_is_one_line_without_the_name_of_its_copy(pipe, content, message):
    with pytest.raises(HyenaDNAError, match=message), named_by_format(pipe(content)) as file:
        read_labelled(file, needs_labels=False)


def test_a_file_stays_where_it_is(write):
    path = write("reads.csv", "")
    with named_by_format(path) as file:
        assert file is path


def test_the_names_of_the_rows_come_from_a_column(write):
    path = write("reads.csv", "sequence,who,id\nAC,a,1\nGT,,2\n")
    assert read_labelled(path, needs_labels=False).names == ["1", "2"]
    assert read_labelled(path, needs_labels=False, name_column="WHO").names == ["a", "2"]
    with pytest.raises(HyenaDNAError, match=r"reads\.csv has no column 'x'; its first line names sequence, who, id"):
        read_labelled(path, needs_labels=False, name_column="x")


@pytest.mark.parametrize("name", ["reads.fa", "reads.fq", "reads.bed"])
def test_columns_are_for_tables(write, name):
    with pytest.raises(HyenaDNAError, match="no columns to choose: leave out --sequence-column and --name-column"):
        read_labelled(write(name, ""), sequence_column="a", name_column="b")


def test_a_label_column_may_be_that_of_the_table_of_labels(write):
    labels = write("labels.csv", "name,score\na,7\n")
    assert read_labelled(write("reads.fa", ">a\nAC\n"), labels=labels, label_columns=["score"]).labels == [("7",)]
