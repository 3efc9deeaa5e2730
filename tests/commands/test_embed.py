"""`hyenadna embed` as it is run."""

import gzip

import numpy as np
import pytest

from hyenadna_core import embed, load
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.vectors.reading import read_vectors

pytestmark = pytest.mark.one_backend
WINDOW = 64


@pytest.fixture
def sequences(fasta):
    """Return the sequences of the BED file."""
    genome = open_genome(fasta)
    texts = [genome.read(*place).tobytes() for place in (("chr1", 0, 50), ("chr1", 100, 270), ("chr2", 0, 10))]
    complement = bytes.maketrans(b"ACGT", b"TGCA")
    return [texts[0], texts[1].translate(complement)[::-1], texts[2]]


def npz(path):
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays}


def test_intervals_have_the_vectors_of_their_sequences(run_embed, bed, fasta, weights, sequences, tmp_path):
    status, stdout, stderr = run_embed(bed, "--fasta", fasta, "--out", "v.npz", "--pool", "mean", "--pool", "max")
    assert (status, stdout) == (0, "")
    assert stderr.splitlines()[-1] == "Written: v.npz"
    arrays = npz(tmp_path / "v.npz")
    assert arrays["names"].tolist() == ["first", "long", "short"]
    places = [arrays[name].tolist() for name in ("chrom", "start", "end", "strand")]
    assert places == [["chr1", "chr1", "chr2"], [0, 100, 0], [50, 270, 10], ["+", "-", "."]]
    for pool in ("mean", "max"):
        expected = embed(load(weights), sequences, pool=pool, window=WINDOW)
        np.testing.assert_allclose(arrays[pool], expected, atol=1e-6, rtol=0)


def test_sequences_of_a_fasta_and_of_tables_have_the_same_vectors(run_embed, bed, fasta, sequences, tmp_path):
    names, texts = ["first", "long", "short"], [text.decode() for text in sequences]
    pairs = list(zip(names, texts, strict=True))
    (tmp_path / "s.fa.gz").write_bytes(gzip.compress("".join(f">{n} about\n{t}\n" for n, t in pairs).encode()))
    (tmp_path / "s.csv").write_text("gene,dna,label\n" + "".join(f"{n},{t},1\n" for n, t in pairs))
    assert run_embed("s.fa.gz", "--out", "fasta.npz")[0] == 0
    assert run_embed("s.csv", "--out", "table.npz", "--name-column", "gene")[0] == 0
    assert run_embed(bed, "--fasta", fasta, "--out", "bed.npz")[0] == 0
    expected = npz(tmp_path / "bed.npz")
    for name in ("fasta.npz", "table.npz"):
        arrays = npz(tmp_path / name)
        assert (arrays["names"].tolist(), arrays["length"].tolist()) == (names, [50, 170, 10])
        np.testing.assert_array_equal(arrays["mean"], expected["mean"])
    assert run_embed("s.csv", "--out", "numbers.npz")[0] == 0
    assert npz(tmp_path / "numbers.npz")["names"].tolist() == ["1", "2", "3"]


def test_a_csv_with_labels_goes_through_probe(run_embed, cli, random_bases, tmp_path):
    rows = [f"{random_bases(40, seed)},{'ab'[seed % 2]}\n" for seed in range(40)]
    (tmp_path / "s.csv").write_text("sequence,label\n" + "".join(rows))
    assert run_embed("s.csv", "--out", "v.npz")[0] == 0
    status, stdout, stderr = cli("probe", "v.npz", "s.csv", "--model", "linear", "--sequences", "s.csv")
    assert (status, len(stdout.splitlines())) == (0, 4)
    assert "s.csv has no column name or id: its rows have the names 1, 2, 3, ..." in stderr
    assert "40 rows, 8 numbers each, 2 classes." in stderr


def test_all_layers_with_the_last_one_first(run_embed, bed, fasta, weights, sequences, tmp_path):
    anndata = pytest.importorskip("anndata", reason="anndata is not installed")
    assert run_embed(bed, "--fasta", fasta, "--out", "v.h5ad", "--layer", "all", "--strand", "+")[0] == 0
    read = anndata.read_h5ad(tmp_path / "v.h5ad")
    np.testing.assert_allclose(read.X, embed(load(weights), sequences, strand="+", window=WINDOW), atol=1e-6)
    first = embed(load(weights), sequences, layer=0, strand="+", window=WINDOW)
    np.testing.assert_allclose(read.obsm["mean_layer0"], first, atol=1e-6)
    assert (list(read.obsm), read.uns["hyenadna"]["layer"]) == (["mean_layer0"], "[1, 0]")
    assert read.uns["hyenadna"]["vectors"] == '["mean_layer1", "mean_layer0"]'
    np.testing.assert_array_equal(read_vectors(tmp_path / "v.h5ad", "mean_layer1").values, read.X)


def test_each_base_has_a_vector(run_embed, tmp_path):
    (tmp_path / "s.fa").write_text(">a\nACGT\n>b\nGGG\n")
    assert run_embed("s.fa", "--out", "v.npz", "--pool", "none")[0] == 0
    arrays = npz(tmp_path / "v.npz")
    assert arrays["names"].tolist() == ["a:0", "a:1", "a:2", "a:3", "b:0", "b:1", "b:2"]
    assert arrays["sequence"].tolist() == list("aaaabbb")
    assert arrays["position"].tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert run_embed("s.fa", "--out", "mean.npz")[0] == 0
    np.testing.assert_allclose(arrays["state"][:4].mean(axis=0), npz(tmp_path / "mean.npz")["mean"][0], atol=1e-6)


VCF = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=660>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
"""


def test_variants_have_ref_alt_and_their_difference(run_embed, fasta, weights, tmp_path):
    bases = open_genome(fasta).read("chr1", 0, 660).tobytes().decode()
    ref = bases[150:152]
    alt = "ACGT"[("ACGT".index(ref[0]) + 1) % 4]
    deletion = f"chr1\t151\t.\t{ref}\t{ref[0]},<DEL>\t.\t.\t.\n"
    snv = f"chr1\t151\trs1\t{ref[0]}\t{alt}\t.\t.\t.\n"
    (tmp_path / "v.vcf").write_text(VCF + snv + snv + deletion)
    options = ("--vcf", "v.vcf", "--fasta", fasta, "--pool", "mean", "--pool", "variant")
    status, _, stderr = run_embed(*options, "--out", "v.npz")
    assert status == 0
    assert f"Left out 2 of 4: symbolic in 1 (first chr1:151:{ref}:<DEL>), repeated allele in 1" in stderr
    arrays = npz(tmp_path / "v.npz")
    assert arrays["names"][0] == f"chr1:151:{ref[0]}:{alt}"
    assert (arrays["start"][0], arrays["record"].tolist()) == (150, [0, 2])
    start, end = arrays["window_start"][0], arrays["window_end"][0]
    assert end - start == WINDOW
    assert start < 150 - 16 < 150 + 16 < end
    windows = [bases[start:150] + base + bases[151:end] for base in (ref[0], alt)]
    of_ref, of_alt = embed(load(weights), windows, window=WINDOW)
    np.testing.assert_allclose(arrays["ref_mean"][0], of_ref, atol=1e-6)
    np.testing.assert_allclose(arrays["alt_mean"][0], of_alt, atol=1e-6)
    for pool in ("mean", "variant"):
        difference = arrays[f"alt_{pool}"] - arrays[f"ref_{pool}"]
        np.testing.assert_array_equal(arrays[f"difference_{pool}"], difference)
        assert np.abs(difference).max() > 1e-4


def test_rows_without_a_vector_are_counted(run_embed, tmp_path):
    (tmp_path / "s.fa").write_text(">a\nACGT\n>b\n\n>c\nNNNN\n>d\nTTT\n")
    status, _, stderr = run_embed("s.fa", "--out", "v.npz")
    line = "Left out 2 of 4: the sequence is empty in 1 (first b), the sequence has no A, C, G or T in 1 (first c)."
    assert (status, line in stderr) == (0, True)
    assert npz(tmp_path / "v.npz")["names"].tolist() == ["a", "d"]


TWICE = "give each its own name"
NAMED = "Name one file to embed: SEQUENCES, or --vcf FILE with --fasta GENOME."
WRONG = {
    "nothing": ([], NAMED),
    "two": (["s.fa", "--vcf", "v.vcf"], NAMED),
    "bed": (["twice.bed"], "twice.bed has positions but no bases: give its genome with --fasta."),
    "vcf": (["v.vcf.gz"], "v.vcf.gz has variants: give it as --vcf v.vcf.gz, with its genome as --fasta."),
    "fasta": (["s.fa", "--fasta", "s.fa"], "--fasta is for intervals and variants, and s.fa has records of a FASTA"),
    "missing": (["no.fa"], "Cannot read no.fa"),
    "suffix": (["s.txt.zip", "--fasta", "s.fa"], "s.txt.zip: name the file after its format: .fa, "),
    "zip": (["s.fa.zip"], "s.fa.zip is a ZIP archive, as .xlsx files are, which is not read: unpack it"),
    "column": (["s.fa", "--name-column", "x"], "--name-column is for rows of a table, and s.fa has records of a FASTA"),
    "place": (["s.csv", "--name-by-place"], "--name-by-place is for intervals, and s.csv has rows of a table"),
    "prefix": (
        ["twice.bed", "--fasta", "s.fa", "--chr-prefix", "add"],
        "--chr-prefix is for variants, and twice.bed has",
    ),
    "empty": (["empty.fa"], "empty.fa has no sequence that can have a vector: it has no rows."),
    "only N": (
        ["n.fa"],
        "n.fa has no sequence that can have a vector: the sequence has no A, C, G or T in 1 (first c).",
    ),
    "twice": (["twice.fa"], f"twice.fa: a name is used twice, first a: {TWICE}."),
    "character": (["odd.fa"], "odd.fa, row a: the sequence has the character '!'"),
    "protein": (["protein.fa"], "protein.fa, row p: 'L' is no base: check that it is DNA, not a protein."),
    "layer": (["s.fa", "--layer", "5"], "The model has no layer 5: choose 0 (the embedding) to 1 (the last)."),
    "pool": (["s.fa", "--pool", "variant"], "The pooling variant is for the alleles of a VCF"),
    "overlap": (["s.fa", "--overlap", "64"], "An overlap of 64 leaves no new base of a window of 64"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_line_and_leaves_nothing(run_embed, one_line, tmp_path, case):
    files = {"s.fa": ">a\nACGT\n", "empty.fa": "", "n.fa": ">c\nNN\n", "twice.fa": ">a\nA\n>b\nC\n>a\nG\n"}
    files |= {"odd.fa": ">a\nAC!\n", "s.txt.zip": "", "twice.bed": "chr1\t0\t5\n", "s.csv": "name,seq\na,ACGT\n"}
    files |= {"v.vcf.gz": "", "s.fa.zip": "PK\3\4", "protein.fa": ">p\nMKVLAAGIVG\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    words, message = WRONG[case]
    assert one_line(run_embed(*words, "--out", "v.npz")[2]).startswith(f"Error: {message}")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)


def test_intervals_are_named_by_place_on_demand(run_embed, one_line, fasta, tmp_path):
    (tmp_path / "i.bed").write_text("chr1\t0\t5\tsame\nchr1\t9\t12\tsame\nchr2\t0\t4\tsame\t0\t-\n")
    words = ("i.bed", "--fasta", fasta, "--out", "v.npz")
    expected = (
        "Error: i.bed: 2 names are used twice, first same: give each its own name in column 4, or add --name-by-place; "
    )
    assert one_line(run_embed(*words)[2]) == f"{expected}of equal intervals, keep one of them."
    assert run_embed(*words, "--name-by-place")[0] == 0
    assert npz(tmp_path / "v.npz")["names"].tolist() == ["chr1:0-5", "chr1:9-12", "chr2:0-4(-)"]


def test_missing_sequences_of_a_table_are_left_out(run_embed, tmp_path):
    (tmp_path / "s.csv").write_text("name,sequence\na,ACGT\nb,NA\nc,nan\nd,N/A\ne,\n")
    status, _, stderr = run_embed("s.csv", "--out", "v.npz")
    assert status == 0
    assert "Left out 4 of 5: the sequence is NA, which stands for a missing value in 1 (first b), " in stderr
    assert npz(tmp_path / "v.npz")["names"].tolist() == ["a"]


def test_a_null_character_in_parquet_is_one_line(run_embed, one_line, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    from pyarrow import table

    parquet.write_table(table({"name": ["a\0", "b"], "sequence": ["AC", "GT"]}), tmp_path / "s.parquet")
    line = "Error: s.parquet: the column name has a NUL character in 'a\\x00': remove it."
    assert one_line(run_embed("s.parquet", "--out", "v.h5ad")[2]) == line


def test_the_command_offers_each_pooling():
    from hyenadna_core.commands.embed import command
    from hyenadna_core.inference.pooling import BASES, POOLINGS

    (pool,) = [option for option in command.params if option.name == "pool"]
    assert set(pool.type.choices) == {*POOLINGS, BASES}
