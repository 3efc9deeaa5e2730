import gzip
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.fastq import fastq_records
from hyenadna_core.labelled.files import read_labelled

TRICKY = (
    "@071113_EAS56_0053:1:1:998:236 1:N:0:ATCACG\nTTTCTTGCCC\nCCATAG\n+071113_EAS56_0053:1:1:998:236 1:N:0:ATCACG\n"
    "@IIIIIIIII\n+IIII@\n"
    "@SRR001.1\tlength=4\nacgu\n+\n@+!~\n"
    "@empty\n\n+\n\n"
    "@ no name\nNNRY\n+\n;;3;\n"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return a function that writes a FASTQ, and returns its path."""
    path = tmp_path_factory.mktemp("reads") / "reads.fq"

    def write(content):
        path.write_bytes(content.encode())
        return path

    return write


def records(path, table=None, needs_labels=False):
    return list(fastq_records(path, lambda done: None, table, (), needs_labels))


def biopython(content):
    from Bio.SeqIO.QualityIO import FastqGeneralIterator

    return [(title, bases.encode()) for title, bases, _ in FastqGeneralIterator(io.StringIO(content))]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_reads_are_those_of_biopython(file, end):
    expected = biopython(TRICKY)
    found = records(file(TRICKY.replace("\n", end)))
    assert [record.sequence for record in found] == [bases for _, bases in expected]
    assert [record.name for record in found] == ["071113_EAS56_0053:1:1:998:236", "SRR001.1", "empty", "4"]


LETTERS = st.characters(min_codepoint=33, max_codepoint=126)


@st.composite
def reads(draw):
    """Draw reads: (title, bases, qualities)."""
    title = draw(st.text(LETTERS | st.just(" "), max_size=12)).strip()
    bases = draw(st.text("ACGTNacgtnU", min_size=1, max_size=12))
    return title, bases, draw(st.text(LETTERS, min_size=len(bases), max_size=len(bases)))


@settings(max_examples=200, deadline=None)
@given(st.lists(reads(), min_size=1, max_size=6), st.booleans(), st.sampled_from([3, 60]))
@example([("a", "ACGT", "@@@@"), ("+", "AC", "++")], False, 3)
def test_what_is_written_is_read_whatever_the_qualities(file, drawn, repeats_title, width):
    def wrapped(text):
        return "".join(text[start : start + width] + "\n" for start in range(0, len(text), width))

    text = "".join(
        f"@{title}\n{wrapped(bases)}+{title if repeats_title else ''}\n{wrapped(qualities)}"
        for title, bases, qualities in drawn
    )
    found = records(file(text))
    assert [record.sequence.decode() for record in found] == [bases for _, bases, _ in drawn]
    assert [bases for _, bases in biopython(text)] == [record.sequence for record in found]
    names = [title.split(" ")[0] or str(number) for number, (title, _, _) in enumerate(drawn, 1)]
    assert [record.name for record in found] == names


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("@a\nACGT\n+\nIIII\n@b x\nACG", r"record 2 \(b x\) is cut off: it has no line with '\+'\.$"),
        ("@a\nACGT\n+\nII", r"record 1 \(a\) is cut off: it has 2 qualities for 4 bases\.$"),
        ("@a\nACGT\n", r"record 1 \(a\) is cut off"),
        ("@a\nACGT\n+\nIIIII\n", r"record 1 \(a\) has 5 qualities for 4 bases\.$"),
        ("@a\nACGT\n+b\nIIII\n", r"record 1 \(a\) has another name after '\+': 'b'\.$"),
        ("@a\nAC GT\n+\nIIIII\n", r"record 1 \(a\) has white space between its bases: remove it\.$"),
        ("@a\nACGT\n+\nIIII\nACGT\n", r"record 2 starts with 'A', not with '@'\.$"),
        (">a\nACGT\n", r"record 1 starts with '>', not with '@': this is no FASTQ\.$"),
        ("@a\nAC\0GT\n+\nIIIII\n", r"reads\.fq:2: the line has a NUL byte"),
        ("@a\x1b[31m\nA1GT\n+\nIIII\n", r"row a\\x1b\[31m: the sequence has the character '1'"),
        ("", r"reads\.fq has no usable row: it has no rows\.$"),
    ],
)
def test_a_malformed_record_is_one_line_that_names_it(file, content, message):
    with pytest.raises(HyenaDNAError, match=message) as caught:
        read_labelled(file(content), needs_labels=False)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_cut_off_in_its_compression_is_one_line(tmp_path):
    path = tmp_path / "reads.fastq.gz"
    path.write_bytes(gzip.compress(TRICKY.encode())[:-20])
    with pytest.raises(HyenaDNAError, match=r"reads\.fastq\.gz is truncated or damaged"):
        read_labelled(path, needs_labels=False)


def test_labels_come_from_a_table(file, tmp_path):
    (tmp_path / "labels.csv").write_text("name,label\nb,0\na,1\nz,1\n")
    path = file("@a 1:N\nAC\n+\nII\n@b\nGT\n+\nII\n@c\nTT\n+\nII\n")
    read = read_labelled(path, labels=tmp_path / "labels.csv")
    assert (read.names, read.sequences, read.labels) == (["a", "b"], [b"AC", b"GT"], [("1",), ("0",)])
    assert read.left_out == {"no label in labels.csv": 1, "a label without a sequence in reads.fq": 1}


def test_without_a_table_there_are_no_labels(file):
    with pytest.raises(HyenaDNAError, match=r"reads\.fq has no labels: give --labels, a table"):
        read_labelled(file("@a 1\nAC\n+\nII\n"))
