from pathlib import Path

import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.records import Record, gather, gather_parts

PATH = Path("reads.csv")


def test_records_come_in_order_with_white_space_taken_out_of_sequences():
    gathered = gather(PATH, [Record("a", b"AC gt\n", ("1",)), Record("b", b"N-*.\tu", ("0",))])
    assert gathered == (["a", "b"], [b"ACgt", b"N-*.u"], [("1",), ("0",)], {})


def test_what_is_left_out_is_counted_by_reason():
    records = [
        Record("1", b"ACGT", ("x", "y")),
        Record("2", b" ", ("x", "y")),
        Record("3", b"ACGT", ("x", "")),
        Record("4", b"", ("", "")),
        Record("5", b"ACGT", left_out="nobody wants it"),
    ]
    gathered = gather(PATH, records)
    assert gathered.names == ["1"]
    assert gathered.left_out == {"the sequence is empty": 2, "the label is empty": 1, "nobody wants it": 1}


def test_an_empty_label_is_kept_where_it_says_something():
    assert gather(PATH, [Record("1", b"A", ("",))], empty_labels=True).labels == [("",)]


@pytest.mark.parametrize("strange", [b"AC1GT", b"AC\0GT", b"AC;GT", "ACÉ".encode("latin-1")])
def test_what_is_no_sequence_is_refused(strange):
    with pytest.raises(HyenaDNAError, match=r"reads.csv, row 7: the sequence has the character b?'"):
        gather(PATH, [Record("6", b"ACGT"), Record("7", strange)])


@pytest.mark.parametrize(("kmers", "k"), [(b"ACG CGT GTA", 3), (b"aaaaaa aaaaaa aaaaac aaaact ", 6)])
def test_overlapping_kmers_are_no_sequence(kmers, k):
    with pytest.raises(HyenaDNAError, match=f"reads.csv, row 7: the sequence is written as overlapping {k}-mers"):
        gather(PATH, [Record("6", b"ACGT"), Record("7", kmers)])


@pytest.mark.parametrize("blocks", [b"ACG CGT", b"AAA AAA AAA", b"ACG CGT GTA TT", b"CAGCAGCAGC AGCAGCAGCA GCAGCAGCAG"])
def test_blocks_of_bases_are_a_sequence(blocks):
    assert gather(PATH, [Record("1", blocks)]).sequences == [blocks.replace(b" ", b"")]


def test_a_file_without_a_good_row_says_why():
    with pytest.raises(HyenaDNAError, match=r"reads.csv has no usable row: the label is empty in 2"):
        gather(PATH, [Record("1", b"A", ("",)), Record("2", b"A", ("",))])
    with pytest.raises(HyenaDNAError, match="no usable row: it has no rows"):
        gather(PATH, [])


@pytest.mark.parametrize("missing", ["NA", "N/A", "<NA>", "NaN", "nan", "None", "NULL", "null"])
def test_a_label_that_stands_for_a_missing_value_is_left_out_and_counted(missing):
    labels = [("x", "0"), ("x", missing), (missing, missing)]
    records = [Record(str(row), b"AC", texts) for row, texts in enumerate(labels, start=1)]
    for empty_labels in (False, True):
        gathered = gather(PATH, records, empty_labels)
        assert gathered.names == ["1"]
        ((reason, count),) = gathered.left_out.items()
        assert (count, reason.startswith(f"the label is {missing}, which stands for a missing value")) == (2, True)


def test_labels_of_bases_may_be_long_and_spell_anything():
    records = [Record("1", b"AC", ("NA",)), Record("2", b"A" * 300, ("x" * 300,))]
    assert gather(PATH, records, labels_of_bases=True).names == ["1", "2"]


@pytest.mark.parametrize("label", ["1" * 400, "x" * 10_000_000])
def test_a_label_that_is_too_long_gets_one_short_line(label):
    with pytest.raises(HyenaDNAError, match=r"^reads.csv, row 1: the label has [\d,]+ characters.* check the column"):
        gather(PATH, [Record("1", b"A", (label,))])


@pytest.mark.parametrize(("most", "sizes"), [({}, [4]), ({"most_rows": 3}, [3, 1]), ({"most_bases": 5}, [2, 2, 0])])
def test_parts_together_are_the_whole(most, sizes):
    records = [Record("a", b"ACG"), Record("x", b""), *(Record(name, b"ACG") for name in "bcd"), Record("y", b"")]
    parts = list(gather_parts(PATH, records, **most))
    whole = gather(PATH, records)
    assert [len(part.names) for part in parts] == sizes
    assert [name for part in parts for name in part.names] == whole.names == list("abcd")
    assert [sequence for part in parts for sequence in part.sequences] == whole.sequences
    assert sum(part.left_out.get("the sequence is empty", 0) for part in parts) == 2
