import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.fasta import fasta_records
from hyenadna_core.labelled.records import gather


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a FASTA with some content, and a table of labels."""

    def read(content, table=None, label_columns=(), needs_labels=True):
        path = tmp_path / "reads.fa"
        path.write_bytes(content.encode())
        labels = None
        if table is not None:
            labels = tmp_path / "labels.tsv.gz"
            labels.write_bytes(gzip.compress(table.encode()))
        return list(fasta_records(path, lambda done: None, labels, label_columns, needs_labels))

    return read


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("s label=a", "a"),
        ("s label=a more words", "a"),
        ("s|label=a|x", "a"),
        ("s label=a;b x", "a;b"),
        ("s some words 1", "1"),
        ("s my_label=a z", "z"),
        ("s label= z", ""),
        ("s", ""),
    ],
)
def test_the_label_is_in_the_header(read, header, label):
    (record,) = read(f">{header}\nACGT\n")
    assert record.labels == (label,)
    assert record.name.startswith("s")


def test_sequences_go_over_lines_of_any_length_and_end(read):
    records = read(">a x 0\r\nAC\r\nGT\r\n\r\n>b 1\rNN\n>c 2")
    assert records == [("a", b"ACGT", ("0",), ""), ("b", b"NN", ("1",), ""), ("c", b"", ("2",), "")]


def test_labels_come_from_a_table(read):
    records = read(">a\nAC\n>b rest 9\nGT\n>c\nTT\n", "name\tlabel\nb\t1\na\t0\nd\t1\n")
    assert records == [
        ("a", b"AC", ("0",), ""),
        ("b", b"GT", ("1",), ""),
        ("c", b"TT", (), "no label in labels.tsv.gz"),
        ("d", b"", (), "a label without a sequence in reads.fa"),
    ]


def test_the_table_may_have_several_label_columns(read):
    (record,) = read(">a\nAC\n", "id\tx\ty\na\t1\t2\n", ("y", "x"))
    assert record.labels == ("2", "1")


def test_without_labels_neither_headers_nor_table_are_asked(read):
    assert read(">a 1\nAC\n", "nonsense\n", needs_labels=False) == [("a", b"AC", (), "")]


@pytest.mark.parametrize(
    ("content", "table", "message"),
    [
        ("ACGT\n", None, "reads.fa is not a FASTA: it starts with 'A'"),
        (">a\nAC\n", "name\tlabel\na\t1\na\t0\n", "labels.tsv.gz, row 2: 'a' has a second row"),
        (">a\nAC\n", "seq\tlabel\na\t1\n", "labels.tsv.gz has no column name or id; its first line names seq, label"),
        (">a\nAC\n", "name\tscore\na\t1\n", "labels.tsv.gz has no column label, .*; its first line names name, score"),
    ],
)
def test_what_cannot_be_read_gets_one_line(read, content, table, message):
    with pytest.raises(HyenaDNAError, match=message):
        read(content, table)


@pytest.mark.parametrize("name", ["a\u2028b", "no\xa0break", "\u3000", "a\x1cb", "a\x85b"])
def test_only_ascii_blanks_end_a_name(read, name):
    assert read(f">{name} 1\nAC\n>{name}\t0\nGT\n") == [(name, b"AC", ("1",), ""), (name, b"GT", ("0",), "")]


def test_a_sequence_without_a_name_has_its_number(read):
    assert [record.name for record in read(">\nAC\n> b label=1\nGT\n>\nTT\n")] == ["1", "b", "3"]


@pytest.mark.parametrize("strange", ["\u2028", "\xa0", "é", "7", "\x1b"])
def test_a_character_that_is_no_base_is_named_wherever_it_stands(tmp_path, strange):
    path = tmp_path / "reads.fa"
    path.write_text(f">a 1\nACGT{strange}\n", encoding="utf-8")
    with pytest.raises(HyenaDNAError) as caught:
        gather(path, fasta_records(path, lambda done: None, None, (), True))
    shown = repr(strange)
    assert f"row a: the sequence has the character {shown}: check the row" in str(caught.value)


PIECES = (
    ">",
    ">a",
    "\n",
    "\r\n",
    "\r",
    "\n>b 1\n",
    " ",
    "\t",
    "AC",
    "N",
    "7",
    ";",
    "\ufeff",
    "\u2028",
    "\xa0",
    "\0",
    "\x1b",
)


@settings(max_examples=150, database=None, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map(lambda pieces: "".join(pieces).encode()))
def test_plain_and_gzip_give_the_same_records_or_the_same_line(tmp_path_factory, content):
    plain, compressed = (tmp_path_factory.getbasetemp() / name for name in ("same.fa", "same.fa.gz"))
    plain.write_bytes(content)
    compressed.write_bytes(gzip.compress(content))
    answers = []
    for path in (plain, compressed):
        try:
            answers.append(gather(path, fasta_records(path, lambda done: None, None, (), True)))
        except HyenaDNAError as error:
            answers.append(str(error).replace(str(path), "FILE"))
    assert answers[0] == answers[1]
