"""The files of a TraitGym run: table.tsv, summary.tsv, scores.tsv, summary.md, summary.png."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.kept_parts import JOB
from hyenadna_benchmarks.row_files import markdown, write_lines, write_rows
from hyenadna_benchmarks.traitgym.benchmark import KEPT, Result
from hyenadna_benchmarks.traitgym.picture import draw
from hyenadna_benchmarks.traitgym.variants import LabelledVariants

FILES = ("table.tsv", "summary.tsv", "scores.tsv", "summary.md", "summary.png")
OUTPUTS = (*FILES, f"{KEPT}/{JOB}")  # of a run, without the parts
METHOD = (
    "AUPRC is computed in each block; `auprc` is their mean, weighted by the number of variants, and `se` the "
    "standard deviation of this mean over 1,000 draws of whole blocks. `auprc_of_all` takes all variants at once.",
    "`chance` is the share of positives. In a small block even a random order has a higher AUPRC: `random_order` is "
    "the exact mean over all orders. `above_random` is the difference of a score from the exact mean over all "
    "permutations of the labels in the same blocks. It is `random_order` for a score without ties, and `chance` for a "
    "constant one. `low` and `high` are the 95 % interval of the difference over these draws. With fewer than about "
    "ten blocks, the interval is rough.",
    "The scores and the weights are those of TraitGym (Benegas, Eraslan and Song 2025, "
    "AUPRC_by_chrom_weighted_average). `minus` and `plus` are the published signs: a lower or a higher value is "
    "taken to be causal.",
)


def write_report(folder: Path, variants: LabelledVariants, result: Result, settings: Mapping[str, Any]) -> None:
    """Write the files of a run into a folder."""
    write_rows(folder / FILES[0], result.rows)
    write_rows(folder / FILES[1], result.summary)
    write_rows(folder / FILES[2], _scores(variants, result))
    write_lines(folder / FILES[3], _page(result, settings))
    draw(folder / FILES[4], result.rows, result.summary)


def _page(result: Result, settings: Mapping[str, Any]) -> list[str]:
    lines = ["# Variants with labels, by block", ""]
    lines += [f"- {name}: {value}" for name, value in settings.items()]
    lines += [f"- {note}" for note in result.notes]
    lines += ["", markdown(result.summary), ""]
    for paragraph in METHOD:
        lines += [paragraph, ""]
    return [*lines, f"![AUPRC by block]({FILES[4]})", "", markdown(result.rows)]


def _scores(variants: LabelledVariants, result: Result) -> Sequence[Mapping[str, Any]]:
    """Return a row for each variant; one without score has the reason."""
    rows, number = [], 0
    for place, label, reason, ok in zip(
        variants.places, variants.labels, variants.reasons, variants.scored, strict=True
    ):
        row: dict[str, Any] = dict(zip(("chrom", "pos", "ref", "alt"), place, strict=True))
        row |= {"label": int(label), "no_score": None if ok else reason}
        row["block"] = result.blocks[number] if ok else None
        row |= {name: float(values[number]) if ok else None for name, values in result.scores.items()}
        number += int(ok)
        rows.append(row)
    return rows
