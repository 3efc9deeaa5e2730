"""The report of a run: tables of rows, and a page in Markdown beside published figures."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from hyenadna_biotype.figures import SHOWN
from hyenadna_biotype.options import SPLITS
from hyenadna_core import HyenaDNAError, file_written_aside, find_preset, markdown_table, tab_separated

Row = Mapping[str, Any]  # text, numbers and None by the names of columns
WEIGHTS = "human-chr20-1k"
HELD_OUT = {
    "chromosome": "Whole chromosomes are held out.",
    "block": "Blocks of {:,} bases are held out. A gene that shares bases with a gene held out is not trained on.",
    "stratified": "Genes are held out at random. **This leaks**: homologous and overlapping genes are on both sides.",
}
METHOD = (
    "Vectors are the mean hidden states of the bases of a gene, on its strand. `logistic` and the boosted trees read "
    "only these vectors. `k-mers, logistic` counts k-mers of the same bases, and `length, logistic` reads only the "
    "logarithm of the length of the whole gene.",
    "Weighted F1 is the mean F1 of the biotypes, weighted by their genes. Intervals are 95 %, from a bootstrap of "
    "whole blocks (of genes, if there are fewer than ten blocks). They show the uncertainty from the sample of genes.",
)
PUBLISHED = (
    "Published weighted F1 (Nguyen et al. 2023, table 4.4), **measured on other data**: the ten most frequent biotypes "
    "of Ensembl in the whole human genome, by pretrained models and xgboost. They cannot be compared with the figures "
    "above."
)


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows with the same keys as a tab-separated table; None is an empty cell."""
    write_lines(path, [tab_separated([list(rows[0]), *([_text(value) for value in row.values()] for row in rows)])])


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines of text; each gets its end."""
    with file_written_aside(path) as aside:
        aside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")


def write_report(
    path: Path,
    settings: Any,
    window: int,
    selection: Any,
    probes: Mapping[str, Mapping[str, Any]],
    rows: Sequence[Row],
    by_biotype: Mapping[str, Sequence[Row]],
) -> None:
    """Write the page of a run, whose model read `window` bases at once."""
    weights = f"random, of the shape {settings.preset}" if settings.preset else described(settings.weights or WEIGHTS)
    genome = ", ".join(each.name for each in settings.fasta)
    lines = ["# Biotypes of genes", "", f"- annotation: {settings.gtf.name}", f"- genome: {genome}"]
    lines += [f"- weights: {weights}", f"- chunks: {window:,} bases, which share {settings.overlap:,}"]
    lines += [f"{'  ' * line.startswith(' ')}- {line.strip()}" for line in selection.lines] + [""]
    for paragraph in METHOD:
        lines += [paragraph, ""]
    for split, probe in probes.items():
        folds = "; ".join(f"{fold['name']} ({fold['held_out']:,} genes)" for fold in probe["folds"])
        lines += [f"## Held out {SPLITS[split]}", "", HELD_OUT[split].format(settings.block_size), ""]
        lines += [f"Folds: {folds}. Intervals: {probe['bootstrap']['clusters']:,} {probe['bootstrap']['of']}.", ""]
        lines += [figure_table([row for row in rows if row["split"] == split]), ""]
        lines += ["Weighted F1 of each fold, trained on the other folds:", "", fold_table(probe), ""]
        lines += [f"![Figures and confusion matrix]({split}/probe.png)", "", "F1 of each biotype:", ""]
        lines += [biotype_table(by_biotype[split]), ""]
    lines += ["## Map", "", "![t-SNE of the vectors, coloured by biotype](tsne.png)", ""]
    lines += ["## Published figures", "", PUBLISHED, "", markdown_table(published())]
    write_lines(path, lines)


def described(weights: str) -> str:
    """Return the name of weights, with the sentence of their preset if they are one."""
    if Path(weights).exists():
        return weights
    try:
        return f"{weights} ({find_preset(weights).source})"
    except HyenaDNAError:
        return weights


def six_digits(rows: Iterable[Row]) -> list[Row]:
    """Return rows whose numbers have six digits."""
    return [{key: float(_text(value)) if isinstance(value, float) else value for key, value in r.items()} for r in rows]


def figure_table(rows: Sequence[Row]) -> str:
    """Return the figures of a split in Markdown, with intervals."""
    head = ["model", "weighted F1", *SHOWN[1:], f"weighted F1 minus that of {rows[0]['minus']}"]
    table = [[row["model"], *(_cell(row, name) for name in SHOWN), _cell(row, "difference", "+")] for row in rows]
    return markdown_table([head, *table])


def fold_table(probe: Mapping[str, Any]) -> str:
    """Return the weighted F1 of each fold and model in Markdown."""
    names = [fold["name"] for fold in probe["folds"]]
    rows = [
        [model, *(f"{figures[SHOWN[0]]:.3f}" for figures in about["folds"])] for model, about in probe["models"].items()
    ]
    return markdown_table([["model", *names], *rows], range(1, len(names) + 1))


def biotype_table(rows: Sequence[Row]) -> str:
    """Return the F1 of each biotype in Markdown."""
    cells = [[f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()] for row in rows]
    return markdown_table([list(rows[0]), *cells], range(1, len(rows[0])))


def published() -> list[list[str]]:
    """Return the table of published figures; its first row is its head."""
    text = (files("hyenadna_biotype") / "published.tsv").read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines(), delimiter="\t"))


def _cell(row: Row, name: str, sign: str = "") -> str:
    value, low, high = (row[key] for key in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return ""
    return f"{value:{sign}.3f}" + ("" if low is None else f" ({low:{sign}.3f} to {high:{sign}.3f})")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
