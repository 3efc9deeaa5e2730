"""Effects of variants: the windows of alleles, the reasons, and the table that is continued."""

from collections import Counter
from contextlib import suppress

import numpy as np
import pytest
from hyenadna_chromatin.effects import alleles_in_window, effects
from hyenadna_chromatin.effects_file import alleles, label_numbers, write_effects
from hyenadna_chromatin.part_table import part_table

from hyenadna_core import HyenaDNAError, Variant, contig_names, decode, open_genome, read_variants, vcf_source

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
OTHER = {"A": "C", "C": "G", "G": "T", "T": "A"}


@pytest.fixture
def genome(tiny_fasta):
    return open_genome(tiny_fasta(contigs={"chr1": 300}))


def text_of(genome):
    return genome.read("chr1", 0, 300).tobytes().decode()


class CountsOfA:
    """A model whose log-odds are the share of A in a window, and twice that of C behind it."""

    max_seq_len = 300

    def predict_on_batch(self, ids):
        texts = [decode(row) for row in ids]
        return np.array([[text.count("A") / 10, text.count("AC") / 5] for text in texts])


@pytest.mark.parametrize(
    ("start", "ref", "alt"), [(150, 1, "G"), (150, 4, "G"), (150, 1, "GATTA"), (3, 1, "G"), (297, 2, "G")]
)
@pytest.mark.parametrize("window", [40, 41])
def test_windows_have_one_flank_before_and_the_allele_in_the_middle(genome, start, ref, alt, window):
    text = text_of(genome)
    variant = Variant("chr1", start, text[start : start + ref], alt)
    padded = "N" * window + text + "N" * window
    before = (window - max(ref, len(alt))) // 2
    left = padded[window + start - before : window + start]
    right = padded[window + start + ref :]
    whole = [(left + allele + right)[:window] for allele in (variant.ref, alt)]
    assert [bases.tobytes().decode() for bases in alleles_in_window(genome, variant, window)] == whole


def test_effects_are_differences_of_both_strands(genome):
    text = text_of(genome)
    variants = [Variant("chr1", at, text[at], OTHER[text[at]]) for at in (100, 120, 130, 200, 250)]
    variants.append(Variant("chr1", 50, text[50:53], text[50]))
    model, flip = CountsOfA(), str.maketrans("ACGT", "TGCA")
    for both in (True, False):
        found = list(effects(model, genome, variants, 40, both, 4))
        assert len(found) == 6
        for variant, effect in zip(variants, found, strict=True):
            odds = []
            for bases in alleles_in_window(genome, variant, 40):
                allele = bases.tobytes().decode()
                strands = [allele, allele.translate(flip)[::-1]] if both else [allele]
                odds.append([[strand.count("A") / 10, strand.count("AC") / 5] for strand in strands])
            odds = np.array(odds)  # (2, strands, 2)
            np.testing.assert_allclose(effect.log_odds, (odds[1] - odds[0]).mean(axis=0), atol=1e-9)
            chances = 1 / (1 + np.exp(-odds))
            np.testing.assert_allclose(effect.difference, (chances[1] - chances[0]).mean(axis=0), atol=1e-9)


@pytest.fixture
def read(genome, tmp_path):
    """Return a function of lines of a VCF: its alleles, and their number by reason."""

    def read(*lines, chr_prefix=None):
        (tmp_path / "a.vcf").write_text(HEADER + "".join(f"{line}\t.\t.\t.\n" for line in lines))
        reasons = Counter()
        with vcf_source(tmp_path / "a.vcf") as source:
            records = read_variants(source, genome, contig_names(genome, None, chr_prefix))
            return list(alleles(records, 40, reasons)), reasons

    return read


def test_reasons_are_those_of_score(genome, read):
    text = text_of(genome)
    ref, other = text[100], OTHER[text[100]]
    wanted = {
        ("chr1", "101", ref, other): ".",
        ("chr1", "101", other, ref): "ref_mismatch",
        ("chr1", "101", ref, "<DEL>"): "symbolic",
        ("chr1", "101", "N", "<DEL>"): "symbolic",
        ("chr1", "101", "N", "N]chr17:198982]"): "breakend",
        ("chr1", "0", "N", ".[chr17:198982["): "breakend",
        ("chr1", "101", ref, "N"): "not_acgt",
        ("chr1", "101", ref, "."): "missing",
        ("chr1", "101", ref, ref): "same_as_ref",
        ("chr2", "101", ref, other): "other_contig",
        ("chr1", "300", text[299] + "A", "A"): "past_contig_end",
        ("chr1", "101", ref, ref + 20 * "A"): "too_long",
    }
    found, reasons = read(*(f"{chrom}\t{pos}\t.\t{ref}\t{alt}" for chrom, pos, ref, alt in wanted))
    assert [allele.reason for allele in found] == list(wanted.values())
    assert reasons == Counter(wanted.values())


def test_alleles_have_the_columns_of_the_vcf(genome, read):
    text = text_of(genome)
    ref, other = text[100], OTHER[text[100]]
    found, reasons = read(
        f"1\t0101\trs7;rs8\t{ref.lower()}\t{other.lower()},<dup:TANDEM>",
        f"1\t101\t.\t{ref}\t{ref}]chr17:198982]",
        "9\t5\t.\tA\tC",
        chr_prefix="add",
    )
    assert reasons == {".": 1, "symbolic": 1, "breakend": 1, "other_contig": 1}
    assert found[0].variant[:4] == ("chr1", 100, ref, other)
    assert ["\t".join(allele.columns) for allele in found] == [
        f"1\t0101\trs7;rs8\t{ref.lower()}\t{other.lower()}",
        f"1\t0101\trs7;rs8\t{ref.lower()}\t<dup:TANDEM>",
        f"1\t101\t.\t{ref}\t{ref}]chr17:198982]",
        "9\t5\t.\tA\tC",
    ]


def test_faults_of_options_are_one_line(tmp_path):
    with pytest.raises(HyenaDNAError, match=r"effects.csv must end in .tsv"):
        write_effects(tmp_path / "a.vcf", tmp_path, tmp_path / "a.fa", tmp_path / "effects.csv")
    assert label_numbers(("a", "b"), (), tmp_path) == [0, 1]
    assert label_numbers(("a", "b"), ("b", "b"), tmp_path) == [1]
    with pytest.raises(HyenaDNAError, match="has no label c; it has a, b"):
        label_numbers(("a", "b"), ("b", "c"), tmp_path)


def stop_after(out, settings, rows, columns=("a", "b")):
    """Write rows and stop; return how many were there before."""
    done = []
    with suppress(KeyboardInterrupt), part_table(out, settings, columns) as table:
        done.append(table.done)
        table.add(rows)
        raise KeyboardInterrupt
    return done[0]


def test_a_stopped_table_is_continued_and_a_cut_line_written_again(tmp_path):
    out = tmp_path / "new" / "out.tsv"
    assert stop_after(out, [1], ["1\t2\n", "3\t4\n", "5\t"]) == 0
    assert stop_after(out, [1], []) == 2
    assert not out.exists()
    with part_table(out, [1], ["a", "b"]) as table:
        assert table.done == 2
        table.add(["5\t6\n"])
    assert out.read_text() == "a\tb\n1\t2\n3\t4\n5\t6\n"
    assert [path.name for path in out.parent.iterdir()] == ["out.tsv"]


@pytest.mark.parametrize(("settings", "columns"), [([2], ("a", "b")), ([1], ("a", "id", "b"))])
def test_rows_of_other_settings_are_not_lost(tmp_path, settings, columns):
    out = tmp_path / "out.tsv"
    stop_after(out, [1], ["1\t2\n"])
    with pytest.raises(HyenaDNAError, match=r"out\.tsv\.part has 1 rows of other settings or another VCF: remove it"):
        part_table(out, settings, columns).__enter__()
    assert stop_after(out, [1], []) == 1


def test_a_table_without_rows_takes_other_settings(tmp_path):
    out = tmp_path / "out.tsv"
    stop_after(out, [1], [])
    assert stop_after(out, [1], ["1\t2\t3\n"], ("a", "id", "b")) == 0
    assert (tmp_path / "out.tsv.part").read_text() == "a\tid\tb\n1\t2\t3\n"


def test_a_finished_table_is_not_written_over(tmp_path):
    out = tmp_path / "out.tsv"
    out.write_text("a\n1\n")
    message = r"out\.tsv is there already: remove it to compute it again, or name another file\.$"
    with pytest.raises(HyenaDNAError, match=message):
        part_table(out, [1], ["a"]).__enter__()
    with pytest.raises(HyenaDNAError, match=message):  # before the run, the VCF and the FASTA are read
        write_effects(tmp_path / "a.vcf", tmp_path, tmp_path / "a.fa", out)
    with pytest.raises(HyenaDNAError, match=r"out\.tsv is the input .*out\.tsv"):
        write_effects(out, tmp_path, tmp_path / "a.fa", out)
    assert out.read_text() == "a\n1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.tsv"]


def test_settings_that_cannot_be_read_are_written_again(tmp_path):
    out = tmp_path / "out.tsv"
    stop_after(out, [1], [])
    (tmp_path / "out.tsv.part.json").write_bytes(b"\xff\xfe")
    assert stop_after(out, [1], ["3\t4\n"]) == 0
    assert stop_after(out, [1], []) == 1


@pytest.mark.parametrize("name", ["out.tsv.part", "out.tsv.part.json"])
def test_a_folder_in_place_of_a_part_is_one_line(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(HyenaDNAError, match=rf"{name} is a folder, and a file of this name is written: remove it"):
        stop_after(tmp_path / "out.tsv", [1], [])


def test_a_table_that_another_process_writes_is_one_line(tmp_path):
    out = tmp_path / "out.tsv"
    with part_table(out, [1], ["a"]) as table:
        table.add(["1\n"])
        with pytest.raises(HyenaDNAError, match=r"Another process writes .*out\.tsv: wait for it"):
            part_table(out, [1], ["a"]).__enter__()
    assert out.read_text() == "a\n1\n"
