import gzip

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.annotation import Feature, exons, read_features, region_masks


def line(kind, start, end, gene="G1", strand="+", chrom="chr1"):
    return f'{chrom}\tTEST\t{kind}\t{start}\t{end}\t.\t{strand}\t.\tgene_id "E_{gene}"; gene_name "{gene}"; level 2;\n'


GTF = (
    "##description: a test\n\n"
    + line("gene", 11, 50)
    + line("transcript", 11, 50)
    + line("exon", 11, 20)
    + line("exon", 41, 50)
    + line("transcript", 11, 50)
    + line("exon", 11, 20)
    + line("CDS", 11, 20)
    + line("gene", 71, 80, "G2", "-")
    + line("exon", 71, 80, "G2", "-")
    + line("gene", 1, 99, chrom="chr2")
)


@pytest.fixture
def gtf(tmp_path):
    path = tmp_path / "genes.gtf"
    path.write_text(GTF)
    return path


def test_positions_count_from_0_and_repeated_exons_come_once(gtf):
    assert read_features(gtf, "chr1", 0, 100) == [
        Feature("gene", 10, 50, "+", "G1"),
        Feature("exon", 10, 20, "+", "G1"),
        Feature("exon", 40, 50, "+", "G1"),
        Feature("gene", 70, 80, "-", "G2"),
        Feature("exon", 70, 80, "-", "G2"),
    ]
    assert exons(gtf, "chr2", 0, 100) == []


@pytest.mark.parametrize(("start", "end", "starts"), [(20, 40, []), (19, 40, [10]), (20, 41, [40]), (49, 71, [40, 70])])
def test_exons_of_a_region_share_a_base_with_it(start, end, starts, gtf):
    assert [exon.start for exon in exons(gtf, "chr1", start, end)] == starts


def test_a_compressed_file_with_cr_lf_is_read_alike(gtf, tmp_path):
    (tmp_path / "genes.gtf.gz").write_bytes(gzip.compress(GTF.replace("\n", "\r\n").encode()))
    assert read_features(tmp_path / "genes.gtf.gz", "chr1", 0, 100) == read_features(gtf, "chr1", 0, 100)


def test_bases_lie_in_exons_introns_or_between_genes_and_in_repeats(gtf):
    bases = np.frombuffer(b"ACGTacgtNnAC" + b"G" * 60, np.uint8)
    masks = region_masks(read_features(gtf, "chr1", 5, 77), bases, 5)
    where = {name: np.flatnonzero(mask) + 5 for name, mask in masks.items()}
    assert where["exon"].tolist() == [*range(10, 20), *range(40, 50), *range(70, 77)]
    assert where["intron"].tolist() == [*range(20, 40)]
    assert where["intergenic"].tolist() == [*range(5, 10), *range(50, 70)]
    assert where["repeat"].tolist() == [9, 10, 11, 12, 14]


def test_a_gene_without_a_name_has_its_id_or_nothing(tmp_path):
    path = tmp_path / "genes.gtf"
    path.write_text('chr1\t.\texon\t1\t2\t.\t+\t.\tgene_id "E1"; gene_name "";\nchr1\t.\texon\t3\t4\t.\t+\t.\tx\n')
    assert [exon.gene for exon in exons(path, "chr1", 0, 9)] == ["E1", ""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "genes.gtf has no contig 'chr1'; it has none."),
        (GTF.replace("chr1\t", "1\t"), "genes.gtf has no contig 'chr1'; it has 1, chr2."),
        (
            "chr1\tTEST\texon\t1\t2\n",
            "genes.gtf:1: expected 9 columns with start and end in columns 4 and 5, found 'chr1 ",
        ),
        (line("exon", "x", 2), "genes.gtf:1: expected 9 columns with start and end in columns 4 and 5"),
        (line("exon", 0, 2), "genes.gtf:1: the exon 0-2 has no bases."),
        (line("exon", 5, 4), "genes.gtf:1: the exon 5-4 has no bases."),
        ("\n# x\n>chr1\nACGT\n", "genes.gtf:3: the line has no tabs, so the file is no GTF."),
    ],
)
def test_a_file_that_is_no_gtf_of_the_genome_is_one_line(text, message, tmp_path):
    (tmp_path / "genes.gtf").write_text(text)
    with pytest.raises(HyenaDNAError) as raised:
        read_features(tmp_path / "genes.gtf", "chr1", 0, 100)
    assert str(raised.value).removeprefix(f"{tmp_path}/").startswith(message)


def test_exons_of_gencode(shared_data):
    path = shared_data / "data" / "annotation" / "gencode_v19_GRCh37_chr20_chr22.gtf.gz"
    there = exons(path, "chr20", 30_192_000, 30_195_000)
    assert {exon.gene for exon in there} == {"ID1", "MIR3193"}
    assert min(exon.start for exon in there) == 30_193_085
