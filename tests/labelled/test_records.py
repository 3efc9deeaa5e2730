from pathlib import Path

import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.records import Record, gather

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
    with pytest.raises(HyenaDNAError, match=r"reads.csv, row 7: the sequence has the character b'"):
        gather(PATH, [Record("6", b"ACGT"), Record("7", strange)])


def test_a_file_without_a_good_row_says_why():
    with pytest.raises(HyenaDNAError, match=r"reads.csv has no usable row: the label is empty in 2"):
        gather(PATH, [Record("1", b"A", ("",)), Record("2", b"A", ("",))])
    with pytest.raises(HyenaDNAError, match="no usable row: it has no rows"):
        gather(PATH, [])
