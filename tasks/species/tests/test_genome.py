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
    fasta("mouse/chr2.fa", {"b": "ACGT"})
    assert SpeciesGenome("mouse", tmp_path / "mouse").sha256 != first


def test_a_folder_without_fasta_is_one_line(tmp_path):
    (tmp_path / "mouse").mkdir()
    with pytest.raises(HyenaDNAError, match=r"The folder .*mouse has no FASTA file, whose name ends in"):
        SpeciesGenome("mouse", tmp_path / "mouse")


def test_hidden_files_and_indexes_are_not_read_and_others_are_named(fasta, tmp_path):
    fasta("mouse/chr1.fa", {"a": "ACGT"})
    folder = tmp_path / "mouse"
    assert SpeciesGenome("mouse", folder).not_read() == ""
    for name in ("._chr1.fa", ".DS_Store", "chr1.fa.fai", "chr1.fa.gz.gzi", "chr4.fas", "chr6.fsa", "chr3.fa.bz2"):
        (folder / name).write_bytes(b"\0")
    (folder / "more.fa").mkdir()
    mouse = SpeciesGenome("mouse", folder)
    assert mouse.contigs == {"chr1": 4}
    assert mouse.not_read().endswith("with .gz or .bgz: 4 (chr3.fa.bz2, chr4.fas, chr6.fsa, more.fa).")
    assert SpeciesGenome("mouse", folder / "chr1.fa").not_read() == ""


def test_two_contigs_of_one_name_are_one_line(fasta, tmp_path):
    fasta("mouse/chr1.fa", {"a": "ACGT"})
    fasta("mouse/chr1.fna", {"b": "ACGT"})
    with pytest.raises(HyenaDNAError, match="has two contigs named chr1: leave one of its files out"):
        SpeciesGenome("mouse", tmp_path / "mouse")


def test_known_bases_are_counted():
    assert known_bases(np.frombuffer(b"ACGTNacgtnRYU-", np.uint8)) == 9
