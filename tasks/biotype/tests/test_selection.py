import re
from importlib import import_module

import numpy as np
import pytest
from hyenadna_biotype.genes import read_annotation
from hyenadna_biotype.genome import GenomeFiles
from hyenadna_biotype.options import wanted_of
from hyenadna_biotype.selection import MISSING, Wanted, select

from hyenadna_core import HyenaDNAError

TWO = [("chr1", 1, 50, "+", "a"), ("chr1", 60, 90, "-", "b")]
FEW = Wanted(fewest=1)


def by_hand(genome, contig, first, last, strand):
    """Return the bases first to last, which count from 1, one by one."""
    pairs = {"A": "T", "C": "G", "G": "C", "T": "A"}
    bases = [chr(genome._genome_of[contig].read(contig, at - 1, at)[0]) for at in range(first, last + 1)]
    return "".join(pairs[base] for base in bases[::-1]) if strand == "-" else "".join(bases)


def test_genes_are_read_on_their_strands_and_cut_to_their_first_bases(annotation, genome):
    genes = [*TWO, ("chr2", 101, 400, "+", "a"), ("chr2", 101, 400, "-", "b")]
    selection = select(annotation(genes), genome, Wanted(fewest=1, longest=100))
    texts = [genome.sequence(gene).decode() for gene in selection.genes]
    places = [(1, 50, "+"), (60, 90, "-")]
    assert texts[:2] == [by_hand(genome, "chr1", *place) for place in places]
    assert texts[2:] == [by_hand(genome, "chr2", 101, 200, "+"), by_hand(genome, "chr2", 301, 400, "-")]
    assert list(selection.lengths.values()) == [50, 31, 300, 300]
    assert "2 genes are longer than 100 bases: only the first 100 bases of these are read." in selection.lines


def test_each_gene_that_is_left_out_is_counted_with_its_reason(annotation, genome):
    genes = [
        *TWO,
        ("chr1", 10, 20, "+", ""),
        ("chr9", 10, 20, "+", "a"),
        ("chr1", 990, 1001, "+", "a"),
        ("chr1", 10, 20, ".", "a"),
        ("chr1", 395, 405, "+", "a"),
        ("chr1", 10, 20, "+", "rare"),
        ("chr1", 30, 40, "+", "a"),
        ("chr1", 30, 40, "-", "b"),
        ("chr1", 30, 40, "+", "b"),
        ("chr1", 31, 40, "+", "NA"),
    ]
    lines = select(annotation(genes), genome, Wanted(fewest=2)).lines
    assert lines[0] == "4 genes of 2 biotypes in genes.gtf:"
    assert lines[3] == (
        "Left out 8 of 12 genes: 1 without a biotype (first g2), "
        "1 on a contig that the FASTA lacks, such as chr9 (first g3), "
        "1 past the end of the contig, perhaps over the origin of a circular contig, or of another build (first g4), "
        "1 without a strand (first g5), "
        "1 with N among the bases to read (first g6), "
        "1 with a biotype that stands for a missing value (first g11), 1 of another biotype (first g7), "
        "1 with the same bases as another gene (first g10)."
    )


def test_contigs_that_the_fasta_lacks_are_named(annotation, genome):
    genes = [*TWO, *((f"scaffold{number}", 1, 50, "+", "a") for number in (1, 2, 1)), ("scaffold3", 1, 50, "+", "")]
    line = select(annotation(genes), genome, FEW).lines[-1]
    assert "3 on a contig that the FASTA lacks, such as scaffold1, scaffold2 (first g2)" in line


def test_a_gene_in_several_parts_is_left_out(gtf, genome):
    path = gtf([*TWO, ("chr1", 100, 150, "+", "a"), ("chr1", 170, 220, "+", "a")])
    path.write_text(re.sub(r'"g[23]"; (.*)', r'"rps12"; \1 part "1"', path.read_text()))
    selection = select(read_annotation(path), genome, FEW)
    assert [gene.name for gene in selection.genes] == ["g0", "g1"]
    assert selection.lines[-1] == "Left out 1 of 3 genes: 1 in several parts (first rps12)."


def test_n_after_the_bases_to_read_does_not_count(annotation, genome):
    genes = [("chr1", 351, 450, "+", "a"), ("chr1", 451, 550, "-", "b"), ("chr1", 451, 600, "+", "b")]
    selection = select(annotation(genes), genome, Wanted(fewest=1, longest=50))
    assert [gene.name for gene in selection.genes] == ["g0", "g1"]


@pytest.mark.parametrize(("of_gtf", "of_fasta"), [("1", "chr1"), ("chr1", "1"), ("MT", "chrM"), ("chrM", "MT")])
def test_contigs_meet_with_and_without_chr(of_gtf, of_fasta, annotation, fasta):
    genome = GenomeFiles([fasta({of_fasta: "ACGT" * 50})])
    genes = [(of_gtf, 1, 50, "+", "a"), (of_gtf, 60, 90, "-", "b")]
    assert {gene.chrom for gene in select(annotation(genes), genome, FEW).genes} == {of_fasta}


def test_of_genes_with_the_same_bases_to_read_one_is_kept(annotation, fasta):
    bases = "".join(np.random.default_rng(0).choice(list("ACGT"), 200))
    other = bases.translate(str.maketrans("ACGT", "TGCA"))[::-1].lower()
    genome = GenomeFiles([fasta({"X": bases, "Y": bases[:100] + "ACGT" * 25, "alt": other})])
    genes = [
        ("X", 1, 60, "+", "a"),
        ("X", 101, 160, "-", "b"),
        ("Y", 1, 60, "+", "a"),
        ("Y", 101, 160, "-", "b"),
        ("alt", 41, 100, "+", "b"),
        ("alt", 41, 100, "-", "a"),
    ]
    selection = select(annotation(genes), genome, FEW)
    assert [gene.name for gene in selection.genes] == ["g0", "g1", "g3", "g5"]
    assert "2 with the same bases as another gene (first g2)" in selection.lines[-1]
    longer = [("X", 1, 60, "+", "a"), ("X", 61, 120, "-", "b"), ("Y", 1, 80, "+", "a")]
    cut = select(annotation(longer), genome, Wanted(fewest=1, longest=30))
    assert [gene.name for gene in cut.genes] == ["g0", "g1"]


SAME = [  # g0 has the bases of g2, and g1 those of g4
    *(("chr1", start, start + 9, "+", "rare") for start in (1, 21)),
    *(("chr1", start, start + 9, "+", "a") for start in (1, 41, 21)),
    *(("chr1", start, start + 9, "+", "b") for start in (61, 81, 101)),
]


@pytest.mark.parametrize("wanted", [Wanted(biotypes=("a", "b"), fewest=3), Wanted(fewest=3)])
def test_a_gene_of_an_unwanted_biotype_does_not_hide_another(wanted, annotation, genome):
    selection = select(annotation(SAME), genome, wanted)
    assert {name: sum(of.values()) for name, of in selection.counts.items()} == {"a": 3, "b": 3}
    assert selection.lines[-1] == "Left out 2 of 8 genes: 2 of another biotype (first g0)."


def test_counts_are_checked_again_without_repeats(annotation, genome):
    genes = [*SAME, ("chr1", 121, 130, "+", "c"), ("chr1", 141, 150, "+", "c")]
    selection = select(annotation(genes), genome, Wanted(fewest=2))
    assert {name: sum(of.values()) for name, of in selection.counts.items()} == {"b": 3, "c": 2, "rare": 2}
    assert selection.lines[-1] == "Left out 3 of 10 genes: 3 of another biotype (first g2)."
    most = select(annotation(genes), genome, Wanted(fewest=2, most=2))  # a and b, until rare is one of them
    assert {name: sum(of.values()) for name, of in most.counts.items()} == {"a": 3, "b": 3}


def test_repeats_are_a_reason_for_too_few_genes(annotation, genome):
    message = (
        r"a has 1 usable genes, and --min-genes is 2: lower it, or name other biotypes\. "
        r"Left out: 3 of another biotype \(first g5\), 2 with the same bases as another gene \(first g2\)\."
    )
    with pytest.raises(HyenaDNAError, match=message):
        select(annotation(SAME), genome, Wanted(biotypes=("rare", "a"), fewest=2))
    equal = [*SAME[:2], *(("chr1", start, start + 9, "+", "a") for start in (1, 21))]
    message = r"there are a \(0\), rare \(2\): lower --min-genes\. Left out: 2 with the same bases as another gene"
    with pytest.raises(HyenaDNAError, match=message):
        select(annotation(equal), genome, Wanted(fewest=2))


def test_biotypes_that_the_probe_takes_for_missing_values_are_left_out():
    assert import_module("hyenadna_core.labelled.records").MISSING == MISSING


def test_repeated_lines_are_counted(gtf, genome):
    path = gtf(TWO)
    path.write_text(path.read_text() * 2)
    lines = select(read_annotation(path), genome, FEW).lines
    assert "2 gene lines are repeated; each gene counts once." in lines


def test_no_contig_in_common_is_one_line(annotation, genome):
    message = r"No contig of .*genes.gtf \(chr7\) is in .*genome.fa \(chr1, chr2\), with or without chr"
    with pytest.raises(HyenaDNAError, match=message):
        select(annotation([("chr7", 1, 9, "+", "a")]), genome, FEW)


def test_names_of_contigs_of_refseq_differ_from_those_of_a_fasta(annotation, genome):
    message = r"without chr; the names of contigs differ, such as NC_000020.11 and chr1: give the genome"
    with pytest.raises(HyenaDNAError, match=message):
        select(annotation([("NC_000020.11", 1, 9, "+", "a")]), genome, FEW)


def test_the_most_frequent_biotypes_are_used_or_those_named(annotation, genome):
    genes = [("chr1", 1 + number, 50, "+", "a" * (1 + number // 3)) for number in range(9)] + [("chr1", 1, 9, "+", "b")]
    table = annotation(genes)
    assert list(select(table, genome, Wanted(fewest=1, most=3)).counts) == ["a", "aa", "aaa"]
    assert list(select(table, genome, Wanted(biotypes=("b", "aa"), fewest=1)).counts) == ["aa", "b"]
    with pytest.raises(HyenaDNAError, match=r"No gene of .* has the biotype x; it has a, aa, aaa, b\."):
        select(table, genome, Wanted(biotypes=("x", "a"), fewest=1))
    with pytest.raises(HyenaDNAError, match="b has 1 usable genes, and --min-genes is 2: lower it, or name other"):
        select(table, genome, Wanted(biotypes=("b", "a"), fewest=2))


def test_fewer_than_two_biotypes_are_one_line(annotation, genome):
    with pytest.raises(HyenaDNAError, match=r"fewer than two biotypes have 15 usable genes; there are a \(1\), b"):
        select(annotation(TWO), genome, Wanted())


def test_with_chromosomes_each_must_have_enough_genes(annotation, genome):
    genes = [
        (chrom, 1 + number, 50 + "abc".index(kind), "+", kind)
        for chrom in ("chr1", "chr2")
        for kind in "abc"
        for number in range(3)
    ]
    table = annotation(genes[:-1])
    assert list(select(table, genome, Wanted(fewest=6)).counts) == ["a", "b"]
    assert list(select(table, genome, Wanted(fewest=3)).counts) == ["a", "b", "c"]
    both = ("1", "chr2")
    assert list(select(table, genome, Wanted(fewest=2, chromosomes=both)).counts) == ["a", "b", "c"]
    assert list(select(table, genome, Wanted(fewest=3, chromosomes=both)).counts) == ["a", "b"]
    assert {gene.chrom for gene in select(table, genome, Wanted(fewest=3, chromosomes=("2",))).genes} == {"chr2"}
    with pytest.raises(HyenaDNAError, match=r"No contig chr5 in .*genome.fa; there are chr1, chr2\."):
        select(table, genome, Wanted(chromosomes=("chr5",)))


def test_a_contig_that_is_named_counts_without_usable_genes(annotation, fasta):
    genome = GenomeFiles([fasta({"chr1": "ACGGTCATTC" * 10, "chr2": "N" * 100})])
    genes = [(chrom, 1 + number, 50, "+", "ab"[number % 2]) for chrom in ("chr1", "chr2") for number in range(6)]
    message = r"usable genes on each chromosome; there are a \(0\), b \(0\): lower --min-genes\. Left out: 6 with N "
    with pytest.raises(HyenaDNAError, match=message):
        select(annotation(genes), genome, Wanted(fewest=1, chromosomes=("chr1", "chr2")))
    assert select(annotation(genes), genome, Wanted(fewest=1, chromosomes=("chr1",))).counts["a"] == {"chr1": 3}


def test_one_biotype_is_too_few():
    with pytest.raises(HyenaDNAError, match=r"^--biotypes names one biotype, tRNA: name two or more\.$"):
        wanted_of("tRNA, tRNA", None, None, None, None)
    assert wanted_of("tRNA,rRNA", None, None, None, None).biotypes == ("tRNA", "rRNA")


def test_a_genome_may_have_several_files(annotation, fasta):
    one, two = fasta({"chr1": "ACGTA" * 20}, "1.fa"), fasta({"chr2": "GGTCA" * 20}, "2.fa")
    selection = select(annotation([*TWO, ("chr2", 1, 5, "+", "a")]), genome := GenomeFiles([one, two]), FEW)
    assert genome.sequence(selection.genes[2]) == b"GGTCA"
    with pytest.raises(HyenaDNAError, match=re.escape("both have a contig chr1: give one of them.")):
        GenomeFiles([one, fasta({"chr1": "A"}, "3.fa")])


def test_the_checksum_changes_with_the_genes_and_with_the_genome(annotation, genome, fasta):
    one = select(annotation(TWO), genome, FEW).sha256
    assert one == select(annotation(TWO), genome, FEW).sha256
    assert one != select(annotation([*TWO, ("chr1", 1, 5, "+", "a")]), genome, FEW).sha256
    assert one != select(annotation(TWO), GenomeFiles([fasta({"chr1": "ACGT" * 50}, "o.fa")]), FEW).sha256


def test_real_pieces_have_the_genes_of_the_annotation(pieces):
    selection = select(read_annotation(pieces["gtf"]), GenomeFiles([pieces["fasta"]]), Wanted(fewest=5))
    assert selection.counts == {"protein_coding": {"piece1": 6, "piece2": 7}, "pseudogene": {"piece1": 6, "piece2": 2}}
