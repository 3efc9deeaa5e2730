import bz2
import gzip
import io
import lzma
import zipfile

import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.compression import check_compression, decompressed


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.fa"), content)  # without the time: it would be in the name of a test
    return file.getvalue()


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("content", [b"", b"B", b"BZh", b">chr1\nACGT\n"])
def test_plain_files_and_gzip_are_read_from_their_start(compress, content):
    file = io.BytesIO(compress(content))
    assert decompressed(file, "a.fa").read() == content


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            bz2.compress(b">chr1\nACGT\n"),
            "compressed with bzip2, which is not read: unpack it, or compress it with gzip",
        ),
        (lzma.compress(b">chr1\nACGT\n"), "compressed with xz"),
        (b"\x28\xb5\x2f\xfd\x04\x58\x21\0\0AC", "compressed with zstd"),
        (b"\x04\x22\x4d\x18\x64\x40\xa7", "compressed with lz4"),
        (b"\x1f\x9d\x90>\x84", "compressed with compress"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
        (zipped(">chr1\nACGT\n"), "a ZIP archive, as .xlsx files are, which is not read: unpack it, or save its table"),
        (b"CRAM\3\0", "a CRAM file"),
        (
            gzip.compress(b"BAM\1\0\0\0\0", mtime=0),
            "a BAM file, which is not read: turn it into FASTQ or FASTA with samtools",
        ),
        (
            gzip.compress(gzip.compress(b">chr1\nACGT\n", mtime=0), mtime=0),
            "compressed with gzip twice: run gunzip on it once",
        ),
        (gzip.compress(lzma.compress(b">chr1\nACGT\n"), mtime=0), "compressed with xz"),
        (bytes.fromhex("4327411a00000000"), "a .2bit genome, which is not read: turn it into FASTA with twoBitToFa"),
        (bytes.fromhex("1a41274300000000"), "a .2bit genome"),
    ],
)
def test_other_compressions_are_named(tmp_path, content, what):
    path = tmp_path / "a.fa"
    path.write_bytes(content)
    if not content.startswith(b"\x1f\x8b"):
        with pytest.raises(HyenaDNAError, match=f"a.fa is {what}"):
            check_compression(path)
    with path.open("rb") as file, pytest.raises(HyenaDNAError, match=f"^stdin is {what}"):
        decompressed(file, "stdin")


def test_a_file_that_is_not_there_passes(tmp_path):
    check_compression(tmp_path / "a.fa.xz")
