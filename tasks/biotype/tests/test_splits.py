import json
from dataclasses import replace

import numpy as np
import pytest
from hyenadna_biotype.genome import GenomeFiles
from hyenadna_biotype.options import SPLITS
from hyenadna_biotype.run import Settings
from hyenadna_biotype.selection import Wanted, select
from hyenadna_biotype.splits import PROBE, about, divided, folds_of, is_finished, probe_split, sha256

from hyenadna_core import HyenaDNAError


@pytest.fixture
def selected(annotation, fasta):
    """Return a function that selects genes of 10 bases: (contig, number on it, biotype)."""

    def of(*places):
        random = np.random.default_rng(0)
        contigs = {name: "".join(random.choice(list("ACGT"), 2_000)) for name, *_ in places}
        genes = [(chrom, 1 + 20 * number, 10 + 20 * number, "+", kind) for chrom, number, kind in places]
        return select(annotation(genes), GenomeFiles([fasta(contigs)]), Wanted(fewest=1))

    return of


def contig(name, kinds):
    return [(name, number, kind) for number, kind in enumerate(kinds)]


def test_splits_by_default_are_those_that_the_genes_allow(selected, capsys, tmp_path):
    settings = Settings(tmp_path, [tmp_path], None, block_size=100, folds=2)
    assert list(folds_of([], settings, selected(*contig("1", "ab" * 20), *contig("2", "ab" * 20)))) == list(SPLITS)
    assert "Left out" not in capsys.readouterr().err
    assert list(folds_of([], settings, selected(*contig("1", "ab" * 20)))) == ["block", "stratified"]
    error = capsys.readouterr().err
    assert "Left out the split by chromosome: --split chromosome needs two groups, but all rows are in 1: " in error
    assert list(folds_of([], settings, selected(*contig("1", "abab")))) == ["stratified"]
    assert "Left out the split by block: --split block needs two groups" in capsys.readouterr().err


def test_a_split_that_leaves_one_biotype_to_train_on_is_left_out(selected, capsys, tmp_path):
    settings = Settings(tmp_path, [tmp_path], None, block_size=100)
    genes = selected(*contig("chr1", "pt" * 20), *contig("plasmid", "p" * 20))
    assert list(folds_of([], settings, genes)) == ["block", "stratified"]
    error = capsys.readouterr().err
    assert error.count("Left out the split by chromosome: Fold chr1 leaves rows of 1 class to train on, 'p': ") == 1
    with pytest.raises(HyenaDNAError, match=r"^Fold chr1 leaves rows of 1 class to train on, 'p': "):
        folds_of([], replace(settings, splits=["chromosome"]), genes)


def test_a_split_that_is_finished_is_not_divided_again(selected, tmp_path):
    settings = Settings(tmp_path, [tmp_path], None, block_size=100)
    genes = selected(*contig("1", "ab" * 20))
    assert folds_of(["block"], settings, genes).keys() == {"block", "stratified"}
    assert folds_of(["block"], settings, genes)["block"] is None
    named = replace(settings, splits=["stratified", "block", "block"])
    assert list(folds_of(["block"], named, genes)) == ["stratified", "block"]


def test_without_any_split_the_line_has_all_reasons(selected, tmp_path):
    settings = Settings(tmp_path, [tmp_path], None)
    message = r"^No split can be made\. By chromosome: --split .* By block: .* At random \(stratified\): Fold 1 leaves"
    with pytest.raises(HyenaDNAError, match=message):
        folds_of([], settings, selected(*contig("1", "ab")))


def test_folds_are_made_from_the_genes(annotation, genome, tmp_path):
    genes = [("chr1", 1 + 20 * number, 9 + 21 * number, "+", "ab"[number % 2]) for number in range(16)]
    selection = select(annotation(genes), genome, Wanted(fewest=1))
    settings = Settings(tmp_path, [tmp_path], None, block_size=40, folds=4)
    folds = divided("block", settings, selection)
    blocks = [gene.start // 40 for gene in selection.genes]
    for fold in folds.folds:
        assert not {blocks[row] for row in fold.held_out.nonzero()[0]} & {
            blocks[row] for row in fold.train.nonzero()[0]
        }
    assert len(folds.folds) == 4
    with pytest.raises(HyenaDNAError, match=r"--split block needs two groups, .*: give a smaller --block-size\."):
        divided("block", Settings(tmp_path, [tmp_path], None), selection)


def test_a_split_is_finished_with_all_files_of_these_settings_and_vectors(tmp_path, monkeypatch):
    settings = Settings(tmp_path, [tmp_path], None)
    folder, vectors = tmp_path / "block", tmp_path / "v.npz"
    folder.mkdir()
    vectors.write_bytes(b"1")
    for name in PROBE:
        (folder / name).write_text("old")
    inputs = {"vectors": {"sha256": sha256(vectors)}}
    (folder / "probe.json").write_text(
        json.dumps({"models": {}, "settings": about("block", settings), "inputs": inputs})
    )
    assert is_finished(folder, vectors, settings)
    assert not is_finished(folder, vectors, Settings(tmp_path, [tmp_path], None, trees="xgboost"))
    assert not is_finished(folder, tmp_path / "none.npz", settings)
    vectors.write_bytes(b"2")
    assert not is_finished(folder, vectors, settings)

    def stops(*_, out, **__):
        (out / "probe.json").write_text("new")
        raise KeyboardInterrupt

    monkeypatch.setattr("hyenadna_biotype.splits.probe_file", stops)
    with pytest.raises(KeyboardInterrupt):
        probe_split(folder, [vectors, vectors, vectors], None, settings, "boosting", None)
    assert not is_finished(folder, vectors, settings)
