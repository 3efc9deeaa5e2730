import csv
import gzip
import shutil
from pathlib import Path

import pytest
from hyenadna_benchmarks.tasks import task_of

from hyenadna_core import HyenaDNAError, open_genome

PROMOTERS = "genomic-benchmarks", "human_nontata_promoters"


def real_rows(data):
    with (data / "genomic-benchmarks" / "human_nontata_promoters.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def text(row):
    return row.tobytes().decode()


INTERVALS = {  # of chr22_part.fa: the two promoters in human_nontata_promoters.tsv, and others
    "positive": "id,region,start,end,strand\nFP018596,chr22,98,349,-\nFP018597,chr22,276,527,+\n",
    "negative": "id,region,start,end,strand\n7,22,0,251,+\n8,22,349,600,-\n",
}


@pytest.fixture
def intervals(tmp_path):
    """Return a function that writes intervals by class as GenomicBenchmarks has them."""

    def write(**changed):
        folder = tmp_path / "human_nontata_promoters" / "train"
        folder.mkdir(parents=True, exist_ok=True)
        for label, lines in (INTERVALS | changed).items():
            (folder / f"{label}.csv.gz").write_bytes(gzip.compress(lines.encode()))
        return tmp_path

    return write


@pytest.fixture
def genome(data, tmp_path):
    return {"": shutil.copy(data / "genomic-benchmarks" / "chr22_part.fa", tmp_path / "part.fa")}


def test_intervals_give_the_bases_of_their_strands(read_split, data, intervals, genome):
    rows = read_split(*PROMOTERS, intervals(), "train", genome)
    real = {row["id"]: row["sequence"] for row in real_rows(data)}
    assert rows.names == ("negative/7", "negative/8", "positive/FP018596", "positive/FP018597")
    assert [text(rows[2]), text(rows[3])] == [real["FP018596"], real["FP018597"]]
    assert (rows.targets.tolist(), rows.lengths.tolist()) == ([0, 0, 1, 1], [251] * 4)


def test_intervals_may_be_as_a_spreadsheet_writes_them(read_split, intervals, genome):
    expected = read_split(*PROMOTERS, intervals(), "train", genome)
    changed = {label: "\ufeff" + lines.replace("id,", "ID,").replace(",", ", ") for label, lines in INTERVALS.items()}
    folder = intervals(**{label: lines.replace("\n", "\r\n") for label, lines in changed.items()})
    rows = read_split(*PROMOTERS, folder, "train", genome)
    assert (rows.names, [text(row) for row in rows]) == (expected.names, [text(row) for row in expected])


def test_each_class_may_have_its_own_genome(read_split, intervals, genome, tmp_path):
    other = tmp_path / "other.fa"
    other.write_text(">22\n" + "A" * 300 + "C" * 300 + "\n")
    rows = read_split(*PROMOTERS, intervals(), "train", {"positive": genome[""], "negative": other})
    assert (text(rows[0]), text(rows[1])) == ("A" * 251, "G" * 251)
    assert set(text(rows[2])) == set("ACGT")


@pytest.mark.parametrize(
    ("negative", "message"),
    [
        ("7,22,500,601,+", r"negative.csv.gz, row 1: the interval ends at 601, but 22 has 600 bases in .*part.fa"),
        ("7,chrX,0,10,+", r"negative.csv.gz, row 1: .*part.fa has no contig 'chrX'"),
        ("7,22,10,10,+", r"negative.csv.gz, row 1: '10' to '10' is no interval"),
        ("7,22,0,10,?", r"negative.csv.gz, row 1: the strand is '\?'"),
        ("7,22,0,10", r"negative.csv.gz, row 1 \(line 2\): 4 fields, but the first line has 5"),
    ],
)
def test_an_interval_that_is_none_of_its_genome_is_one_line(read_split, intervals, genome, negative, message):
    with pytest.raises(HyenaDNAError, match=message):
        read_split(*PROMOTERS, intervals(negative=f"id,region,start,end,strand\n{negative}\n"), "train", genome)


def test_intervals_need_their_columns_and_a_genome(read_split, intervals, genome):
    with pytest.raises(HyenaDNAError, match=r"negative.csv.gz has no column strand: its columns should be id, region"):
        read_split(*PROMOTERS, intervals(negative="id,region,start,end\n"), "train", genome)
    with pytest.raises(HyenaDNAError, match=r"intervals but no bases: give its genome with --fasta, or --class-fasta "):
        read_split(*PROMOTERS, intervals(), "train")


def test_truncated_intervals_are_one_line(read_split, intervals, genome):
    folder = intervals()
    path = folder / "human_nontata_promoters" / "train" / "negative.csv.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(HyenaDNAError, match=r"negative.csv.gz is truncated or damaged: "):
        read_split(*PROMOTERS, folder, "train", genome)


def versions(tmp_path, *contigs):
    """Write the two contigs of a cDNA FASTA: 20 bases each, A and C."""
    path = tmp_path / "cdna.fa"
    path.write_text("".join(f">{contig} cdna\n{base * 20}\n" for contig, base in zip(contigs, "ACG", strict=False)))
    return {"": path}


TRANSCRIPTS = {
    "negative": "id,region,start,end,strand\n1,ENST00000371014,0,4,+\n",
    "positive": "id,region,start,end,strand\n2,ENST00000000233,2,4,-\n",
}


def test_a_region_without_a_version_is_the_contig_with_one(read_split, intervals, tmp_path):
    cdna = versions(tmp_path, "ENST00000371014.8", "ENST00000000233.10")
    rows = read_split(*PROMOTERS, intervals(**TRANSCRIPTS), "train", cdna)
    assert [text(row) for row in rows] == ["AAAA", "GG"]


def test_the_contig_of_the_same_name_comes_before_one_with_a_version(read_split, intervals, tmp_path):
    cdna = versions(tmp_path, "ENST00000371014.8", "ENST00000371014", "ENST00000000233.10")
    rows = read_split(*PROMOTERS, intervals(**TRANSCRIPTS), "train", cdna)
    assert [text(row) for row in rows] == ["CCCC", "CC"]


def test_two_versions_of_a_contig_are_refused(read_split, intervals, tmp_path):
    cdna = versions(tmp_path, "ENST00000371014.8", "ENST00000371014.9", "ENST00000000233.10")
    with pytest.raises(
        HyenaDNAError,
        match=r"cdna.fa has 2 versions of ENST00000371014, ENST00000371014.8 and ENST00000371014.9: keep one\.$",
    ):
        read_split(*PROMOTERS, intervals(**TRANSCRIPTS), "train", cdna)


def test_a_region_with_a_version_is_not_another_version(read_split, intervals, tmp_path):
    folder = intervals(negative=TRANSCRIPTS["negative"].replace("371014", "371014.7"))
    cdna = versions(tmp_path, "ENST00000371014.8")
    with pytest.raises(HyenaDNAError, match=r"cdna.fa has no contig 'ENST00000371014.7'"):
        read_split(*PROMOTERS, folder, "train", cdna)


def test_bases_of_the_reverse_strand_keep_their_case_and_other_letters(read_split, intervals, tmp_path):
    path = tmp_path / "case.fa"
    path.write_text(">ENST00000371014\nacgtUNRA\n>ENST00000000233\nAC\nGT\n")
    lines = "id,region,start,end,strand\n1,ENST00000371014,0,8,-\n2,ENST00000371014,1,3,.\n"
    positive = TRANSCRIPTS["positive"].replace("2,4", "1,4")
    rows = read_split(*PROMOTERS, intervals(negative=lines, positive=positive), "train", {"": path})
    assert [text(row) for row in rows] == ["TRNAacgt", "cg", "ACG"]


def test_a_genome_is_opened_once_for_all_classes_and_splits(intervals, genome, monkeypatch):
    opened = []

    def count(path):
        opened.append(path)
        return open_genome(path)

    folder = intervals()
    shutil.copytree(folder / "human_nontata_promoters/train", folder / "human_nontata_promoters/test")
    monkeypatch.setattr("hyenadna_benchmarks.layouts.genome.open_genome", count)
    task = task_of(*PROMOTERS, folder, fasta=genome[""])
    assert not opened
    assert (len(task.published("train")), len(task.published("test"))) == (4, 4)
    assert opened == [Path(genome[""])]
