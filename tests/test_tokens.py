import json
import logging
from pathlib import Path

import numpy as np
import pytest
from Bio.Seq import MutableSeq, Seq
from Bio.SeqRecord import SeqRecord

from hyenadna_core import HyenaDNAError, decode, encode, join_ids, reverse_complement
from hyenadna_core.tokens import CLS, LABELS, NAMES, SEP, UNK, check_ids

GOLDEN = json.loads((Path(__file__).parent / "data" / "tokenizer.expected.json").read_text())
SPECIAL = {"standalone": "cls_sep", "training": "sep"}


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['variant']}-{case['text']}-{case['call']}")
def test_the_original_encoding_gives_the_originals_ids(case):
    call = case["call"]
    ids = encode(
        case["text"],
        encoding="original",
        special_tokens="none" if "add_special_tokens=False" in call else SPECIAL[case["variant"]],
        max_length=8 if "max_length=8" in call else None,
        padding_side="left" if "padding_side=left" in call else "right",
    )
    assert ids.tolist() == case["input_ids"]


def test_the_default_encoding_reads_case_uracil_and_ambiguity():
    assert encode("ACGTN").tolist() == [7, 8, 9, 10, 11]
    np.testing.assert_array_equal(encode("acgtuU"), encode("ACGTTT"))
    np.testing.assert_array_equal(encode("RYSWKMBDHVryswkmbdhv"), np.full(20, 11))


def test_unknown_characters_are_counted_in_one_warning(caplog):
    with caplog.at_level(logging.WARNING):
        assert encode("AC-GT.*é").tolist() == [7, 8, 6, 9, 10, 6, 6, 6]
    assert [record.getMessage() for record in caplog.records] == ["4 of 8 characters are not bases and became [UNK]."]


SAME = ["ACGT", b"ACGT", bytearray(b"ACGT"), np.frombuffer(b"ACGT", np.uint8)]
SAME += [Seq("ACGT"), MutableSeq("ACGT"), SeqRecord(Seq("ACGT")), np.str_("ACGT")]


@pytest.mark.parametrize("sequence", SAME, ids=lambda sequence: type(sequence).__name__)
def test_all_forms_of_a_sequence_give_the_same_ids(sequence):
    assert encode(sequence).tolist() == [7, 8, 9, 10]
    assert encode(sequence).dtype == np.int32


def test_a_list_of_sequences_is_padded_on_the_right():
    ids = encode(["AC", b"ACGT", Seq("A"), ""])
    assert ids.tolist() == [[7, 8, 4, 4], [7, 8, 9, 10], [7, 4, 4, 4], [4, 4, 4, 4]]
    assert ids.dtype == np.int32
    assert encode(("AC",), special_tokens="cls_sep", max_length=6).tolist() == [[0, 7, 8, 1, 4, 4]]
    assert encode(["ACGT", "A"], max_length=2).tolist() == [[7, 8], [7, 4]]
    assert encode(["ACG", "A"], padding_side="left").tolist() == [[7, 8, 9], [4, 4, 7]]
    assert encode(["A", ""], encoding="original", special_tokens="sep").tolist() == [[7, 1], [1, 4]]


def test_unknown_characters_of_a_list_are_counted_in_one_warning(caplog):
    with caplog.at_level(logging.WARNING):
        encode(["AC-", "G*", "T"])
    assert [record.getMessage() for record in caplog.records] == ["2 of 6 characters are not bases and became [UNK]."]


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        (None, "A NoneType is no sequence of bases: give text, bytes"),
        (7, "A int is no sequence of bases"),
        ([7, 8], "A int is no sequence of bases"),
        ([["A"]], "A list is no sequence of bases"),
        ({"A": 1}, "A dict is no sequence"),
        (np.array([7, 8]), r"A ndarray of int64, \(2,\) is no sequence"),
        (np.array(["A", "C"]), r"A ndarray of <U1, \(2,\) is no sequence"),
        (np.zeros((2, 2), np.uint8), r"A ndarray of uint8, \(2, 2\) is no sequence"),
        (Path("A"), "A PosixPath is no sequence"),
        (Seq(None, 4), "The bases of this Seq are not defined"),
        ([], "There are no sequences in the list"),
    ],
)
def test_something_else_is_no_sequence(sequence, message):
    with pytest.raises(HyenaDNAError, match=message):
        encode(sequence)


def test_padding_goes_to_the_side_asked_for():
    assert encode("AC", max_length=4).tolist() == [7, 8, 4, 4]
    assert encode("AC", max_length=4, padding_side="left").tolist() == [4, 4, 7, 8]
    assert encode("", max_length=2).tolist() == [4, 4]


def test_decoding_gives_bases_back_and_names_the_rest():
    assert decode(encode("GATTACAN")) == "GATTACAN"
    assert decode([0, 7, 6, 1, 4, 13]) == "[CLS]A[UNK][SEP][PAD][13]"
    for ids in (8, [[8, 9]]):
        with pytest.raises(HyenaDNAError, match=r"`decode` takes the ids of one sequence, \(L,\), not the shape"):
            decode(ids)


def test_the_other_strand_is_read_backwards():
    assert decode(reverse_complement(encode("AACGTN"))) == "NACGTT"


def test_reverse_complement_twice_is_the_same():
    ids = np.random.default_rng(0).integers(0, 12, (3, 50))
    np.testing.assert_array_equal(reverse_complement(reverse_complement(ids)), ids)


@pytest.mark.parametrize("argument", ["encoding", "special_tokens", "padding_side"])
def test_an_unknown_choice_names_the_known_ones(argument):
    with pytest.raises(HyenaDNAError, match=f"{argument} is 'x': choose one of"):
        encode("A", **{argument: "x"})


def test_sequences_and_special_tokens_are_joined_to_one_row():
    ids = join_ids([CLS, "ACg", SEP, b"T", np.int32(SEP), Seq("NU"), LABELS[1]])
    assert ids.tolist() == [0, 7, 8, 9, 1, 10, 1, 11, 10, 13]
    assert ids.dtype == np.int32
    assert decode(ids) == "[CLS]ACG[SEP]T[SEP]NT[13]"
    check_ids(ids, 16)


def test_a_joined_row_comes_apart_again():
    parts = ["GATTACA", "", "ACGTN"]
    row = join_ids([token for part in parts for token in (part, SEP)])
    ends = np.flatnonzero(row == SEP)
    assert [decode(part[part != SEP]) for part in np.split(row, ends)[:-1]] == parts


def test_the_encoding_of_a_joined_row_is_that_of_encode():
    assert join_ids(["aC", SEP], encoding="original").tolist() == [UNK, 8, SEP]


def test_labels_are_the_rows_of_the_embedding_without_a_token():
    assert [*range(len(NAMES)), *LABELS] == list(range(16))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([16], "16 is no token id: they are whole numbers from 0 to 15"),
        (["A", -1], "-1 is no token id"),
        ([True], "True is no token id"),
        ([7.0], "A float is no sequence of bases"),
        ([], "There are no parts to join"),
    ],
)
def test_something_else_is_not_joined(parts, message):
    with pytest.raises(HyenaDNAError, match=message):
        join_ids(parts)
