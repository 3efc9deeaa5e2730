import datetime
import decimal
import functools
import gzip
import io
import math
import sys

import numpy as np
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.records import gather
from hyenadna_core.labelled.tables import open_table, table_columns, table_records


def records(path, sequence_column=None, label_columns=(), needs_labels=True):
    return list(table_records(path, lambda done: None, sequence_column, label_columns, needs_labels))


@pytest.fixture
def write(tmp_path):
    def write(content, name="reads.csv"):
        path = tmp_path / name
        if isinstance(content, dict):
            parquet.write_table(pyarrow.table(content), path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize("sequence", ["sequence", "SEQ", "Dna"])
@pytest.mark.parametrize("label", ["label", "labels", "target", "Class", "y"])
def test_columns_have_their_usual_names_in_any_case(write, sequence, label):
    rows = records(write(f"x,{label},{sequence}\n7,1,ACGT\n"))
    assert rows == [("1", b"ACGT", ("1",), "")]


def test_of_several_usual_columns_the_first_kind_is_taken(write):
    assert records(write("y,class,seq,label,sequence\n1,2,AA,3,CC\n")) == [("1", b"CC", ("3",), "")]


@pytest.mark.parametrize("name", ["x.csv", "x.tsv.gz", "x.parquet"])
def test_the_columns_of_a_table_are_named(write, name):
    content = {"sequence": ["ACGT"], "Task": ["H3"]}
    if name.endswith(".gz"):
        content = gzip.compress(b"sequence\tTask\nACGT\tH3\n")
    elif name.endswith(".csv"):
        content = "sequence, Task\nACGT,H3\n"
    assert table_columns(str(write(content, name))) == ["sequence", "Task"]


def test_columns_are_taken_by_name(write):
    path = write("my seq,a,b,label\nAC,1,0.5,z\nGT,0,,z\n")
    assert records(path, "my seq", ("b", "a")) == [("1", b"AC", ("0.5", "1"), ""), ("2", b"GT", ("", "0"), "")]


def test_a_given_name_may_be_in_another_case_but_an_exact_one_wins(write):
    assert records(write("Peak,label\nAC,1\n"), "peak") == [("1", b"AC", ("1",), "")]
    assert records(write("Peak,peak,label\nAC,GG,1\n"), "peak") == [("1", b"GG", ("1",), "")]


@pytest.mark.parametrize("column", ["name", "ID"])
def test_rows_are_named_where_there_is_a_column_for_it(write, column):
    path = write(f"{column},seq,label\nfirst,AC,1\n,GT,0\n")
    assert [record.name for record in records(path)] == ["first", "2"]


def test_without_labels_no_column_is_needed(write):
    assert records(write("seq\nAC\n"), needs_labels=False) == [("1", b"AC", (), "")]


@pytest.mark.parametrize("name", ["reads.tsv", "reads.txt", "reads.tab"])
def test_tabs_divide_other_tables(write, name):
    assert records(write("seq\tlabel\nAC\ta,b\n", name)) == [("1", b"AC", ("a,b",), "")]


def test_quotes_white_space_blank_lines_and_other_line_ends_are_understood(write):
    path = write('\ufeffseq, label\r\n"AC","a, ""b"""\r\n\r\n GT , c \r\n')
    assert records(path) == [("1", b"AC", ('a, "b"',), ""), ("2", b"GT", ("c",), "")]


def test_a_sequence_may_be_longer_than_what_csv_allows_by_itself(write):
    (record,) = records(write(f"seq,label\n{'ACGT' * 100_000},1\n"))
    assert len(record.sequence) == 400_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "reads.csv is empty: its first line must"),
        ("\n\n", "reads.csv is empty"),
        ("a,label\nAC,1\n", "has no column sequence, seq or dna; its first line names a, label"),
        ("seq,b\nAC,1\n", "has no column label, labels, target, class or y; its first line names seq, b"),
        ("seq;label\nAC;1\n", r"names seq;label, so its columns are divided by a semicolon: use a comma\.$"),
        ("seq\tlabel\nAC\t1\n", r"so its columns are divided by a tab: use a comma\.$"),
        ("sequences\nAC\n", r"its first line names sequences\.$"),
        ("AC" * 50 + ",1\n", r"no column sequence.* names ACACAC\w{31}\.\.\., 1\."),
        ("seq,label,label\nAC,1,2\n", "has 2 columns 'label': rename all but one"),
        ("seq,label\nAC,1\nGT\n", r"row 2 \(line 3\): 1 fields, but the first line has 2"),
        ("seq,label\nAC,1,2\n", r"row 1 \(line 2\): 3 fields"),
        ('seq,label\nAC,"1\n', "reads.csv:2: unexpected end of data: check that each quote"),
        ('seq,label\nAC,"1"2\n', "reads.csv:2: .*: check that each quote"),
        (b"seq,label\nAC,\xff\n", "not UTF-8"),
        (b"seq,label\nAC,\0\n", "reads.csv:2: the line has a NUL byte"),
    ],
)
def test_a_table_that_cannot_be_read_gets_one_line(write, content, message):
    with pytest.raises(HyenaDNAError, match=message) as caught:
        records(write(content))
    assert "\n" not in str(caught.value)
    assert "reads.csv" in str(caught.value)


def test_a_column_that_was_asked_for_and_is_not_there_is_named(write):
    path = write("seq,label\nAC,1\n")
    with pytest.raises(HyenaDNAError, match="has no column 'dnase'; its first line names seq, label"):
        records(path, label_columns=("label", "dnase"))


PARQUET = {
    "seq": ["AC", "GT", None, "TT"],
    "label": [1, 0, 1, None],
    "value": [0.5, math.nan, 1e-3, 2.0],
    "name": pyarrow.array(["a", "b", "a", "b"]).dictionary_encode(),
    "there": [True, False, None, True],
    "many": [[1], [2], [], [3]],
}


def test_parquet_has_its_values_as_text(write):
    path = write(PARQUET, "reads.parquet")
    assert records(path) == [
        ("a", b"AC", ("1",), ""),
        ("b", b"GT", ("0",), ""),
        ("a", b"", ("1",), ""),
        ("b", b"TT", ("",), ""),
    ]
    rows = records(path, label_columns=("value", "there"))
    assert [record.labels for record in rows] == [("0.5", "1"), ("", "0"), ("0.001", ""), ("2.0", "1")]


def test_parquet_is_read_in_batches_and_tells_how_far_it_is(write):
    path = write({"dna": [b"ACGT"] * 20_000, "y": ["x"] * 20_000}, "reads.pq")
    told = []
    rows = list(open_table(path, told.append).rows([0]))
    assert rows == [("ACGT",)] * 20_000
    assert len(told) == 3
    assert abs(sum(told) - path.stat().st_size) <= 3


DAY = datetime.datetime(2026, 11, 28)
NO_LABELS = {
    "date": pyarrow.array([DAY.date()]),
    "time": pyarrow.array([DAY.time()]),
    "timestamp": pyarrow.array([DAY], pyarrow.timestamp("ns", "UTC")),
    "duration": pyarrow.array([1], pyarrow.duration("ns")),
    "list": pyarrow.array([[1]]),
    "nested": pyarrow.array([[[1], []]]),
    "struct": pyarrow.array([{"a": 1}]),
    "map": pyarrow.array([[("a", 1)]], pyarrow.map_(pyarrow.string(), pyarrow.int8())),
    "days": pyarrow.array([DAY.date()]).dictionary_encode(),
}


@pytest.mark.parametrize("kind", NO_LABELS)
def test_parquet_columns_that_are_neither_text_nor_numbers_are_refused(write, kind):
    path = write({"seq": ["AC"], "label": NO_LABELS[kind]}, "reads.parquet")
    with pytest.raises(HyenaDNAError, match=r"reads.parquet: the column label holds .*: make it text or numbers"):
        records(path)


def test_parquet_with_text_that_is_not_utf8_gets_one_line(write):
    damaged = pyarrow.array([b"ok", b"\xff\xfe"]).view(pyarrow.string())
    path = write({"seq": ["AC", "GT"], "label": damaged}, "reads.parquet")
    with pytest.raises(HyenaDNAError, match=r"reads.parquet is truncated or damaged after row 0: 'utf-8' .*: write it"):
        records(path)


NUMBERS = {
    "decimal": ([decimal.Decimal("1.50"), None], pyarrow.decimal128(5, 2), ["1.50", ""]),
    "wide": ([decimal.Decimal(2**200)], pyarrow.decimal256(70, 0), [str(2**200)]),
    "half": (np.array([0.5], np.float16), pyarrow.float16(), ["0.5"]),
    "large": (["a"], pyarrow.large_string(), ["a"]),
    "fixed": ([b"ab"], pyarrow.binary(2), ["ab"]),
    "view": (["β-cell", None], pyarrow.string_view(), ["β-cell", ""]),
    "bytes": (["β-cell".encode(), b"\xe9"], pyarrow.binary(), ["β-cell", "é"]),
    "view of bytes": (["β-cell".encode()], pyarrow.binary_view(), ["β-cell"]),
    "null": ([None], pyarrow.null(), [""]),
    "unsigned": ([2**64 - 1], pyarrow.uint64(), [str(2**64 - 1)]),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_parquet_columns_of_text_and_numbers_are_read(write, kind):
    values, column_type, texts = NUMBERS[kind]
    path = write({"seq": ["AC"] * len(values), "label": pyarrow.array(values, column_type)}, "reads.parquet")
    assert [record.labels[0] for record in records(path)] == texts


@pytest.mark.parametrize("name", ["a\u2028b", "no\xa0break", "tab\tin", "two\nlines", "\x1b[31m", 'a "quote"'])
def test_odd_names_come_as_they_are(write, name):
    csv_path = write('name,seq,label\n"{}",AC,1\n'.format(name.replace('"', '""')))
    assert records(csv_path)[0].name == name
    assert records(write({"name": [name], "seq": ["AC"], "label": [1]}, "reads.parquet"))[0].name == name


def test_a_field_of_ten_million_characters_is_read_and_many_columns_are_not_all_named(write):
    assert len(records(write("seq,label\n" + "A" * 10_000_000 + ",1\n"))[0].sequence) == 10_000_000
    with pytest.raises(HyenaDNAError, match=r"has no column seq.*names c0, c1, .* and 99,992 more\.$") as caught:
        records(write(",".join(f"c{number}" for number in range(100_000)) + "\n"))
    assert len(str(caught.value)) < 1000


TEXT = 'name,seq,label\na,ACGT,1\n"b",GGNN,0\nc,ACGTAC,1\n'


@functools.cache
def whole(kind):
    if kind.startswith("csv"):
        return gzip.compress(TEXT.encode(), mtime=0) if kind.endswith("gz") else TEXT.encode()
    columns = {"name": list("abc"), "seq": ["ACGT" * 9, "GGNN", "AC"], "label": [1, 0, 1]}
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file, use_dictionary=kind.startswith("dict"), compression="none")
    return file.getvalue()


def damaged(content, cut, changes):
    """Return content with some bytes replaced, and its end cut off."""
    changed = bytearray(content)
    for place, byte in changes:
        changed[place % len(changed)] = byte
    return bytes(changed[: len(changed) - cut % len(changed)])


changes = st.tuples(
    st.one_of(st.just(0), st.integers(0, 5000)),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=8),
)


@settings(max_examples=150, database=None, deadline=None)
@given(st.sampled_from(["csv", "csv.gz", "parquet", "dictionary.parquet"]), changes)
def test_a_damaged_table_is_read_or_gets_one_line(tmp_path_factory, kind, change):
    path = tmp_path_factory.getbasetemp() / f"damaged.{kind}"
    path.write_bytes(damaged(whole(kind), *change))
    message = str(path)
    try:
        gather(path, table_records(path, lambda done: None, None, (), True))
    except HyenaDNAError as error:
        message = str(error)
    assert str(path) in message
    assert "\n" not in message


@pytest.mark.parametrize("cut", [0, 3, 200, -10])
def test_parquet_that_is_cut_off_gets_one_line(write, cut):
    path = write(PARQUET, "reads.parquet")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(HyenaDNAError, match=r"reads.parquet cannot be read as Parquet") as caught:
        records(path)
    assert "\n" not in str(caught.value)


def test_parquet_with_damaged_pages_gets_one_line(write):
    path = write({"seq": ["ACGT" * 100] * 100, "label": list(range(100))}, "reads.parquet")
    content = bytearray(path.read_bytes())
    content[4:60] = bytes(56)
    path.write_bytes(content)
    with pytest.raises(HyenaDNAError, match=r"reads.parquet is truncated or damaged") as caught:
        records(path)
    assert "\n" not in str(caught.value)


def test_parquet_without_pyarrow_names_the_extra(write, monkeypatch):
    path = write(PARQUET, "reads.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(HyenaDNAError, match=r"needs pyarrow: run pip install 'hyenadna\[classify\]'"):
        records(path)
