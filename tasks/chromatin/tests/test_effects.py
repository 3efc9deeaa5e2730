"""Effects of variants: the windows of alleles, the reasons, and the table that is continued."""

from contextlib import suppress

import numpy as np
import pytest
from hyenadna_chromatin.effects import alleles_in_window, effects, reason_of
from hyenadna_chromatin.effects_file import alleles, count_reasons, label_numbers, write_effects
from hyenadna_chromatin.part_table import part_table

from hyenadna_core import HyenaDNAError, Variant, contig_names, decode, open_genome, vcf_source

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


def test_reasons_are_those_of_score(genome):
    text = text_of(genome)
    ref, other = text[100], OTHER[text[100]]
    wanted = {
        ("chr1", 100, ref, other): ".",
        ("chr1", 100, other, ref): "ref_mismatch",
        ("chr1", 100, ref, "<DEL>"): "symbolic",
        ("chr1", 100, ref, "N"): "not_acgt",
        ("chr1", 100, ref, "."): "missing",
        ("chr1", 100, ref, ref): "same_as_ref",
        ("chr2", 100, ref, other): "other_contig",
        ("chr1", 299, text[299] + "A", "A"): "past_contig_end",
        ("chr1", 100, ref, ref + 20 * "A"): "too_long",
    }
    assert {variant: reason_of(genome, Variant(*variant), 40) for variant in wanted} == wanted


def test_alleles_are_counted_by_reason(genome, tmp_path):
    text = text_of(genome)
    ref, other = text[100], OTHER[text[100]]
    lines = [
        f"1\t101\trs7;rs8\t{ref}\t{other},<DEL>\t.\t.\t.",
        f"1\t101\t.\t{other}\t{ref}\t.\t.\t.",
        "9\t5\t.\tA\tC\t.\t.\t.",
    ]
    (tmp_path / "a.vcf").write_text(HEADER + "\n".join(lines) + "\n")
    names = contig_names(genome, None, "add")
    with vcf_source(tmp_path / "a.vcf") as source:
        reasons = count_reasons(source, genome, names, 40)
        read = list(alleles(source, genome, names, 40))
    assert reasons == {".": 1, "symbolic": 1, "ref_mismatch": 1, "other_contig": 1}
    assert read[0].variant[:4] == ("chr1", 100, ref, other)
    assert [allele.contig for allele in read] == ["1", "1", "1", "9"]
    assert [allele.record_id for allele in read] == ["rs7;rs8", "rs7;rs8", ".", "."]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "1\t101\t.\tA\tC\t.\t.\t.",
            r"a.vcf and .* have no contig in common: the VCF has 1, the FASTA chr1: give --chr-p",
        ),
        ("chr1\tx\t.\tA\tC\t.\t.\t.", r"a.vcf:3: POS is 'x', expected a whole number\.$"),
    ],
)
def test_a_faulty_vcf_is_one_line(genome, tmp_path, line, message):
    (tmp_path / "a.vcf").write_text(f"{HEADER}{line}\n")
    with vcf_source(tmp_path / "a.vcf") as source, pytest.raises(HyenaDNAError, match=message):
        count_reasons(source, genome, contig_names(genome), 40)


def test_faults_of_options_are_one_line(tmp_path):
    with pytest.raises(HyenaDNAError, match=r"effects.csv must end in .tsv"):
        write_effects(tmp_path / "a.vcf", tmp_path, tmp_path / "a.fa", tmp_path / "effects.csv")
    assert label_numbers(("a", "b"), (), tmp_path) == [0, 1]
    assert label_numbers(("a", "b"), ("b",), tmp_path) == [1]
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
    assert stop_after(out, [2], ["1\t2\n", "3"]) == 0
    assert not out.exists()
    with part_table(out, [2], ["a", "b"]) as table:
        assert table.done == 1
        table.add(["5\t6\n"])
    assert out.read_text() == "a\tb\n1\t2\n5\t6\n"
    assert [path.name for path in out.parent.iterdir()] == ["out.tsv"]


def test_a_stopped_table_with_other_columns_is_started_again(tmp_path):
    out = tmp_path / "out.tsv"
    stop_after(out, [1], ["1\t2\n"])
    assert stop_after(out, [1], ["1\t2\t3\n"], ["a", "id", "b"]) == 0
    assert (tmp_path / "out.tsv.part").read_text() == "a\tid\tb\n1\t2\t3\n"
    assert stop_after(out, [1], [], ["a", "id", "b"]) == 1


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
    stop_after(out, [1], ["1\t2\n"])
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
