import json
import math
import os
import runpy
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from hyenadna_core import HyenaDNAError, open_genome
from hyenadna_core.genome.contig_names import contig_names
from hyenadna_core.genome.scored_variants import WRITERS, check_output, write_scores
from hyenadna_core.genome.variants import Reason
from hyenadna_core.genome.vcf import check_references, count_variants
from hyenadna_core.genome.vcf_text import vcf_source

EXPERIMENT = Path(__file__).parents[2] / "docs" / "experiments" / "clinvar_vcf.py"
HEADER = [
    "##fileformat=VCFv4.2",
    '##FILTER=<ID=PASS,Description="All filters passed">',
    "##contig=<ID=chr1,length=1000>",
    "##contig=<ID=chr2,length=1000>",
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth, of reads">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
    '##INFO=<ID=DB,Number=0,Type=Flag,Description="In dbSNP">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">',
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2",
]
RECORDS = [
    "chr1\t5\trs1;rs2\tA\tC,<DEL>,G\t29.5\tPASS\tDP=3;END=9;DB\tGT:AD\t0/1:3,4,0,0\t.:.",
    "chr1\t5\t.\tACG\tA\t.\t.\t.\tGT\t1|2\t0",
    "chr1\t700\t.\tc\t.\t1e+06\tPASS\tDB\tGT\t0/0\t./.",
    "chr2\t3\t.\tT\tTAAAA\t0.0001\tPASS\tDP=7\tGT:AD\t./.:.\t1/1:0,9",
]
INFO = ["HDNA_LLR=0.5,.,-2.25e-07;HDNA_SKIP=.,symbolic,.", "HDNA_LLR=123.457", "", "HDNA_LLR=.;HDNA_SKIP=too_long"]
VALUES = np.array([0.5, 9, -2.25e-7, 123.456789, math.nan, -3])
SKIPPED = np.array([0, Reason.SYMBOLIC, 0, 0, Reason.MISSING, Reason.TOO_LONG], np.uint8)
SETTINGS = {"version": "0.1", "weights": 'a "b",c\\d=<e>', "window": 1024}


def with_info(records):
    """Return the records as they must come out: the scores after all else in INFO."""
    for record, added in zip(records, INFO, strict=True):
        columns = record.split("\t")
        columns[7] = ";".join(filter(None, [columns[7].replace(".", ""), added])) or "."
        yield "\t".join(columns)


@pytest.fixture
def write(tmp_path):
    """Return a function that writes scores of some records to a file, and returns its path."""

    def write(name, records=RECORDS, header=HEADER, values=VALUES, skipped=SKIPPED, source="in.vcf"):
        (tmp_path / source).write_text("".join(f"{line}\n" for line in [*header, *records]))
        with vcf_source(tmp_path / source) as opened:
            write_scores(opened, tmp_path / name, values, skipped, SETTINGS)
        return tmp_path / name

    return write


def bcftools(*arguments):
    """Return the lines that the bcftools of pysam prints."""
    module = pytest.importorskip("pysam.bcftools", reason="not installed: hyenadna[vcf]")
    command, *options = map(str, arguments)
    return getattr(module, command)(*options).splitlines()


@pytest.mark.parametrize("suffix", [".vcf", ".vcf.gz", ".bcf"])
def test_a_vcf_has_the_scores_and_all_else_of_its_source(write, suffix):
    out = write(f"out{suffix}")
    lines = bcftools("view", "--no-version", out)
    header, records = lines[: -len(RECORDS)], lines[-len(RECORDS) :]
    assert records == list(with_info(RECORDS))
    assert [line for line in header if "HDNA_" not in line and "hyenadna" not in line] == HEADER
    assert '##hyenadna=<ID=score,version="0.1",weights="a \\"b\\",c\\\\d=<e>",window="1024">' in header
    assert bcftools("query", "-f", "%POS %HDNA_LLR %HDNA_SKIP\n", out)[0] == "5 0.5,.,-2.25e-07 .,symbolic,."


@pytest.mark.parametrize(("suffix", "index"), [(".vcf.gz", ".tbi"), (".bcf", ".csi")])
def test_a_compressed_vcf_has_an_index_if_it_is_sorted(write, tmp_path, suffix, index, capsys):
    out = write(f"out{suffix}")
    place = tmp_path / f"out{suffix}{index}"
    assert [line.split("\t")[1] for line in bcftools("view", "-H", out, "chr1:600-800")] == ["700"]
    assert place.stat().st_mtime_ns >= out.stat().st_mtime_ns
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.vcf", out.name, place.name])
    assert capsys.readouterr().err == ""
    write(f"out{suffix}", [RECORDS[1], RECORDS[3], RECORDS[2], RECORDS[0]], skipped=SKIPPED * 0)
    assert "has no index, because the records of" in capsys.readouterr().err
    assert not place.exists()
    assert [line.split("\t")[1] for line in bcftools("view", "-H", out)] == ["5", "3", "700", "5"]


def test_records_of_every_position_have_an_index(write, tmp_path):
    records = [f"chr1\t{position}\t.\tA\tC\t.\t.\t." for position in (0, 1, 600_000_000)]
    write("out.vcf.gz", records, [*HEADER[:2], HEADER[-1][:-13]], np.ones(3), np.zeros(3, np.uint8))
    pysam = pytest.importorskip("pysam", reason="not installed: hyenadna[vcf]")
    assert (tmp_path / "out.vcf.gz.csi").exists()
    with pysam.TabixFile(str(tmp_path / "out.vcf.gz"), index=str(tmp_path / "out.vcf.gz.csi")) as file:
        assert [row.split("\t")[1] for row in file.fetch("chr1", 500_000_000, 700_000_000)] == ["600000000"]


def test_bcf_holds_contigs_and_keys_that_its_source_does_not_define(write):
    records = ["chrX\t5\t.\tA\tC\t.\tq10;q20\tFL;XX=1,b\tGT:ZZ\t0/1:7", "chrY\t5\t.\tA\tC\t.\tPASS\t.\tGT:ZZ\t./.:7"]
    out = write("out.bcf", records, ["##fileformat=VCFv4.2", HEADER[-1][:-3]], np.ones(2), np.zeros(2, np.uint8))
    assert [line.split("\t")[:7] for line in bcftools("view", "-H", out)] == [line.split("\t")[:7] for line in records]
    assert bcftools("view", "-H", out)[0].split("\t")[7:] == ["FL;XX=1,b;HDNA_LLR=1", "GT:ZZ", "0/1:7"]


OLD_SCORES = '##INFO=<Number=1,ID=HDNA_LLR,Type=String,Description="other, order">'


@pytest.mark.parametrize("header", [["##fileformat=VCFv4.2"], ["##fileformat=VCFv4.2", OLD_SCORES]])
def test_bcf_defines_its_own_keys_and_reserved_ones_by_their_type(write, header):
    records = ["chr1\t5\t.\tA\t<DEL>\t.\t.\tEND=900;DP=abc;HDNA_SKIP=x", "chr1\t7\t.\tA\tC\t.\t.\tHDNA_LLR=3"]
    out = write("out.bcf", records, [*header, HEADER[-1][:-13]], [0.0, -1.5], [Reason.SYMBOLIC, 0])
    assert [line.split("\t")[1] for line in bcftools("view", "-H", out, "chr1:800-850")] == ["5"]
    assert bcftools("query", "-f", "%POS %HDNA_LLR\n", "-i", "HDNA_LLR<0", out) == ["7 -1.5"]
    assert bcftools("query", "-f", "%DP\n", out) == ["abc", "."]
    text = write("out.vcf", records, [*header, HEADER[-1][:-13]], [0.0, -1.5], [Reason.SYMBOLIC, 0]).read_text()
    assert text.count("ID=HDNA_LLR") == 1


def test_text_keeps_what_htslib_would_change(write):
    record = "chr1\t5\t.\tA\tC\t0.50\t.\tDP=abc;AF=0.12345678901;NO=\tGT\t0|1\t0/1:9"
    assert record.replace("NO=", "NO=;HDNA_LLR=1") in write("out.vcf", [record], values=[1.0], skipped=[0]).read_text()


def test_tables_have_a_row_for_each_allele(write):
    rows = [line.split("\t") for line in write("out.tsv").read_text().splitlines()]
    assert rows == [
        ["chrom", "pos", "ref", "alt", "llr", "skip"],
        ["chr1", "5", "A", "C", "0.5", ""],
        ["chr1", "5", "A", "<DEL>", "", "symbolic"],
        ["chr1", "5", "A", "G", "-2.25e-07", ""],
        ["chr1", "5", "ACG", "A", "123.457", ""],
        ["chr1", "700", "c", ".", "", "missing"],
        ["chr2", "3", "T", "TAAAA", "", "too_long"],
    ]
    parquet = pytest.importorskip("pyarrow.parquet", reason="not installed: hyenadna[classify]")
    table = parquet.read_table(write("out.parquet"))
    assert json.loads(table.schema.metadata[b"hyenadna"])["window"] == "1024"
    scores = [0.5, None, -2.25e-7, 123.456789, None, None]
    cells = [
        (row[0], int(row[1]), row[2], row[3], score, row[5] or None)
        for row, score in zip(rows[1:], scores, strict=True)
    ]
    assert [tuple(row.values()) for row in table.to_pylist()] == cells


@pytest.mark.parametrize("suffix", WRITERS)
def test_the_same_file_twice_gives_the_same_bytes_and_no_records_are_a_file_too(write, tmp_path, suffix):
    outputs = []
    for records, values, skipped in ((RECORDS, VALUES, SKIPPED), ([], [], []), (RECORDS, VALUES, SKIPPED)):
        write(f"out{suffix}", records, values=values, skipped=skipped)
        outputs.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
    assert outputs[0] == outputs[2] != outputs[1]


def test_scores_from_before_are_replaced(write, tmp_path, capsys):
    first = write("first.vcf").read_text()
    with vcf_source(tmp_path / "first.vcf") as source:
        write_scores(source, tmp_path / "second.vcf", VALUES, SKIPPED, SETTINGS)
    assert (tmp_path / "second.vcf").read_text() == first
    assert "has scores of hyenadna already: they are replaced." in capsys.readouterr().err


def test_stdout_gets_a_vcf(write, tmp_path, capfdbinary):
    text = write("out.vcf").read_bytes()
    with vcf_source(tmp_path / "in.vcf") as source:
        write_scores(source, Path("-"), iter(VALUES), iter(SKIPPED), SETTINGS)
    assert capfdbinary.readouterr().out == text


def test_a_closed_stdout_is_one_line(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(HyenaDNAError, match="stdout is closed: name a file"):
        check_output(Path("-"))


@pytest.mark.parametrize("count", [5, 7])
def test_more_or_fewer_scores_than_alleles_write_nothing(write, tmp_path, count):
    with pytest.raises(HyenaDNAError, match=r"in\.vcf changed after it was scored"):
        write("out.vcf", values=np.ones(count), skipped=np.zeros(count, np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["in.vcf"]


def test_an_output_that_cannot_be_is_refused_before_any_work(write, tmp_path, monkeypatch):
    source = tmp_path / "in.vcf"
    write("out.vcf")
    (tmp_path / "soft.vcf").symlink_to(source)
    os.link(source, tmp_path / "hard.vcf")
    (tmp_path / "folder.vcf").mkdir()
    (tmp_path / "other.vcf.gz.tbi").mkdir()
    check_output(tmp_path / "new.vcf", source)
    check_output(Path("-"), source)
    for name, message in (
        ("in.vcf", "is the input .*in.vcf: name another file"),
        ("soft.vcf", "is the input"),
        ("hard.vcf", "is the input"),
        ("folder.vcf", "is a folder: name a file"),
        ("other.vcf.gz", "other.vcf.gz.tbi is a folder: name a file"),
        ("out.txt", r"no format has this suffix: end the name with \.vcf, \.vcf\.gz, \.bcf, \.tsv, \.parquet\."),
    ):
        with pytest.raises(HyenaDNAError, match=message):
            check_output(tmp_path / name, source)
    for library, name, extra in (("pysam", "o.vcf.gz", "vcf"), ("pysam", "o.bcf", "vcf"), ("pyarrow", "o.parquet", "")):
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(HyenaDNAError, match=rf"which needs {library}: run pip install 'hyenadna\[{extra}"):
            check_output(tmp_path / name, source)


@pytest.fixture
def write_with_limit(no_larger, tmp_path):
    return partial(write_where_files_are_small, no_larger, tmp_path)


def write_where_files_are_small(no_larger, folder, bytes_, records, *suffixes):
    """Write scores of in.vcf where no file can have more bytes; return the messages by suffix."""
    code = (
        "import sys; from pathlib import Path; from hyenadna_core.genome.scored_variants import write_scores\n"
        "from hyenadna_core.errors import HyenaDNAError; from hyenadna_core.genome.vcf_text import vcf_source\n"
        "count = int(sys.argv[1])\n"
        "for suffix in sys.argv[2:]:\n"
        " try:\n"
        "  with vcf_source(Path('in.vcf')) as source:\n"
        "   write_scores(source, Path('out' + suffix), [1.0] * count, [0] * count, {})\n"
        " except (HyenaDNAError, OSError) as error: print(suffix, error)"
    )
    header = [*HEADER[:2], HEADER[-1][:-13]]
    (folder / "in.vcf").write_text("".join(f"{line}\n" for line in [*header, *records]))
    command = no_larger(bytes_, [sys.executable, "-B", "-c", code, len(records), *suffixes])
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert answer.stderr == ""
    return dict(line.split(" ", 1) for line in answer.stdout.splitlines())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit files otherwise")
def test_a_full_disk_leaves_nothing(tmp_path, write_with_limit):
    records = [f"chr1\t{at}\trs{at * 7919 % 10007}\tA\tC\t.\t.\t." for at in range(1, 9000)]
    lines = write_with_limit(20_000, records, *WRITERS)
    assert {suffix for suffix, line in lines.items() if f"out{suffix}" in line} == set(WRITERS)
    assert [path.name for path in tmp_path.iterdir()] == ["in.vcf"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit files otherwise")
def test_a_disk_that_is_full_at_the_index_leaves_nothing(tmp_path, write_with_limit):
    pytest.importorskip("pysam", reason="not installed: hyenadna[vcf]")
    records = [f"c{number}\t{1 + number * 7919 % 100003}\t.\tA\tC\t.\t.\t." for number in range(500)]
    lines = write_with_limit(5_000, records, ".vcf.gz")  # which has 3,300 bytes, and its index 7,700
    assert "File too large" in lines[".vcf.gz"]
    assert [path.name for path in tmp_path.iterdir()] == ["in.vcf"]


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
def test_the_bcftools_of_the_system_reads_the_outputs(write):
    answers = []
    for suffix in (".vcf", ".vcf.gz", ".bcf"):
        command = ["bcftools", "view", "-H", write(f"out{suffix}")]
        answers.append(subprocess.run(command, capture_output=True, check=True, text=True))
    assert {(answer.stdout, answer.stderr) for answer in answers} == {("\n".join([*with_info(RECORDS), ""]), "")}


def test_clinvar_of_chr22_has_344_ref_alleles_of_the_genome_and_75_where_it_has_n(shared_data, tmp_path):
    table = shared_data / "data" / "annotation" / "clinvar_GRCh37_chr22_splice_snv.tsv.gz"
    script = runpy.run_path(str(EXPERIMENT))
    rows = script["rows_of"](table)
    (tmp_path / "clinvar.vcf").write_text(script["vcf"](rows))
    labels = script["labels"](rows).splitlines()
    assert (labels[0], len(labels)) == ("name\tlabel\tgene", 1 + len(rows) - 1)  # one variant is there twice
    genome = open_genome(shared_data / "data" / "genomes" / "human_GRCh37_chr22_partial.fa.gz")
    with vcf_source(tmp_path / "clinvar.vcf") as source:
        counts = count_variants(source, genome, contig_names(genome))
        assert (counts.records, counts.is_sorted) == (419, True)
        assert counts.reasons == {Reason.SCORED: 343, Reason.SAME_AS_REF: 1, Reason.N_IN_REFERENCE: 75}
        with pytest.raises(HyenaDNAError, match=r"75 of 419 REF alleles differ .* \(75 where the genome has N"):
            check_references(counts, source, genome)
