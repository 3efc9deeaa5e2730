from types import SimpleNamespace

import numpy as np
import pytest
from hyenadna_benchmarks.traitgym.rows import COLUMNS, Labels
from hyenadna_benchmarks.traitgym.scores import haplotypes
from hyenadna_benchmarks.traitgym.variants import block_names, check_references, counts_of, read_variants

from hyenadna_core import HyenaDNAError, Variant

BASES = b"acgtACGTNNGATTACAGGC"


class Memory:
    """A genome in memory."""

    path = "genome.fa"

    def __init__(self, **contigs):
        self.bases = contigs
        self.contigs = {name: len(bases) for name, bases in contigs.items()}

    def read(self, contig, start, end):
        return np.frombuffer(self.bases[contig][start:end], np.uint8)


GENOME = Memory(**{"1": BASES, "2": BASES, "10": BASES})


def read(path, positive=None, negative=None, window=8, **columns):
    named = {name: columns.get(name) for name in COLUMNS}
    return read_variants(path, GENOME, str, Labels(positive, negative), named, window)


def write(path, *lines):
    path.write_text("".join(line.replace(" ", "\t") + "\n" for line in lines))
    return path


def test_the_published_parquet_is_read(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "test.parquet"
    columns = {
        "chrom": ["1", "1", "10"],
        "pos": pa.array([1, 12, 20], pa.int64()),
        "ref": ["A", "A", "C"],
        "alt": ["G", "T", "T"],
        "OMIM": ["MIM 1", None, None],
        "consequence": ["PLS", "PLS", "dELS"],
        "label": [True, False, False],
        "tss_dist": pa.array([3, 0, 40], pa.int64()),
        "match_group": ["PLS_0", "PLS_0", "dELS_0"],
    }
    parquet.write_table(pa.table(columns), path)
    variants = read(path)
    assert [tuple(each)[:4] for each in variants.variants] == [
        ("1", 0, "A", "G"),
        ("1", 11, "A", "T"),
        ("10", 19, "C", "T"),
    ]
    assert variants.labels.tolist() == [True, False, False]
    assert variants.distances["tss_dist"].tolist() == [3.0, 0.0, 40.0]
    assert variants.reasons == [".", ".", "."]


def test_variants_without_score_keep_their_reason(tmp_path):
    lines = ["1 1 C G 1", "1 9 A G 0", "1 19 GGG A 0", "7 1 A C 1", "1 11 GATTA G 0", "1 5 A A 1", "1 5 A G 1"]
    variants = read(write(tmp_path / "v.tsv", "chrom pos ref alt label", *lines))
    assert variants.reasons == [
        "ref_mismatch",
        "n_in_reference",
        "past_contig_end",
        "other_contig",
        "too_long",
        "same_as_ref",
        ".",
    ]
    assert variants.scored.tolist() == [False] * 6 + [True]
    assert counts_of(variants).startswith("ref_mismatch 1, n_in_reference 1, past_contig_end 1")
    with pytest.raises(
        HyenaDNAError, match=r"4 of 7 REF alleles .*first 1:1 REF=C, 1:9 REF=A, 1:19 REF=GGG: .*--allow"
    ):
        check_references(variants, tmp_path / "v.tsv", GENOME)


def test_a_variant_on_a_contig_that_the_fasta_lacks_is_refused(tmp_path):
    path = write(tmp_path / "v.tsv", "chrom pos ref alt label", "1 1 A G 1", "1 5 A G 0", "chr2 1 A G 0", "M 7 A G 0")
    variants = read(path)
    with pytest.raises(
        HyenaDNAError,
        match=r"2 of 4 REF alleles are not in genome.fa \(other_contig 2\), first chr2:1 REF=A, M:7 REF=A: "
        r"give the FASTA of the file, --chr-prefix add or strip if its contigs have other names, or --allow-mismatch",
    ):
        check_references(variants, path, GENOME)
    with pytest.raises(HyenaDNAError, match=r"give the FASTA of the file, or --allow-mismatch"):
        check_references(read(write(path, "chrom pos ref alt label", "1 1 C G 1")), path, GENOME)


def test_a_distance_counts_if_each_variant_with_a_score_has_it(tmp_path):
    lines = ["1 1 A G 1 3 7", "1 1 C G 0 NA 8", "1 5 A G 0 -4 NA", "1 5 A C 0 5 inf"]
    variants = read(write(tmp_path / "v.tsv", "chrom pos ref alt label tss_dist exon_dist", *lines))
    assert variants.reasons == [".", "ref_mismatch", ".", "."]
    assert list(variants.distances) == ["tss_dist"]
    np.testing.assert_array_equal(variants.distances["tss_dist"], [3, np.nan, 4, 5])
    assert variants.incomplete == {"exon_dist": 2}


def test_labels_have_names(tmp_path):
    lines = ["chr1 1 A G benign", "chr1 5 A G other", "chr1 5 A C pathogenic"]
    path = write(tmp_path / "v.tsv", "Chr position REF ALT Class", *(line.removeprefix("chr") for line in lines))
    with pytest.raises(HyenaDNAError, match=r"labels of .* are benign, other, pathogenic: name the causal one"):
        read(path)
    with pytest.raises(HyenaDNAError, match="no label 'bad', but benign, other, pathogenic"):
        read(path, "bad")
    with pytest.raises(HyenaDNAError, match="--negative needs --positive"):
        read(path, None, "benign")
    assert read(path, "pathogenic").labels.tolist() == [False, False, True]
    variants = read(path, "pathogenic", "benign")
    assert variants.labels.tolist() == [False, True]
    assert variants.other_labels == {"other": 1}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["chrom pos ref alt", "1 1 A G"], "no column label"),
        (["chrom pos ref alt label"], "has no variants"),
        (["chrom pos ref alt label", "1 x A G 1"], "row 1: pos is 'x', expected a whole number from 1"),
        (["chrom pos ref alt label", "1 5 A G 1", "1 0 A G 1"], "row 2: pos is '0', expected a whole number from 1"),
        (["chrom pos ref alt label", f"1 {'9' * 5000} A G 1"], "row 1: pos is '99999999999999999999', expected"),
        (["chrom pos ref alt label", "chr1 1 A G 1"], "no contig in common: .* chr1, .*give --chr-prefix"),
    ],
)
def test_a_wrong_table_is_one_line(tmp_path, lines, message):
    with pytest.raises(HyenaDNAError, match=message):
        read(write(tmp_path / "v.tsv", *lines))


VCF = [
    "##fileformat=VCFv4.2",
    "##INFO=<ID={},Number=1,Type={},Description=x>",
    "#CHROM POS ID REF ALT QUAL FILTER INFO",
]


def test_a_vcf_has_its_label_in_info(tmp_path):
    head = [line.format("label", "Integer") for line in VCF]
    path = write(tmp_path / "v.vcf", *head, "1 1 . A G,T . . AF=1;label=1,0", "1 5 . A G . . label=0")
    variants = read(path)
    assert [each.alt for each in variants.variants] == ["G", "T", "G"]
    assert variants.labels.tolist() == [True, False, False]
    head = [line.format("causal", "Flag") for line in VCF]
    path = write(tmp_path / "flag.vcf", *head, "1 1 . A G,T . . causal", "1 5 . A G . . AF=1")
    assert read(path, label="causal").labels.tolist() == [True, True, False]
    head = [line.replace("ID=causal,", "").replace("Type=Flag", "Type=Flag,ID=causal") for line in head]
    path = write(tmp_path / "flag.VCF.bgz", *head, "1 1 . A G,T . . causal", "1 5 . A G . . AF=1")
    assert read(path, label="causal").labels.tolist() == [True, True, False]
    with pytest.raises(HyenaDNAError, match=r"v.vcf is a VCF, .*: leave out --chrom-column, --pos-column\.$"):
        read(tmp_path / "v.vcf", label="label", pos="POS37", chrom="#CHROM")
    with pytest.raises(HyenaDNAError, match=r"v.vcf:4: INFO has no other for each ALT"):
        read(tmp_path / "v.vcf", label="other")


def test_blocks_are_in_the_order_of_the_genome(tmp_path):
    lines = ["10 1 A G 1", "1 12 A G 0", "1 1 A G 0", "2 1 A G 0"]
    variants = read(write(tmp_path / "v.tsv", "chrom pos ref alt label", *lines))
    assert block_names(variants.blocks(None, GENOME), GENOME) == ["1", "2", "10"]
    names = ["1:1-11", "1:12-20", "2:1-11", "10:1-11"]
    assert block_names(variants.blocks(11, GENOME), GENOME) == names
    assert variants.blocks(11, GENOME).tolist() == ["10:1-11", "1:12-20", "1:1-11", "2:1-11"]


@pytest.mark.parametrize(
    ("variant", "ref", "alt"),
    [
        (Variant("1", 11, "A", "C"), b"TNNGATTA", b"TNNGCTTA"),  # half of the window before it, as published
        (Variant("1", 1, "C", "G"), b"aCgtA", b"aGgtA"),  # clipped at the start of the contig
        (Variant("1", 18, "G", "T"), b"ACAGGC"[:4] + b"GC", b"ACAGTC"),  # and at its end
        (Variant("1", 12, "TT", "T"), b"NNGATTAC", b"NNGATAC"),  # both alleles end at the same base
    ],
)
def test_the_windows_of_both_alleles_begin_and_end_together(variant, ref, alt):
    assert haplotypes(SimpleNamespace(read=GENOME.read, contigs=GENOME.contigs), variant, 8) == (ref, alt)
