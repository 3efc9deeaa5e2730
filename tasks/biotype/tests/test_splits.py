import json
from types import SimpleNamespace

import pytest
from hyenadna_biotype.run import Settings
from hyenadna_biotype.selection import Wanted, select
from hyenadna_biotype.splits import PROBE, about, divided, is_finished, probe_split, sha256, splits_of

from hyenadna_core import HyenaDNAError


def selection_of(*places):
    return SimpleNamespace(genes=[SimpleNamespace(chrom=chrom, start=start) for chrom, start in places])


def test_splits_by_default_are_those_that_the_genes_allow(capsys, tmp_path):
    settings = Settings(tmp_path, [tmp_path], None, block_size=100)
    assert splits_of(settings, selection_of(("1", 0), ("2", 0))) == ["chromosome", "block", "stratified"]
    assert capsys.readouterr().err == ""
    assert splits_of(settings, selection_of(("1", 99), ("1", 100))) == ["block", "stratified"]
    assert "All genes are on one contig: there is no split by chromosome." in capsys.readouterr().err
    assert splits_of(settings, selection_of(("1", 0), ("1", 99))) == ["stratified"]
    assert "All genes are in one block of 100 bases: there is no split by block." in capsys.readouterr().err


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
