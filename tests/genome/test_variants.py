from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyenadna_core.genome.variants import (
    Reason,
    Variant,
    allele_reason,
    normalized,
    reference_reason,
    variant_reason,
)


def genome_of(**contigs):
    """Return a genome in memory."""
    texts = {name: np.frombuffer(bases.encode(), np.uint8) for name, bases in contigs.items()}
    lengths = {name: len(bases) for name, bases in contigs.items()}
    return SimpleNamespace(contigs=lengths, read=lambda name, start, end: texts[name][start:end])


def form(bases, start, ref, alt):
    """Return the normal form (start, ref, alt) of a variant of one contig."""
    return normalized(genome_of(chr1=bases), Variant("chr1", start, ref, alt))[1:4]


@pytest.mark.parametrize(
    ("given_form", "normal"),
    [
        ((1, "C", "G"), (1, "C", "G")),
        ((1, "CG", "TA"), (1, "CG", "TA")),
        ((0, "ACG", "ATG"), (1, "C", "T")),
        ((1, "CGT", "GAT"), (1, "CG", "GA")),
        ((2, "GT", "G"), (2, "GT", "G")),
        ((5, "CAA", "CA"), (5, "CA", "C")),
        ((6, "AAA", "A"), (5, "CAA", "C")),
        ((4, "CCA", "CCCA"), (3, "T", "TC")),
        ((0, "A", "TA"), (0, "A", "TA")),
        ((0, "AC", "C"), (0, "AC", "C")),
        ((2, "GTCC", "AC"), (2, "GTC", "A")),
        ((1, "CG", "CG"), (1, "CG", "CG")),
    ],
)
def test_a_variant_is_trimmed_and_an_indel_is_moved_to_the_left(given_form, normal):
    assert form("acgTCCAAAA", *given_form) == normal


def test_an_indel_moves_through_a_repeat_of_any_length_to_the_start_of_the_contig():
    assert form("AC" * 5000, 9996, "ACAC", "AC") == (0, "ACA", "A")
    assert form("G" + "AC" * 5000, 9996, "C", "CAC") == (0, "G", "GAC")


@settings(max_examples=30, deadline=None)
@given(st.text("AC", min_size=3, max_size=9))
def test_all_forms_of_a_variant_have_the_same_normal_form(bases):
    genome, forms = genome_of(chr1=bases), {}
    alts = ["".join(letters) for size in (1, 2, 3) for letters in product("AC", repeat=size)]
    for start, length, alt in product(range(len(bases)), (1, 2, 3), alts):
        ref = bases[start : start + length]
        if len(ref) == length and ref != alt:
            changed = bases[:start] + alt + bases[start + length :]
            normal = normalized(genome, Variant("chr1", start, ref, alt))
            assert bases[normal.start :].startswith(normal.ref)
            assert bases[: normal.start] + normal.alt + bases[normal.start + len(normal.ref) :] == changed
            forms.setdefault(changed, set()).add(normal)
    assert {haplotype for haplotype, found in forms.items() if len(found) > 1} == set()


def test_the_normal_form_is_that_of_bcftools(tmp_path, write_fasta):
    bcftools = pytest.importorskip("pysam.bcftools", reason="not installed: hyenadna[vcf]")
    rng = np.random.default_rng(0)
    bases = "".join(rng.choice(["A", "C", "AC", "G"], 400))
    variants = []
    for number in range(300):
        start, length = int(rng.integers(0, len(bases) - 6)), int(rng.integers(1, 6))
        ref, alt = bases[start : start + length], "".join(rng.choice(list("AC"), rng.integers(1, 6)))
        variants.append(Variant("chr1", start, ref, alt, number))
    variants = [variant for variant in variants if variant.ref != variant.alt]
    lines = [f"chr1\t{start + 1}\t{number}\t{ref}\t{alt}\t.\t.\t.\n" for _, start, ref, alt, number, _ in variants]
    header = "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (tmp_path / "in.vcf").write_text(header + "".join(lines))
    fasta = write_fasta({"chr1": bases})
    records = bcftools.norm("-f", str(fasta), str(tmp_path / "in.vcf")).splitlines()
    columns = [line.split("\t") for line in records if not line.startswith("#")]
    theirs = {int(number): (int(position) - 1, ref, alt) for _, position, number, ref, alt, *_ in columns}
    genome = genome_of(chr1=bases)
    assert {variant.record: normalized(genome, variant)[1:4] for variant in variants} == theirs


@pytest.mark.parametrize(
    ("alt", "reason"),
    [
        ("C", Reason.SCORED),
        ("ACGT" * 9, Reason.SCORED),
        (".", Reason.MISSING),
        ("", Reason.MISSING),
        ("*", Reason.STAR),
        ("<DEL>", Reason.SYMBOLIC),
        ("<*>", Reason.SYMBOLIC),
        ("<NON_REF>", Reason.SYMBOLIC),
        ("A[chr2:5[", Reason.BREAKEND),
        ("]chr2:5]A", Reason.BREAKEND),
        (".A", Reason.BREAKEND),
        ("A.", Reason.BREAKEND),
        ("N", Reason.NOT_ACGT),
        ("AR", Reason.NOT_ACGT),
        ("A;C", Reason.NOT_ACGT),
        ("-", Reason.NOT_ACGT),
        ("A", Reason.SAME_AS_REF),
    ],
)
def test_an_allele_that_can_have_no_score_has_a_reason(alt, reason):
    assert allele_reason("A", alt) is reason


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (("chr1", 0, "ACGT"), Reason.SCORED),
        (("chr1", 0, "AGGT"), Reason.REF_MISMATCH),
        (("chr1", 3, "TACG"), Reason.N_IN_REFERENCE),
        (("chr1", 3, "TACC"), Reason.REF_MISMATCH),
        (("chr1", 2, "CTNN"), Reason.REF_MISMATCH),
        (("chr1", 3, "TN"), Reason.NOT_ACGT),
        (("chr1", 0, "N"), Reason.NOT_ACGT),
        (("chr1", 0, "."), Reason.NOT_ACGT),
        (("chr1", 0, ""), Reason.NOT_ACGT),
        (("chr1", 6, "G"), Reason.SCORED),
        (("chr1", 6, "GA"), Reason.PAST_CONTIG_END),
        (("chr1", 99, "A"), Reason.PAST_CONTIG_END),
        (("chr1", -1, "A"), Reason.PAST_CONTIG_END),
        (("1", 0, "A"), Reason.OTHER_CONTIG),
    ],
)
def test_a_ref_allele_is_compared_with_the_genome_in_any_case(place, reason):
    assert reference_reason(genome_of(chr1="acgTNRG"), *place) is reason


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        (Variant("chr1", 0, "A", "G"), Reason.SCORED),
        (Variant("chr1", 0, "C", "<DEL>"), Reason.REF_MISMATCH),  # the reference counts first
        (Variant("chr1", 0, "A", "<DEL>"), Reason.SYMBOLIC),
        (Variant("chr1", 0, "A", "A"), Reason.SAME_AS_REF),
    ],
)
def test_a_variant_has_the_reason_of_its_reference_or_else_of_its_allele(variant, reason):
    assert variant_reason(genome_of(chr1="acgTNRG"), variant) is reason
