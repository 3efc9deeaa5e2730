from types import SimpleNamespace

from hyenadna_biotype.figures import SHOWN
from hyenadna_biotype.report import described, published, six_digits, write_report, write_rows


def test_published_figures_are_named_as_measured_on_other_data(tmp_path):
    assert published()[3] == ["HyenaDNA", "7M", "160,000", "0.720"]
    selection = SimpleNamespace(lines=["40 genes of 2 biotypes in a.gtf:", "  x: 20 on 1"])
    settings = SimpleNamespace(preset=None, weights=None, fasta=[tmp_path / "g.fa"], gtf=tmp_path / "a.gtf")
    settings.overlap, settings.block_size = 0, 5_000_000
    figures = {f"{name}{end}": 0.25 for name in (*SHOWN, "difference") for end in ("", "_low", "_high")}
    rows = [{"split": "block", "model": "logistic", "minus": "k-mers, logistic", **figures}]
    probe = {"folds": [{"name": "1", "held_out": 1_040}], "bootstrap": {"clusters": 12, "of": "blocks"}}
    probe["models"] = {"logistic": {"folds": [{SHOWN[0]: 0.125}]}}
    write_report(
        tmp_path / "r.md", settings, 1024, selection, {"block": probe}, rows, {"block": [{"biotype": "x", "m": 0.5}]}
    )
    text = (tmp_path / "r.md").read_text()
    assert "- weights: human-chr20-1k (small, trained by us on human chromosome 20 alone)\n" in text
    assert "## Held out by block\n" in text
    assert "- chunks: 1,024 bases, which share 0" in text
    assert "Blocks of 5,000,000 bases are held out." in text
    assert "Folds: 1 (1,040 genes). Intervals: 12 blocks." in text
    assert "| model | weighted F1 | accuracy | mcc | f1 | auroc | weighted F1 minus that of k-mers, logistic |" in text
    assert "+0.250 (+0.250 to +0.250) |" in text
    assert "| x | 0.500 |" in text
    assert "| model | 1 |\n| --- | ---: |\n| logistic | 0.125 |" in text
    assert text.index("measured on other data") < text.index("| DNABERT | 110M | 512 | 0.646 |")


def test_rows_are_written_with_six_digits_and_empty_cells(tmp_path):
    write_rows(tmp_path / "r.tsv", [{"name": "a", "value": 0.123456789, "low": None}])
    assert (tmp_path / "r.tsv").read_text() == "name\tvalue\tlow\na\t0.123457\t\n"


def test_weights_of_a_path_are_only_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert described("runs/mine") == "runs/mine"
    (tmp_path / "human-chr20-1k").mkdir()  # is read instead of the preset
    assert described("human-chr20-1k") == "human-chr20-1k"


def test_printed_rows_have_six_digits():
    assert six_digits([{"a": "x", "b": 0.123456789, "c": None}]) == [{"a": "x", "b": 0.123457, "c": None}]
