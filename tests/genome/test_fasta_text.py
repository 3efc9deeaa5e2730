"""The rules of a FASTA file, which are the same for a plain and for a compressed file."""

import gzip
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hyenadna_core import HyenaDNAError, open_genome

BASES = b"ABCDGHKMNRSTUVWXYabcdghkmnrstuvwxy*-."
READ = {  # a content, and its contigs
    "blanks at the ends of lines": (b">c1\nACGT  \nTTGA  \n", {"c1": "ACGTTTGA"}),
    "tabs at the ends of lines": (b">c1\nACGT\t\nTTGA\t\n", {"c1": "ACGTTTGA"}),
    "blanks in the last line": (b">c1\nACGT\nTTGA \n>c2\nAA\n", {"c1": "ACGTTTGA", "c2": "AA"}),
    "blanks within lines": (b">c1\nAC GT\nTT GA\nAC GT\n", {"c1": "ACGTTTGAACGT"}),
    "blanks before lines": (b">c1\n  ACGT\n  TTGA\n", {"c1": "ACGTTTGA"}),
    "an empty first line": (b"\n>c1\nACGT\n", {"c1": "ACGT"}),
    "an empty line after the header": (b">c1\n\nACGT\nTTGA\nA\n", {"c1": "ACGTTTGAA"}),
    "empty lines between lines": (b">c1\nACGT\n\nTTGA\n", {"c1": "ACGTTTGA"}),
    "a line in two": (b">c1\nACGT\nTT\nGA\nACGT\n", {"c1": "ACGTTTGAACGT"}),
    "line ends of old Macs": (b">c1 x\rACGT\rTTGA\r>c2\rAA\r", {"c1": "ACGTTTGA", "c2": "AA"}),
    "line ends of Windows": (b">c1 x\r\nACGT\r\nTTGA\r\n>c2\r\nAA", {"c1": "ACGTTTGA", "c2": "AA"}),
    "mixed line ends": (b">c1\nACGT\r\nTTGA\n>c2\r\nAA\n", {"c1": "ACGTTTGA", "c2": "AA"}),
    "no last line end": (b">c1\nACGT\nTT", {"c1": "ACGTTT"}),
    "a byte order mark": (b"\xef\xbb\xbf>c1\nACGT\nTT\n", {"c1": "ACGTTT"}),
    "a contig without bases": (b">c1\n>c2\nAC\n>c3", {"c1": "", "c2": "AC", "c3": ""}),
    "a blank before the name": (b"> c1 x\nACGT\n", {"c1": "ACGT"}),
    "a no-break space in a name": (">c\xa01 x\nACGT\n".encode(), {"c\xa01": "ACGT"}),
    "a line separator in a name": (">c\u20281 x\nACGT\n".encode(), {"c\u20281": "ACGT"}),
    "control characters in a description": (b">c1 x\x01\x1b\nACGT\n", {"c1": "ACGT"}),
    "a description that is not UTF-8": (b">c1 M\xfcller\nACGT\n", {"c1": "ACGT"}),
    "a header sign in a description": (b">c1 a>b\nACGT\n", {"c1": "ACGT"}),
}
REFUSED = {
    "empty": (b"", "is empty: expected a FASTA"),
    "blank": (b" \r\n\n", "is empty: expected a FASTA"),
    "no header": (b"ACGT\n", "it starts with b'A', not with '>'"),
    "text before the header": (b"\nhello\n>a\nAC\n", "it starts with b'h', not with '>'"),
    "a comment": (b"; a comment\n>a\nAC\n", "it starts with b';', not with '>'"),
    "no bases": (b">a\n", "has headers but no bases"),
    "only a header": (b">a", "has headers but no bases"),
    "digits": (b">a\nAC1GT\n", "the character b'1' among the bases of 'a'"),
    "a protein": (
        b">a\nMKVL\n",
        "the letter 'L' among the bases of 'a' is no base: check that it is DNA, not a protein",
    ),
    "a NUL": (b">a\nAC\0GT\n", r"the character b'\\x00' among the bases of 'a'"),
    "a control character": (b">a\nAC\x1bGT\n", r"the character b'\\x1b' among the bases of 'a'"),
    "a vertical tab": (b">a\nAC\x0bGT\n", r"the character b'\\x0b' among the bases of 'a'"),
    "a no-break space": (b">a\nAC\xc2\xa0GT\n", r"the character b'\\xc2' among the bases of 'a'"),
    "a header within a line": (b">a\nAC>b\nGT\n", "the character b'>' among the bases of 'a'"),
    "a second byte order mark": (b">a\nAC\n\xef\xbb\xbf>b\nAC\n", r"the character b'\\xef' among the bases of 'a'"),
    "two contigs of one name": (b">a\nAC\n>a x\nGT\n", "two contigs named 'a'"),
    "no name": (b">\nAC\n", "a contig without a name"),
    "a name that is not UTF-8": (b">a\xff\nAC\n", r"the name of the contig 'a\\xff' is not UTF-8"),
    "an escape in a name": (b">a\x1b[31m\nAC\n", r"the name of the contig 'a\\x1b\[31m' has a control character"),
    "a NUL in a name": (b">a\0b\nAC\n", r"the name of the contig 'a\\x00b' has a control character"),
    "a header without an end": (b">" + b"a" * (1 << 21), "a header has more than 1,048,576 bytes"),
}


def outcome(folder, name, content):
    """Return the contigs of a file and their bases, or the message of the error."""
    path = Path(folder) / name
    path.write_bytes(content)
    try:
        genome = open_genome(path)
    except HyenaDNAError as error:
        return str(error).replace(name, "FILE")
    return {
        contig: genome.read(contig, 0, length).tobytes().decode("latin-1") for contig, length in genome.contigs.items()
    }


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(("content", "contigs"), READ.values(), ids=READ)
def test_white_space_is_no_base_and_a_name_is_a_word(tmp_path, content, contigs, compress):
    assert outcome(tmp_path, "a.fa", compress(content)) == contigs


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_fasta_is_refused(tmp_path, content, message, compress):
    refused = outcome(tmp_path, "a.fa", compress(content))
    assert isinstance(refused, str)
    assert re.search(message, refused)
    assert "\n" not in refused


PIECES = (
    *(b">c1\n", b">c2 text\r\n", b">c3\r", b"ACGT", b"acgtN", b"ACGT\nTTGA\nAC\n", b"GGCC\r\nTTAA\r\n", b"\n", b"\r"),
    *(b" ", b"\t", b" \n", b">", b"-*.", b"1", b"\x00", b"\x0b", b"\x1b", b"\x85", b"\xff", b";", b"\xef\xbb\xbf"),
    *("\xa0".encode(), "\u2028".encode()),
)
CONTENTS = st.builds(
    lambda start, pieces: start + b"".join(pieces),
    st.sampled_from((b">c0\n", b">c0\nACGT\nACGT\n", b"\xef\xbb\xbf>c0 x\r\n", b"\n", b"")),
    st.lists(st.sampled_from(PIECES), max_size=12),
)


def definition(content):
    """Read a FASTA line by line; return None if it breaks a rule."""
    contigs, contig = {}, None
    for line in re.split(rb"[\r\n]", content.removeprefix(b"\xef\xbb\xbf")):
        if line.startswith(b">"):
            try:
                contig = (line[1:].split() or [b""])[0].decode()
            except UnicodeDecodeError:
                return None
            if not contig or contig in contigs or re.search(r"[\x00-\x1f\x7f-\x9f]", contig):
                return None
            contigs[contig] = ""
            continue
        bases = line.translate(None, b" \t")
        if bases.translate(None, BASES) or (bases and contig is None):
            return None
        if contig is not None:
            contigs[contig] += bases.decode()
    return contigs if any(contigs.values()) else None


@settings(max_examples=250, deadline=None)
@given(content=CONTENTS, block=st.sampled_from((1, 3, 64, 1 << 22)))
@example(content=b">c1\nACGT  \nTTGA  \n", block=1 << 22)
def test_plain_and_compressed_files_of_one_content_give_the_same(content, block):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYENADNA_CACHE", folder + "/cache")
        patch.setattr("hyenadna_core.genome.fasta_text.BLOCK", block)
        plain, compressed = outcome(folder, "a.fa", content), outcome(folder, "a.fa.gz", gzip.compress(content))
    assert plain == compressed
    assert definition(content) == (None if isinstance(plain, str) else plain)
