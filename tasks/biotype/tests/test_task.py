import numpy as np
import pytest
from hyenadna_biotype.task import BiotypeTask

from hyenadna_core import Draw, HyenaDNAError
from hyenadna_core.testing import check_rows


@pytest.fixture
def files(gtf, fasta):
    """Two biotypes in 40 blocks of 100 bases; one gene crosses into a block for test."""
    random = np.random.default_rng(0)
    contigs = {name: "".join(random.choice(list("ACGT"), 2_000)) for name in ("chr1", "chr2")}
    genes = [
        (chrom, 100 * block + 1 + 5 * number, 100 * block + 61 + number, "+-"[number], "ab"[number])
        for chrom in contigs
        for block in range(20)
        for number in (0, 1)
    ]
    return {"gtf": gtf([*genes, ("chr1", 890, 920, "+", "a")]), "fasta": [fasta(contigs)]}


def blocks(task, split):
    rows = task.split(split)
    genes = {gene.name: gene for gene in task.rows_of_all.genes}
    places = [genes[rows.name(number)] for number in range(len(rows))]
    return {(gene.chrom, gene.start // 100) for gene in places}


def test_blocks_are_in_one_split_and_a_gene_in_two_is_left_out(files):
    task = BiotypeTask(**files, block_size=100)
    assert task.target.names == ("a", "b")
    assert blocks(task, "test") == {(chrom, block) for chrom in ("chr1", "chr2") for block in (9, 19)}
    assert blocks(task, "valid") == {(chrom, block) for chrom in ("chr1", "chr2") for block in (8, 18)}
    assert len(blocks(task, "train")) == 32
    assert "1 genes reach into a block of another split, and are not used." in task.prepare(64)
    assert sum(len(task.split(split)) for split in ("train", "valid", "test")) == 80
    folds = task.fold(1, 3)
    assert not blocks(folds, "train") & blocks(folds, "valid")


def test_no_two_groups_of_folds_share_bases(gtf, fasta):
    random = np.random.default_rng(1)
    contigs = {name: "".join(random.choice(list("ACGT"), 2_000)) for name in ("chr1", "chr2")}
    genes = []
    for number in range(150):
        start = int(random.integers(1, 1_900))
        genes.append(
            (f"chr{number % 2 + 1}", start, min(2_000, start + int(random.integers(5, 40))), "+", "ab"[start % 2])
        )
    task = BiotypeTask(gtf(genes), [fasta(contigs)], block_size=50)
    rows, groups = task.split("train"), task.fold_groups("train")
    of = {gene.name: gene for gene in task.rows_of_all.genes}
    places = [of[rows.name(number)] for number in range(len(rows))]
    assert any(gene.start // 50 != (gene.end - 1) // 50 for gene in places)
    assert len(set(groups.tolist())) > 5
    for one, group in zip(places, groups, strict=True):
        for other, its in zip(places, groups, strict=True):
            shares = one.chrom == other.chrom and one.start < other.end and other.start < one.end
            together = one.chrom == other.chrom and one.start // 50 == other.start // 50
            assert group == its or not (shares or together)
            assert group != its or one.chrom == other.chrom


def test_a_chromosome_may_be_for_test(files):
    task = BiotypeTask(**files, block_size=100, test_chromosomes=["2"])
    assert {chrom for chrom, _ in blocks(task, "test")} == {"chr2"}
    assert {chrom for chrom, _ in blocks(task, "train") | blocks(task, "valid")} == {"chr1"}
    assert ("chr1", 9) in blocks(task, "train")
    with pytest.raises(HyenaDNAError, match=r"No selected gene is on the contig chr3: name another --test-chromosome."):
        BiotypeTask(**files, test_chromosomes=["chr3"]).split("test")


def test_rows_are_genes_on_their_strands_and_pieces_of_them(files):
    task = BiotypeTask(**files, block_size=100)
    rows = task.split("train")
    check_rows(rows, seq_len=16)
    bases, target = rows.row(1)
    gene = task.rows_of_all.genes[1]
    assert (gene.strand, target) == ("-", 1)
    assert bases.tobytes() == task.rows_of_all.genome.sequence(gene)
    pieces = [rows.window(Draw("train", step, 16, 4, 0), 1)[0].tobytes() for step in range(20)]
    assert all(len(piece) == 16 and piece in bases.tobytes() for piece in pieces)
    assert len(set(pieces)) > 5


def test_an_annotation_with_a_new_biotype_does_not_fit_a_run(files, gtf):
    task = BiotypeTask(**files, block_size=100)
    options = {**files, "block_size": 100, "biotypes": None}
    state = task.state()
    state["target"]["names"] = ("a", "c")
    with pytest.raises(HyenaDNAError, match="has the biotype b, which the run does not know"):
        BiotypeTask.from_options(options, state).split("test")
