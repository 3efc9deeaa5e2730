import gzip
import lzma
import os
import subprocess
import sys
from itertools import product

import pytest

from hyenadna_core import HyenaDNAError, open_genome
from hyenadna_core.genome.contig_names import contig_names
from hyenadna_core.genome.variants import Reason, Variant
from hyenadna_core.genome.vcf import check_references, count_variants, read_variants
from hyenadna_core.genome.vcf_text import BGZIP_END, vcf_source

HEADER = """##fileformat=VCFv4.2
##contig=<ID=chr1>
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
"""
BASES = "ACGT" * 10 + "NN"


def vcf(*records, header=HEADER):
    """Return the text of a VCF from records such as "chr1 5 A C" or "chr1 5 A C DP=1"."""
    text = header
    for record in records:
        chrom, position, ref, alt, *info = record.split(" ")
        text += f"{chrom}\t{position}\t.\t{ref}\t{alt}\t.\t.\t{info[0] if info else '.'}\n"
    return text


@pytest.fixture
def genome(write_fasta):
    return open_genome(write_fasta({"chr1": BASES, "chr2": "ACGT"}))


@pytest.fixture
def read(genome, tmp_path):
    """Return a function that reads a VCF of some content: its counts and its records."""

    def read(content, chr_prefix=None, check=True):
        path = tmp_path / "calls.vcf"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        names = contig_names(genome, chr_prefix=chr_prefix)
        with vcf_source(path) as source:
            counts = count_variants(source, genome, names)
            if check:
                check_references(counts, source, genome)
            return counts, list(read_variants(source, genome, names))

    return read


def bgzip(content):
    """Return the content as bgzip, in blocks of 40 bytes."""
    blocks = b""
    for start in range(0, len(content), 40):
        block = gzip.compress(content[start : start + 40], mtime=0)
        extra = b"\x06\x00BC\x02\x00" + (len(block) + 7).to_bytes(2, "little")
        blocks += block[:3] + b"\x04" + block[4:8] + b"\0\xff" + extra + block[10:]
    return blocks + BGZIP_END


RECORDS = ("chr1 1 A C,T DP=3", "chr1 5 ACGT A", "chr1 5 a <DEL>,*,g", "chr2 4 T TAC", "chr3 1 A C")
TEXT = vcf(*RECORDS).encode()
FORMS = {
    "plain": TEXT,
    "CR LF": TEXT.replace(b"\n", b"\r\n"),
    "gzip": gzip.compress(TEXT, mtime=0),
    "bgzip": bgzip(TEXT),
    "empty lines": TEXT.replace(b"\nchr2", b"\n\nchr2") + b"\n",
    "no last line end": TEXT.rstrip(b"\n"),
    "byte order mark": b"\xef\xbb\xbf" + TEXT,
    "contigs and keys that the header lacks": TEXT.replace(b"##contig=<ID=chr1>\n", b"").replace(b"DP=3", b"XX=a,b;YY"),
    "a value of another type": TEXT.replace(b"DP=3", b"DP=abc"),
    "samples": TEXT.replace(b"INFO\n", b"INFO\tFORMAT\tS1\n")
    .replace(b".\n", b".\tGT\t0/1\n")
    .replace(b"=3\n", b"=3\t.\t.\n"),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_a_file_has_the_same_records(read, form):
    counts, records = read(FORMS[form])
    assert [record[:6] for record in records] == [
        (0, "chr1", 0, "A", ("C", "T"), (Reason.SCORED, Reason.SCORED)),
        (1, "chr1", 4, "ACGT", ("A",), (Reason.SCORED,)),
        (2, "chr1", 4, "A", ("<DEL>", "*", "G"), (Reason.SYMBOLIC, Reason.STAR, Reason.SCORED)),
        (3, "chr2", 3, "T", ("TAC",), (Reason.SCORED,)),
        (4, "chr3", 0, "A", ("C",), (Reason.OTHER_CONTIG,)),
    ]
    assert (counts.records, counts.alleles, counts.is_sorted) == (5, 8, True)
    assert counts.reasons == {Reason.SCORED: 5, Reason.SYMBOLIC: 1, Reason.STAR: 1, Reason.OTHER_CONTIG: 1}
    assert list(records[2].variants()) == [Variant("chr1", 4, "A", "G", 2, 2)]


def test_bcf_has_the_records_of_its_vcf(read, tmp_path):
    pysam = pytest.importorskip("pysam", reason="not installed: hyenadna[vcf]")
    text = TEXT.replace(b"##contig=<ID=chr1>\n", b"##contig=<ID=chr1>\n##contig=<ID=chr2>\n##contig=<ID=chr3>\n")
    (tmp_path / "in.vcf").write_bytes(text)
    with pysam.VariantFile(str(tmp_path / "in.vcf")) as source:
        header = source.header
        header.add_line('##INFO=<ID=END,Number=1,Type=Integer,Description="pysam adds it to symbolic alleles">')
        with pysam.VariantFile(str(tmp_path / "out.bcf"), "wb", header=header) as out:
            for record in source:
                out.write(record)
    content = (tmp_path / "out.bcf").read_bytes()
    assert read(content)[1] == read(TEXT)[1]
    for damaged in (content[:-28], content[:-40], content[:60]):
        with pytest.raises(HyenaDNAError, match=r"calls\.vcf is (truncated|not a VCF)"):
            read(damaged)


LETTERS = [alt for size in range(1, 8) for alt in map("".join, product("ACGT", repeat=size)) if alt != "A"][:10_000]


@pytest.mark.parametrize(
    ("records", "reasons", "is_sorted"),
    [
        ((), {}, True),
        (("chr1 1 A C",) * 2, {Reason.SCORED: 2}, True),
        (("chr1 5 A C", "chr1 1 A C"), {Reason.SCORED: 2}, False),
        (("chr1 5 A C", "chr2 1 A C", "chr1 9 A C"), {Reason.SCORED: 3}, False),
        (("chr1 1 a n", "chr1 2 c t", "chr1 3 R A"), {Reason.NOT_ACGT: 2, Reason.SCORED: 1}, True),
        (("chr1 41 N A",), {Reason.NOT_ACGT: 1}, True),
        (("chr1 1 A " + "ACGT" * 25_000,), {Reason.SCORED: 1}, True),
        (("chr1 1 A " + ",".join(LETTERS),), {Reason.SCORED: 10_000}, True),
        (("chr1 0 N <DEL>", "chr1 43 n .[chr2:5["), {Reason.SYMBOLIC: 1, Reason.BREAKEND: 1}, True),
        (("chr1 1 A .", "chr1 5 A A[chr2:1[,A"), {Reason.MISSING: 1, Reason.BREAKEND: 1, Reason.SAME_AS_REF: 1}, True),
    ],
    ids=[
        "none",
        "twice",
        "unsorted",
        "contig-twice",
        "IUPAC",
        "N",
        "long-insertion",
        "many-alleles",
        "telomeres",
        "no-allele",
    ],
)
def test_records_of_all_kinds_are_read(read, records, reasons, is_sorted):
    counts, read_records = read(vcf(*records))
    assert counts.reasons == reasons
    assert (counts.records, len(read_records), counts.is_sorted) == (len(records), len(records), is_sorted)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "calls.vcf is not a VCF: it is empty."),
        (b"hello world\n", "is not a VCF, or has no header: it starts with 'hello world', not with"),
        (vcf("chr1 1 A C", header=""), "is not a VCF, or has no header: it starts with 'chr1"),
        ("##fileformat=VCFv4.2\n", "is not a VCF: its header ends before the line #CHROM."),
        (vcf("chr1 1 A C", header="##fileformat=VCFv4.2\n"), "calls.vcf:2: expected the line of the columns"),
        (HEADER.replace("\tPOS", " POS"), "calls.vcf:4: expected the line of the columns"),
        (HEADER + "chr1\t5\t.\tA\n", "calls.vcf:5: the record has 4 columns, but the header has 8"),
        (HEADER + "chr1 5 . A C . . .\n", "calls.vcf:5: the record has 1 columns, but the header has 8"),
        (vcf("chr1 -5 A C"), "calls.vcf:5: POS is '-5', expected a whole number."),
        (vcf("chr1 5e6 A C"), "calls.vcf:5: POS is '5e6', expected a whole number."),
        (vcf("chr1 1 A C,"), "calls.vcf:5: ALT has an empty allele: write '.' for none."),
        (HEADER + "chr1\t5\t.\t\tA\t.\t.\t.\n", "calls.vcf:5: REF has an empty allele"),
        (vcf("chr1 1 A C\0"), "calls.vcf:5: the line has a NUL byte"),
        (b"\x89PNG\r\n\x1a\n", "is not UTF-8"),
        (bgzip(TEXT)[:-28], "calls.vcf is truncated (it lacks the last block of bgzip): copy it again."),
        (bgzip(TEXT)[:-40], "calls.vcf is truncated (it lacks the last block of bgzip)"),
        (gzip.compress(TEXT, mtime=0)[:-20], "calls.vcf is truncated or damaged"),
        (gzip.compress(b"", mtime=0), "calls.vcf is not a VCF: it is empty."),
        (
            lzma.compress(TEXT),
            "calls.vcf is compressed with xz, which is not read: unpack it, or compress it with gzip.",
        ),
    ],
)
def test_a_file_that_is_no_whole_vcf_is_one_line(read, content, message):
    with pytest.raises(HyenaDNAError) as error:
        read(content)
    assert message in str(error.value)


def test_names_without_overlap_are_shown_in_both_spellings(read):
    text = vcf("1 1 A C", "X 1 A C")
    with pytest.raises(HyenaDNAError) as error:
        read(text)
    assert "the VCF has 1, X, the FASTA chr1, chr2: give --chr-prefix add" in str(error.value)
    assert "--aliases FILE" in str(error.value)
    assert read(text, chr_prefix="add")[0].reasons == {Reason.SCORED: 1, Reason.OTHER_CONTIG: 1}


@pytest.mark.parametrize(
    ("record", "reason", "message"),
    [
        (
            "chr1 2 A C",
            Reason.REF_MISMATCH,
            "1 of 20 REF alleles differ from .*, first chr1:2 REF=A genome=C: give the",
        ),
        ("chr1 41 A C", Reason.N_IN_REFERENCE, r"\(1 where the genome has N .*\), first chr1:41 REF=A genome=N: give"),
        ("chr1 42 NAA N", Reason.PAST_CONTIG_END, "chr1:42 REF=NAA outside of 1-42: give the"),
        ("chr1 0 N A", Reason.PAST_CONTIG_END, "chr1:0 REF=N outside of 1-42: give the"),
        ("chr1 43 A <DEL>", Reason.PAST_CONTIG_END, "chr1:43 REF=A outside of 1-42: give the"),
        ("chr1 99 A C", Reason.PAST_CONTIG_END, "chr1:99 REF=A outside of 1-42: give the"),
        ("chr1 0 A C", Reason.PAST_CONTIG_END, "chr1:0 REF=A outside of 1-42: give"),
    ],
)
def test_a_ref_that_is_not_in_the_genome_is_counted_and_named(read, record, reason, message):
    text = vcf(*["chr1 1 A C"] * 19, record)
    with pytest.raises(HyenaDNAError, match=message) as error:
        read(text)
    assert "another build" not in str(error.value)
    assert "--allow-mismatch" in str(error.value)
    assert read(text, check=False)[0].reasons == {Reason.SCORED: 19, reason: 1}


def test_many_other_bases_may_be_another_build(read):
    with pytest.raises(HyenaDNAError, match=r"3 of 9 .* the VCF may be of another build of the genome: give the FASTA"):
        read(vcf(*["chr1 1 A C"] * 6, *["chr1 2 A C,<DEL>"] * 3))


def test_stdin_and_pipes_are_read_more_than_once(genome, tmp_path):
    code = (
        "import sys; from hyenadna_core.genome.vcf_text import vcf_source, vcf_text\n"
        "with vcf_source(sys.argv[1]) as source:\n"
        "    for _ in range(2): print(sum(1 for _ in vcf_text(source).records), source.name)"
    )
    environment = os.environ | {"HYENADNA_CACHE": str(tmp_path / "cache")}
    for name, shown in (("-", "stdin"), ("/dev/stdin", "stdin")):
        command = [sys.executable, "-c", code, name]
        answer = subprocess.run(command, input=bgzip(TEXT), capture_output=True, check=True, env=environment)
        assert answer.stdout.decode() == f"5 {shown}\n" * 2
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_closed_stdin_is_one_line(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(HyenaDNAError, match="stdin is closed: name a VCF"), vcf_source("-"):
        pass


def test_bcf_without_pysam_names_the_extra(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "pysam", None)
    with pytest.raises(HyenaDNAError, match=r"calls\.vcf is BCF, which needs pysam: run pip install 'hyenadna\[vcf\]'"):
        read(bgzip(b"BCF\2\2"))
    assert read(bgzip(TEXT))[0].records == 5
