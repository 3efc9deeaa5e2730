"""Pictures of a region: the effects of its substitutions, and the dependencies of its bases."""

from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import file_written_aside

BASES = "ACGT"
COMPLEMENT = str.maketrans("ACGTacgt", "TGCAtgca")
COLORS = {"A": "#109648", "C": "#255c99", "G": "#f7b32b", "T": "#d62839"}
NO_TIME: dict[str, dict[str, None]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
STRIP = 200  # bases in a row of the picture of substitutions
LONGEST = 2000  # bases in that picture


def check_picture_path(path: Path, needs_logo: bool = False) -> None:
    """Check the suffix of a picture, and that logomaker is installed if it is needed.

    Raises:
        HyenaDNAError: the suffix is none of .png, .svg and .pdf, or logomaker is missing.
    """
    if path.suffix.lower() not in NO_TIME:
        raise HyenaDNAError(f"{path}: name a picture after its format: {', '.join(NO_TIME)}.")
    if needs_logo:
        try:
            import logomaker  # noqa: F401
        except ImportError:
            raise HyenaDNAError(f"{path} needs logomaker: run pip install 'hyenadna[pictures]'.") from None


def substitution_picture(
    path: Path,
    chrom: str,
    start: int,
    sequence: str,
    effects: np.ndarray,
    *,
    strand: str = "+",
    label: str = "effect (nats)",
) -> None:
    """Draw the effect of each substitution: a logo, a heat map and the mean of each position.

    The height of a letter is minus the mean effect of its substitutions: it stands above the line
    if they lower the likelihood. Long regions take several rows.

    Args:
        start: the position of the first base, 0-based; the picture counts from 1.
        effects: (L, 4) for A, C, G, T; NaN has no colour. The reference base does not count.
        strand: "-" draws the reverse complement, from the last position to the first.

    Raises:
        HyenaDNAError: the region has more than LONGEST bases, or see `check_picture_path`.
    """
    check_picture_path(path, needs_logo=True)
    length = len(sequence)
    if not 0 < length <= LONGEST:
        raise HyenaDNAError(f"{path}: a picture shows 1 to {LONGEST:,} bases, not {length:,}: choose a shorter region.")
    sequence, positions = sequence.upper(), np.arange(start + 1, start + 1 + length)
    if strand == "-":
        sequence, effects, positions = sequence.translate(COMPLEMENT)[::-1], effects[::-1, ::-1], positions[::-1]
    is_reference = np.array([[base == other for other in BASES] for base in sequence])
    effects = np.where(is_reference, np.nan, effects).astype(np.float64)
    counts = (~np.isnan(effects)).sum(axis=1)
    means = np.divide(np.nansum(effects, axis=1), counts, out=np.zeros(length), where=counts > 0)
    columns = -(-length // -(-length // STRIP))
    firsts = range(0, length, columns)
    scales = _symmetric(effects, 99.5), _limits(-means), _limits(means)

    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(6.0, 2.2 + 0.085 * columns), 3.4 * len(firsts) + 0.6), dpi=120, layout="constrained")
    figure.suptitle(f"{chrom}:{start + 1:,}-{start + length:,} ({strand})", fontsize=11)
    strips = figure.subfigures(len(firsts), 1, squeeze=False)[:, 0]
    for first, strip in zip(firsts, strips, strict=True):
        part = slice(first, first + columns)
        _strip(strip, columns, sequence[part], positions[part], effects[part], means[part], scales, label)
    save_picture(figure, path)


def dependency_picture(
    path: Path,
    chrom: str,
    start: int,
    dependencies: np.ndarray,
    *,
    label: str = "largest change of the log-odds (nats)",
) -> None:
    """Draw how a substitution at each base (row) changes the prediction at each other (column).

    The scale is logarithmic, since a few values are far greater than all others; if some values are
    negative, it is linear below the least quarter and symmetric about 0. The diagonal is grey.

    Args:
        start: the position of the first base, 0-based; the picture counts from 1.
        dependencies: (L, L).

    Raises:
        HyenaDNAError: see `check_picture_path`.
    """
    check_picture_path(path)
    from matplotlib.colors import LogNorm, Normalize, SymLogNorm
    from matplotlib.figure import Figure

    values = np.array(dependencies, np.float64)
    np.fill_diagonal(values, np.nan)
    found = np.abs(values[np.isfinite(values) & (values != 0)])
    high = float(found.max(initial=0)) or 1.0
    low = float(np.clip(np.percentile(found, 25) if found.size else high, high / 1000, high / 10))
    norm: Normalize
    if (values < 0).any():
        norm, colors = SymLogNorm(low, vmin=-high, vmax=high), "RdBu_r"
    else:
        norm, colors = LogNorm(low, high, clip=True), "magma"
    figure = Figure(figsize=(7.6, 6.6), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor("0.75")
    edge = start + 0.5
    extent = (edge, edge + len(values), edge + len(values), edge)
    image = axes.imshow(values, cmap=colors, norm=norm, extent=extent, interpolation="nearest")
    figure.colorbar(image, ax=axes, label=label, shrink=0.85, format="%g")
    axes.set_xlabel(f"predicted base, position on {chrom}")
    axes.set_ylabel(f"substituted base, position on {chrom}")
    for axis in (axes.xaxis, axes.yaxis):
        count_in_thousands(axis)
    axes.tick_params(labelsize=8)
    save_picture(figure, path)


def _strip(
    strip: Any,
    columns: int,
    sequence: str,
    positions: np.ndarray,
    effects: np.ndarray,
    means: np.ndarray,
    scales: tuple[float, tuple[float, float], tuple[float, float]],
    label: str,
) -> None:
    """Draw one row of the picture of substitutions: logo, heat map, means."""
    limit, logo_limits, mean_limits = scales
    logo, heat, bars = strip.subplots(3, 1, sharex=True, height_ratios=[1.3, 1, 0.8])
    _draw_logo(logo, sequence, -means)
    logo.set_ylim(logo_limits)
    logo.set_ylabel("- mean effect", fontsize=8)
    image = heat.imshow(effects.T, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    heat.set_facecolor("0.85")
    heat.set_yticks(range(4), list(BASES))
    places = [(x, BASES.index(base)) for x, base in enumerate(sequence) if base in BASES]
    if places:
        heat.plot(*zip(*places, strict=True), "k.", markersize=2.5)
    bar = heat.figure.colorbar(image, ax=heat, pad=0.01, aspect=8)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    bars.bar(np.arange(len(means)), means, width=1.0, color=np.where(means < 0, "#3b6fb6", "#c8553d"))
    bars.axhline(0, color="0.3", linewidth=0.6)
    bars.set_ylim(mean_limits)
    bars.set_ylabel("mean effect", fontsize=8)
    bars.set_xlim(-0.5, columns - 0.5)
    ticks = _round_positions(positions, most=max(2, -(-columns // 12)))
    bars.set_xticks(ticks, [f"{positions[place]:,}" for place in ticks])
    for axes in (logo, heat, bars):
        axes.tick_params(labelsize=7)


def _draw_logo(axes: Any, sequence: str, heights: np.ndarray) -> None:
    import logomaker
    import pandas

    table = pandas.DataFrame({base: np.where([base == one for one in sequence], heights, 0.0) for base in BASES})
    if table.to_numpy().any():
        logomaker.Logo(table, ax=axes, color_scheme=COLORS, baseline_width=0.5, flip_below=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _round_positions(positions: np.ndarray, most: int) -> list[int]:
    """Return the indices of the positions to label: multiples of a round number."""
    steps = (step for step in (1, 2, 5, 10, 20, 50) if len(positions) // step <= most)
    step = next(steps, 100)
    return [place for place, position in enumerate(positions.tolist()) if position % step == 0]


def _symmetric(values: np.ndarray, percentile: float) -> float:
    """Return a limit for colours on both sides of 0, which few values exceed."""
    found = np.abs(values[np.isfinite(values)])
    return float(np.percentile(found, percentile)) or 1.0 if found.size else 1.0


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Return limits of an axis that hold all values and 0."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    margin = 0.05 * (high - low) or 1.0
    return (low - margin if low < 0 else 0.0), (high + margin if high > 0 else 0.0 if low < 0 else 1.0)


def count_in_thousands(axis: Any) -> None:
    """Label an axis of positions with whole numbers, such as 30,191,001."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def save_picture(figure: Any, path: Path) -> None:
    """Write a picture in the format of its suffix; the same picture gives the same bytes."""
    from matplotlib import rc_context

    kind = path.suffix.lower()
    with file_written_aside(path) as file, rc_context({"svg.hashsalt": "hyenadna"}):
        figure.savefig(file, format=kind[1:], metadata=NO_TIME[kind])
