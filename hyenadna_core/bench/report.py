"""The results of `hyenadna bench` as text, as a picture, and as the tables of docs/benchmarks.md.

`python -m hyenadna_core.bench.report PAGE RUN.json ...` writes the tables of runs into a page,
between its markers.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hyenadna_core.backend import installed_version
from hyenadna_core.bench.figures import Crossing, Fit, Row, crossings, fits
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import file_written_aside, write_text
from hyenadna_core.markdown import markdown_table
from hyenadna_core.terminal import tab_separated

START, END = "<!-- tables of nox -s bench -->", "<!-- end of tables -->"
HEAD = ("what", "bases", "batch", "channels", "side", "seconds", "quartiles", "bases/s", "peak MB")


def machine(threads: int, backends: Mapping[str, str], beside: int = 0) -> dict[str, Any]:
    """Return everything that times depend on, except the code: processor, threads, versions."""
    names = ("hyenadna", "keras", "numpy", "scipy")
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "threads": threads,
        "busy_processes": beside,
        "backends": dict(backends),
        "versions": {name: number for name in names if (number := installed_version(name))},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def cpu_model() -> str:
    """Return the name of the processor if Linux knows it, else its architecture."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cells(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """Yield the head and the rows of a table, with a column of ratios for each baseline."""
    plain = any(ratio.against.endswith(":plain") for row in rows for ratio in row.ratios)
    others = dict.fromkeys(
        ratio.against
        for row in rows
        for ratio in row.ratios
        if not ratio.against.endswith(":plain") or ratio.against.split(":")[0] != row.side.split(":")[0]
    )
    yield (*HEAD, *(["x own plain"] if plain else []), *(f"x {other}" for other in others))
    for row in rows:
        own = f"{row.side.split(':')[0]}:plain"
        by_side = {ratio.against: str(ratio) for ratio in row.ratios}
        yield (
            label(row),
            f"{row.length:,}",
            str(row.batch_size),
            str(row.channels or "-"),
            row.side,
            row.failure or _seconds(row.median),
            "-" if row.quartiles is None else " to ".join(map(_seconds, row.quartiles)),
            "-" if row.bases_per_second is None else f"{row.bases_per_second:,.0f}",
            peak(row),
            *([by_side.get(own, "-")] if plain else []),
            *(by_side.get(other, "-") for other in others),
        )


def label(row: Row) -> str:
    """Name the thing timed; a convolution runs both ways if the backend has gradients."""
    if row.what != "conv":
        return row.what
    return "conv, both ways" if row.gradients else "conv, forward"


def peak(row: Row) -> str:
    """Return peak memory in millions of bytes: that of the process, then that of the device."""
    both = [value for value in (row.peak_bytes, row.device_peak_bytes) if value is not None]
    return " + ".join(f"{value / 1e6:,.0f}" for value in both) or "-"


def table(rows: Sequence[Row], beside: int = 0) -> str:
    """Return a run as lines: tab-separated times, then sentences.

    They are exponents, crossings, and the number of busy processes `beside`.
    """
    return "\n".join([tab_separated(cells(rows)), *sentences(rows, beside)])


def sentences(rows: Sequence[Row], beside: int) -> list[str]:
    """Return what is said below a table."""
    busy = [f"Measured beside {beside} busy process{'es' * (beside > 1)}."] if beside else []
    return [*map(sentence, fits(rows)), *map(crossing_sentence, crossings(rows)), *busy]


def sentence(one: Fit) -> str:
    """Describe an exponent in one sentence."""
    return f"{one.what}, {one.side}: time grows as bases^{one.exponent:.2f} ({_range(one.lengths)})"


def crossing_sentence(one: Crossing) -> str:
    """Compare a model with a Transformer in one sentence."""
    measured = ", ".join(f"{value:.2f}x at {length:,}" for length, value in sorted(one.ratios.items()))
    where = "the curves do not cross there" if one.crosses_at is None else f"even at about {one.crosses_at:,.0f} bases"
    text = f"{one.what}, {one.side} over {one.against}: {measured}; {where}"
    if one.extrapolated is None:
        return text
    return (
        f"{text}; EXTRAPOLATED, not measured: {one.extrapolated:,.0f}x at {one.extrapolated_to:,} bases, from power "
        "laws through the longest lengths of each"
    )


def draw(path: Path, rows: Sequence[Row]) -> None:
    """Draw time over length: a panel for each thing timed, a line for each contender."""
    from matplotlib.figure import Figure

    panels = list(dict.fromkeys(row.what for row in rows))
    figure = Figure(figsize=(1 + 4.5 * len(panels), 4.5), dpi=120, layout="constrained")
    for axes, what in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for side in dict.fromkeys(row.side for row in rows if row.what == what):
            mine = [row for row in rows if (row.what, row.side) == (what, side) and row.quartiles and row.median]
            per_row = [row.batch_size * (row.channels or 1) for row in mine]
            x, y = [row.length for row in mine], [row.median / n for row, n in zip(mine, per_row, strict=True)]  # type: ignore[operator]
            line = axes.plot(x, y, marker="o", markersize=4, linewidth=1.2, label=side)[0]
            bounds = [[row.quartiles[i] / n for row, n in zip(mine, per_row, strict=True)] for i in (0, 1)]  # type: ignore[index]
            axes.fill_between(x, *bounds, color=line.get_color(), alpha=0.2, linewidth=0)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_title(what)
        axes.set_xlabel("bases")
        axes.set_ylabel("seconds a sequence" + (" and channel" if what == "conv" else "") + ", median and quartiles")
        axes.grid(color="0.9", linewidth=0.8)
        axes.legend(fontsize=8)
    with file_written_aside(path) as file:
        figure.savefig(file, format="png")


def write_page(page: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    """Replace the tables of a page by those of runs, which `--json` wrote.

    Raises:
        HyenaDNAError: the page lacks the markers.
    """
    text = page.read_text(encoding="utf-8")
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise HyenaDNAError(f"{page} has no place for tables: add the lines {START} and {END}.")
    sections = [_machine_sentence([run["machine"] for run in runs])]
    for run in runs:
        rows = rows_of(run)
        sections.append(markdown_table(cells(rows)))
        sections.append("\n".join(f"- {line}" for line in sentences(rows, run["machine"]["busy_processes"])))
    write_text(page, f"{before}{start}\n\n" + "\n\n".join(filter(None, sections)) + f"\n\n{end}{after}")


def rows_of(run: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a run from its JSON."""
    from hyenadna_core.bench.figures import Ratio

    return [Row(**row | {"ratios": [Ratio(**ratio) for ratio in row["ratios"]]}) for row in run["rows"]]


def _machine_sentence(machines: Sequence[Mapping[str, Any]]) -> str:
    first = machines[0]
    backends = {name: text for one in machines for name, text in one["backends"].items()}
    versions = ", ".join(f"{name} {number}" for name, number in first["versions"].items())
    return (
        f"{first['date']}: {first['cpu']}, {first['cores']} cores, {first['threads']} threads a backend, "
        f"{first['platform']}; Python {first['python']}, {versions}; "
        + "; ".join(f"{name} {text}" for name, text in backends.items())
        + "."
    )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _range(lengths: Sequence[int]) -> str:
    return f"{min(lengths):,} to {max(lengths):,}"


if __name__ == "__main__":
    write_page(Path(sys.argv[1]), [json.loads(Path(run).read_text(encoding="utf-8")) for run in sys.argv[2:]])
