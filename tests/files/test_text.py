import gzip
import lzma
from pathlib import Path

import pytest
from Bio import bgzf

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.text import size_of, suffix_of, text_lines

TEXT = "one\ntwo\r\nthree\rlast é"


def read(path, advance=lambda done: None):
    return list(text_lines(path, advance))


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_lines_are_read_with_their_ends(tmp_path, compress, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes(compress(TEXT.encode(encoding)))
    assert read(path) == ["one\n", "two\r\n", "three\r", "last é"]


def test_bgzip_is_read_too(tmp_path):
    path = tmp_path / "a.txt.bgz"
    with bgzf.open(str(path), "wb") as file:
        file.write(b"one\n" * 50_000)
    assert read(path) == ["one\n"] * 50_000


def test_all_bytes_of_the_file_are_told(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"".join(b"%d\n" % number for number in range(100_000))))
    told = []
    read(path, told.append)
    assert sum(told) == size_of(path)
    assert len(told) > 3
    assert min(told) > 0


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.csv", ".csv"), ("a.b.CSV.gz", ".csv"), ("A.Fa.BGZ", ".fa"), ("a.gz", ""), ("a", ""), ("x.bed.gz.gz", ".bed")],
)
def test_the_suffix_is_that_of_what_was_compressed(name, suffix):
    assert suffix_of(Path("folder.tsv") / name) == suffix


DAMAGED = gzip.compress(bytes(range(32, 127)) * 100, mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Cannot read .*a.txt: No such file"),
        (b"good\n\xff\xfe", "a.txt, after line [01]: byte 0xff is not UTF-8"),
        ("two".encode("utf-16"), "byte 0xff is not UTF-8"),
        (b"good\nb\0d\n", "a.txt:2: the line has a NUL byte"),
        (DAMAGED[:-20], "a.txt is truncated or damaged"),
        (DAMAGED[:-8] + b"12345678", "a.txt is truncated or damaged"),
        (DAMAGED[:30] + b"\xff" * 10 + DAMAGED[40:], "a.txt is truncated or damaged"),
        (DAMAGED[:2] + b"\0" + DAMAGED[3:], "a.txt is truncated or damaged"),
        (lzma.compress(b"two"), "a.txt is compressed with xz, which is not read: unpack it, or compress it with gzip"),
    ],
)
def test_what_cannot_be_read_gets_one_line(tmp_path, content, message):
    path = tmp_path / "a.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(HyenaDNAError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_has_no_size(tmp_path):
    with pytest.raises(HyenaDNAError, match=r"Cannot read .*a.txt: No such file"):
        size_of(tmp_path / "a.txt")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(HyenaDNAError, match="it is a folder, not a file: name a file in it"):
        read(tmp_path)
