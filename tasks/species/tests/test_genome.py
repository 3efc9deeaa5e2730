import gzip

import numpy as np
import pytest
from hyenadna_species.genome import SpeciesGenome, known_bases

from hyenadna_core import HyenaDNAError


def test_a_fasta_has_its_contigs(genome):
    mouse = genome("mouse", {"chr1": "ACGTN", "chrX": "TTT"})
    assert mouse.contigs == {"chr1": 5, "chrX": 3}
    assert mouse.read("chrX", 1, 3).tobytes() == b"TT"


def test_a_folder_has_a_contig_for_each_chromosome(fasta, tmp_path):
    fasta("mouse/chr2.fna", {"NC_000068.8": "ACGT"})
    (tmp_path / "mouse" / "chr1.fa.gz").write_bytes(gzip.compress(b">NC_000067.7 Mus musculus\nGGGCC\n"))
    fasta("mouse/others.fasta", {"scaffold1": "AA", "scaffold2": "CCC"})
    (tmp_path / "mouse" / "notes.txt").write_text("not a FASTA")
    mouse = SpeciesGenome("mouse", tmp_path / "mouse")
    assert mouse.contigs == {"chr1": 5, "chr2": 4, "scaffold1": 2, "scaffold2": 3}
    assert mouse.read("chr1", 2, 4).tobytes() == b"GC"
    assert mouse.read("scaffold2", 0, 3).tobytes() == b"CCC"


def test_the_checksum_is_that_of_all_files(fasta, tmp_path):
    fasta("mouse/chr1.fa", {"a": "ACGT"})
    first = SpeciesGenome("mouse", tmp_path / "mouse").sha256
    fasta("mouse/chr2.fa", {"b": "ACGA"})
    assert SpeciesGenome("mouse", tmp_path / "mouse").sha256 != first


def test_a_folder_without_fasta_is_one_line(tmp_path):
    (tmp_path / "mouse").mkdir()
    with pytest.raises(HyenaDNAError, match=r"The folder .*mouse has no FASTA file, whose name ends in"):
        SpeciesGenome("mouse", tmp_path / "mouse")


def test_hidden_files_and_indexes_are_not_read_and_others_are_named(fasta, tmp_path):
    fasta("mouse/chr1.fa", {"a": "ACGT"})
    folder = tmp_path / "mouse"
    assert SpeciesGenome("mouse", folder).not_read() == []
    for name in ("._chr1.fa", ".DS_Store", "chr1.fa.fai", "chr1.fa.gz.gzi", "chr4.fas", "chr6.fsa", "chr3.fa.bz2"):
        (folder / name).write_bytes(b"\0")
    (folder / "more.fa").mkdir()
    mouse = SpeciesGenome("mouse", folder)
    assert mouse.contigs == {"chr1": 4}
    (sentence,) = mouse.not_read()
    assert "they are no files whose name ends in .fa, .fna or .fasta, or these " in sentence
    assert sentence.endswith("with .gz or .bgz: 4 (chr3.fa.bz2, chr4.fas, chr6.fsa, more.fa).")
    assert SpeciesGenome("mouse", folder / "chr1.fa").not_read() == []


def test_two_contigs_of_one_name_are_one_line(fasta, tmp_path):
    fasta("mouse/chr1.fa", {"a": "ACGT"})
    fasta("mouse/chr1.fna", {"b": "ACGT"})
    with pytest.raises(HyenaDNAError, match=r"has two contigs named chr1, in chr1\.fa and chr1\.fna: leave one"):
        SpeciesGenome("mouse", tmp_path / "mouse")


def test_names_that_differ_in_case_or_by_chr_are_one_contig(fasta, tmp_path):
    fasta("mouse/Chr1.fa", {"a": "ACGT"})
    fasta("mouse/chr1.fa", {"b": "ACGA"})
    with pytest.raises(HyenaDNAError, match=r"has two contigs named chr1, in Chr1\.fa and chr1\.fa"):
        SpeciesGenome("mouse", tmp_path / "mouse")


def test_chromosomes_of_ensembl_keep_their_names(fasta, tmp_path):
    for contig, text in {"1": "ACGT", "X": "GGGCC", "MT": "AAC"}.items():
        fasta(f"mouse/Mus_musculus.GRCm39.dna.chromosome.{contig}.fa", {contig: text})
    fasta("mouse/Mus_musculus.GRCm39.dna.nonchromosomal.fa", {"GL456210.1": "TT", "JH584299.1": "CC"})
    mouse = SpeciesGenome("mouse", tmp_path / "mouse")
    assert mouse.contigs == {"1": 4, "MT": 3, "X": 5, "GL456210.1": 2, "JH584299.1": 2}
    assert mouse.read("X", 0, 5).tobytes() == b"GGGCC"


@pytest.mark.parametrize("other", ["acgtnACG", "ACGTNACG"])
def test_one_chromosome_in_two_files_is_one_line(fasta, tmp_path, other):
    fasta("mouse/soft.fa", {"NC_1.1": "ACGTNACG"})
    fasta("mouse/upper.fa", {"NC_1.1": other})
    with pytest.raises(HyenaDNAError, match="mouse: soft and upper have the same bases: leave one of their files out"):
        SpeciesGenome("mouse", tmp_path / "mouse")


def test_equal_contigs_of_one_file_are_not_compared(fasta, tmp_path):
    fasta("mouse/all.fa", {"scaffold1": "ACGT", "scaffold2": "ACGT"})
    fasta("mouse/more.fa", {"scaffold3": "ACGA", "scaffold4": "TT"})
    assert len(SpeciesGenome("mouse", tmp_path / "mouse").contigs) == 4


def test_transcripts_in_a_folder_of_ncbi_are_not_read_and_named(fasta, tmp_path):
    fasta("mouse/GCF_000001635.27_GRCm39_genomic.fna", {"NC_000067.7": "ACGTACGT", "NC_000068.8": "GGGTTTAA"})
    fasta("mouse/cds_from_genomic.fna", {"lcl|NC_000067.7_cds_NP_001011874.1_1": "ACGT"})
    fasta("mouse/rna.fna", {"NM_001011874.1": "ACGA", "XR_001738409.1": "TT"})
    mouse = SpeciesGenome("mouse", tmp_path / "mouse")
    assert mouse.contigs == {"NC_000067.7": 8, "NC_000068.8": 8}
    (sentence,) = mouse.not_read()
    assert sentence.endswith("as their sequences have names of transcripts: 2 (cds_from_genomic.fna, rna.fna).")
    for file in (tmp_path / "mouse").glob("GCF*"):
        file.unlink()
    with pytest.raises(HyenaDNAError, match=r"mouse has only transcripts, cds_from_genomic\.fna, rna\.fna: name"):
        SpeciesGenome("mouse", tmp_path / "mouse")


def test_a_link_to_nothing_is_one_line(fasta, tmp_path):
    fasta("mouse/chr1.fa", {"a": "ACGT"})
    (tmp_path / "mouse" / "chr2.fa").symlink_to(tmp_path / "nowhere")
    with pytest.raises(HyenaDNAError, match=r"chr2\.fa is a link to a file that is not there: mend it, or remove it"):
        SpeciesGenome("mouse", tmp_path / "mouse")


def test_known_bases_are_counted():
    assert known_bases(np.frombuffer(b"ACGTNacgtnRYU-", np.uint8)) == 9
