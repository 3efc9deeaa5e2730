"""The picture of a track: its values in a region, and the genes below them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.annotation import Feature
from hyenadna_core.inference.pictures import check_picture_path, count_in_thousands, save_picture

POINTS = 2000  # with more bases, a point stands for several
LABELLED_GENES = 60


def track_picture(
    path: Path,
    chrom: str,
    start: int,
    values: np.ndarray,
    exons: Sequence[Feature] = (),
    *,
    label: str = "log-likelihood (nats)",
) -> None:
    """Draw the values of a region, their running mean, and below them the exons of its genes.

    With more than POINTS bases, a band from the 5th to the 95th percentile stands for the values.

    Args:
        start: the position of the first base, 0-based; the picture counts from 1.
        values: (n,); NaN leaves a gap.

    Raises:
        HyenaDNAError: the region has no bases, or see `check_picture_path`.
    """
    check_picture_path(path)
    if not len(values):
        raise HyenaDNAError(f"{path}: a region without bases has no picture: choose a longer region.")
    from matplotlib.figure import Figure

    genes = _placed(exons, start, start + len(values))
    tall = max((gene.row for gene in genes), default=-1) + 1
    figure = Figure(figsize=(13, 3.4 + 0.24 * tall), dpi=120, layout="constrained")
    heights = [3.0, max(0.3, 0.24 * tall)]
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=heights) if genes else (figure.add_subplot(), None)
    _draw_values(upper, start, np.asarray(values, np.float64))
    upper.set_ylabel(label)
    upper.set_title(f"{chrom}:{start + 1:,}-{start + len(values):,}", fontsize=11)
    upper.set_xlim(start + 0.5, start + len(values) + 0.5)
    if lower is not None:
        _draw_genes(lower, genes)
    last = upper if lower is None else lower
    count_in_thousands(last.xaxis)
    last.set_xlabel(f"position on {chrom}")
    save_picture(figure, path)


def _draw_values(axes: Any, start: int, values: np.ndarray) -> None:
    """Draw the values, or their spread in bins, and the mean of a window of a hundredth of them."""
    bins = min(len(values), POINTS)
    edges = np.linspace(0, len(values), bins + 1).astype(int)
    middles = start + 0.5 + (edges[1:] + edges[:-1]) / 2
    there = ~np.isnan(values)
    sums = np.add.reduceat(np.where(there, values, 0.0), edges[:-1])
    counts = np.add.reduceat(there.astype(float), edges[:-1])
    if len(values) > POINTS:
        low, high = np.full((2, bins), np.nan)
        for place in np.flatnonzero(counts):
            inside = values[edges[place] : edges[place + 1]]
            low[place], high[place] = np.nanpercentile(inside, (5, 95))
        axes.fill_between(middles, low, high, color="0.8", linewidth=0, label="5 to 95 % of the bases")
    else:
        axes.plot(middles, values, ".-", color="0.7", linewidth=0.6, markersize=2, label="each base")
    window = max(1, bins // 100)
    ones = np.ones(window)
    with np.errstate(invalid="ignore", divide="ignore"):
        smooth = np.convolve(sums, ones, "same") / np.convolve(counts, ones, "same")
    smooth[counts == 0] = np.nan
    bases = window * len(values) / bins
    axes.plot(middles, smooth, color="tab:blue", linewidth=1.3, label=f"mean of {bases:,.0f} bases")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncol=2, frameon=False, fontsize=8)  # beside the title


class _Gene(NamedTuple):
    """A gene below a track: the ends of its line, and where its label ends or begins."""

    name: str
    strand: str
    exons: list[Feature]
    first: int
    last: int
    row: int
    label: float
    alignment: str  # "left": the label begins there


def _placed(exons: Sequence[Feature], start: int, end: int) -> list[_Gene]:
    """Place the genes of a region in rows so that no gene and no label overlaps another."""
    parts: dict[tuple[str, str], list[Feature]] = {}
    for exon in exons:
        if exon.start < end and exon.end > start:
            parts.setdefault((exon.gene, exon.strand), []).append(exon)
    letter = (end - start) / 170  # about as wide as a letter of the labels
    free: list[float] = []  # where each row is free again
    genes = []
    for (name, strand), group in sorted(parts.items(), key=lambda item: min(exon.start for exon in item[1])):
        first, last = max(min(exon.start for exon in group), start), min(max(exon.end for exon in group), end)
        width = letter * (len(name) + 4)
        sides = [(first, last + width, last, "left"), (first - width, last, first, "right"), (first, end, end, "right")]
        fitting = (side for side in sides if start <= side[0] and side[1] <= end)  # the third covers the gene
        left, right, label, alignment = next(fitting)
        row = next((row for row, place in enumerate(free) if place <= left), len(free))
        free[row : row + 1] = [right]
        genes.append(_Gene(name, strand, group, first, last, row, label, alignment))
    return genes


def _draw_genes(axes: Any, genes: Sequence[_Gene]) -> None:
    for gene in genes:
        color, arrow = ("#8c3b2a", "<") if gene.strand == "-" else ("#1f4e79", ">")
        axes.plot([gene.first + 0.5, gene.last + 0.5], [gene.row, gene.row], color=color, linewidth=0.8)
        boxes = [(exon.start + 0.5, exon.end - exon.start) for exon in gene.exons]
        axes.broken_barh(boxes, (gene.row - 0.28, 0.56), color=color, linewidth=0.6)
        if len(genes) <= LABELLED_GENES:
            text = f" {gene.name} {arrow} "
            settings: dict[str, Any] = {"va": "center", "ha": gene.alignment, "fontsize": 7, "color": color}
            if gene.alignment == "right" and gene.label > gene.first:  # it covers the gene
                settings["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8}
            axes.text(gene.label, gene.row, text, clip_on=True, **settings)
    axes.set_ylim(max(gene.row for gene in genes) + 0.6, -0.6)
    axes.set_yticks([])
    axes.set_ylabel("exons", fontsize=8)
