"""The scores of `hyenadna score`, in every format."""

import gzip

import numpy as np
import pytest


def log_likelihood(tensors, text):
    """Return log P of the bases of a text after the first, by the definition in float64."""
    from scipy.special import log_softmax

    from hyenadna_core import encode
    from hyenadna_core.definition import forward

    ids = encode(text)
    return log_softmax(forward(tensors, ids[None])[1][0], axis=-1)[np.arange(len(ids) - 1), ids[1:]].sum()


def two_forwards(tensors, sequence, record, first, last, strands):
    """Score a record like "chr1 5 A C" in bases first to last of its contig, 0-based half-open."""
    _, position, ref, alt = record.split(" ")
    at = int(position) - 1
    left, right = sequence[first:at], sequence[at + len(ref) : last]
    texts = [left + allele + right for allele in (alt, ref)]
    turned = [text[::-1].translate(str.maketrans("ACGT", "TGCA")) for text in texts]
    of_alt, of_ref = (
        np.mean([log_likelihood(tensors, {"+": text, "-": other}[strand]) for strand in strands])
        for text, other in zip(texts, turned, strict=True)
    )
    return of_alt - of_ref


WINDOWS = {  # bases of chr1 that a variant is scored in, 0-based half-open, on a centred window and on a grid
    "chr1 3 G T": ((0, 35), (0, 32)),
    "chr1 301 A C": ((269, 333), (272, 336)),
    "chr1 301 A ACGG": ((270, 331), (272, 333)),
    "chr1 302 AA A": ((268, 332), (272, 336)),  # its normal form is 300 TA T
    "chr1 500 TA GC": ((468, 532), (464, 528)),
    "chr1 500 TACG T": ((469, 533), (464, 528)),
    "chr1 699 G A": ((667, 700), (672, 700)),
}


def assert_scores(rows, strands, snap, weights, bases, records=WINDOWS):
    from hyenadna_core.weights.sources import read_weights

    tensors = read_weights(weights).tensors
    expected = [two_forwards(tensors, bases["chr1"], each, *WINDOWS[each][snap], strands) for each in records]
    np.testing.assert_allclose([row[2] for row in rows], expected, atol=2e-5, rtol=0)
    assert min(map(abs, expected)) > 1e-3


@pytest.mark.keras
def test_a_score_is_that_of_two_passes_over_the_window_of_each_allele(table, weights, bases):
    few = list(WINDOWS)[1::2]  # JAX compiles each length
    assert_scores(table(few), "+-", False, weights, bases, few)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("options", "strands"),
    [((), "+-"), (("--strand", "-"), "-"), (("--snap",), "+-"), (("--precision", "bfloat16"), None)],
)
def test_options_change_the_strand_the_windows_and_the_precision(table, weights, bases, options, strands):
    rows = table(list(WINDOWS), *options)
    if strands:
        assert_scores(rows, strands, "--snap" in options, weights, bases)
    else:
        np.testing.assert_allclose([row[2] for row in rows], [row[2] for row in table(list(WINDOWS))], atol=0.02)


def scores_in(path):
    """Return the scores in a file of any format, by position and allele."""
    if path.suffix in (".tsv", ".parquet"):
        parquet = pytest.importorskip("pyarrow.parquet", reason="not installed: hyenadna[classify]")
        if path.suffix == ".parquet":
            rows = parquet.read_table(path).to_pylist()
        else:
            rows = [line.split("\t") for line in path.read_text().splitlines()]
            rows = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        return [(row["chrom"], int(row["pos"]), row["alt"], row["llr"] and float(row["llr"])) for row in rows]
    pysam = pytest.importorskip("pysam", reason="not installed: hyenadna[vcf]")
    with pysam.VariantFile(str(path)) as file:
        return [
            (record.chrom, record.pos, alt, value)
            for record in file
            for alt, value in zip(record.alts, record.info["HDNA_LLR"], strict=True)
        ]


@pytest.mark.one_backend
def test_the_suffix_names_the_format_and_records_keep_their_order(score, tmp_path, snvs):
    records = [*snvs(400, 20), *snvs(20, 1), "chr2 40 A C,G"]
    outputs = []
    for suffix in (".tsv", ".parquet", ".vcf", ".vcf.gz", ".bcf"):
        assert score(records, "--allow-mismatch", out=f"out{suffix}")[0] == 0
        outputs.append(scores_in(tmp_path / f"out{suffix}"))
    for other in outputs[1:]:
        assert [row[:3] for row in other] == [row[:3] for row in outputs[0]]
        np.testing.assert_allclose(*[[row[3] or 0 for row in each] for each in (other, outputs[0])], rtol=1e-5)
    assert [row[:2] for row in outputs[0]] == [("chr1", at) for at in (400, 20, 20, 1)] + [("chr2", 40)] * 2
    assert outputs[0][1] == outputs[0][2]


WITHOUT_SCORE = {
    "chr1 20 {0} <DEL>": "symbolic",
    "chr1 20 {0} *": "star",
    "chr1 20 {0} {0}[chr2:7[": "breakend",
    "chr1 20 {0} .": "missing",
    "chr1 20 {0} {0}": "same_as_ref",
    "chr1 20 {0} R": "not_acgt",
    "chr1 20 N A": "not_acgt",
    "chr1 20 {0} " + "ACGTC" * 20_000: "too_long",
    "chr3 1 A C": "other_contig",
    "chr1 690 {1} A": "past_contig_end",
    "chr1 701 A C": "past_contig_end",
    "chr1 20 {2} {0}": "ref_mismatch",
    "chr1 700000000 A C": "past_contig_end",
}


@pytest.mark.one_backend
def test_an_allele_without_score_has_a_reason_and_no_line_is_lost(table, bases, snvs):
    _, _, base, other = snvs(20)[0].split(" ")
    records = [each.format(base, bases["chr1"][689:] + "ACGT", other) for each in WITHOUT_SCORE]
    assert [row[2:] for row in table(records, "--allow-mismatch")] == [(None, why) for why in WITHOUT_SCORE.values()]
    text = [f"chr1 20 {base.lower()} {base}GG,<DEL>,{other.lower()},*"]
    rows = table(text)
    assert [row[3] for row in rows] == ["", "symbolic", "", "star"]
    assert [row[2] is None for row in rows] == [False, True, False, True]
    same = table([f"chr1 20 {base} {other}"])[0][2]
    np.testing.assert_allclose(rows[2][2], same, atol=1e-5)


@pytest.mark.one_backend
def test_the_last_line_counts_the_alleles_with_and_without_score(score, snvs):
    base = snvs(20)[0].split(" ")[2]
    records = [*snvs(10, 20), f"chr1 20 {base} <DEL>,*,<DUP>", f"chr1 20 {base} " + "C" * 99]
    stderr = score(records)[2]
    assert stderr.splitlines()[-1] == "Scored 2 of 6 alleles; no score: 2 symbolic, 1 star, 1 too_long."
    assert stderr.startswith("Weights: ")
    assert "tiny; windows of 64 bases\n" in stderr


@pytest.mark.one_backend
@pytest.mark.parametrize("options", [("--chr-prefix", "add"), ("--aliases", "aliases.tsv")])
def test_names_of_contigs_meet_only_by_an_option(score, table, tmp_path, snvs, options, one_line, names):
    (tmp_path / "aliases.tsv").write_text("1\tchr1\n")
    records = [record.removeprefix("chr") for record in snvs(20, 30)]
    before = names()
    status, _, stderr = score(records)
    assert (status, names()) == (1, sorted({*before, "in.vcf"}))
    assert "the VCF has 1, the FASTA chr1, chr2: give --chr-prefix add" in one_line(stderr)
    assert [row[:3] for row in table(records, *options)] == [row[:3] for row in table(snvs(20, 30))]


@pytest.mark.one_backend
@pytest.mark.parametrize("form", ["no records", "CR LF", "gzip", "many alleles"])
def test_files_of_every_form_are_scored(score, tmp_path, snvs, form, vcf_of):
    records = snvs(20, 30) if form in ("CR LF", "gzip") else []
    if form == "many alleles":
        base = snvs(300)[0].split(" ")[2]
        records = [f"chr1 300 {base} " + ",".join(base + "ACGT"[k % 4] * (1 + k // 4) for k in range(80))]
    content = vcf_of(records).encode()
    content = {"CR LF": content.replace(b"\n", b"\r\n"), "gzip": gzip.compress(content)}.get(form, content)
    status, _, stderr = score(content, out="out.vcf")
    assert status == 0, stderr
    rows = [line for line in (tmp_path / "out.vcf").read_text().splitlines() if line[0] != "#"]
    assert len(rows) == len(records)
    assert all("HDNA_LLR=" in row for row in rows)
    assert f"Scored {80 if 'many' in form else len(records)} of" in stderr


@pytest.mark.one_backend
def test_a_longer_window_needs_an_option_and_memory(score, table, tmp_path, snvs, one_line, monkeypatch, names):
    longer = table(snvs(300), "--window", "96", "--allow-longer")[0][2]
    assert longer != table(snvs(300))[0][2]
    np.testing.assert_allclose(longer, table(snvs(300), "--window", "96", "--allow-longer", "--batch-size", "9")[0][2])
    (tmp_path / "out.tsv").unlink()
    monkeypatch.setattr("hyenadna_backends.device_memory.free_memory", lambda: 1_000_000)
    status, _, stderr = score(snvs(300), "--window", "16777214", "--allow-longer")
    assert "A window of 16,777,214 bases needs about" in one_line(stderr)
    assert "choose a shorter --window, or try it with --batch-size 1." in stderr
    assert (status, names()) == (1, ["in.vcf"])
