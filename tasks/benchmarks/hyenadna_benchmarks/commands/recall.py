"""`hyenadna benchmark recall`."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from hyenadna_benchmarks.language_model import UNTRAINED
from hyenadna_benchmarks.runner.contenders import PRESET
from hyenadna_core import GivenPath, HyenaDNAError, InputPath

LONGEST_ENTRY = 1000  # bases of a key or a value


def _distances(_context: click.Context, _option: click.Parameter, text: str | None) -> list[int] | None:
    """Return the numbers of --distances in order."""
    if text is None:
        return None
    numbers = [each.strip().replace("_", "") for each in text.split(",")]
    if not all(each.isascii() and each.isdigit() for each in numbers):
        raise click.BadParameter(f"{text!r} is no list of whole numbers, such as 64,256,1024.")
    return sorted(set(map(int, numbers)))


@click.command("recall")
@click.option(
    "--weights",
    default="human-chr20-1k",
    show_default=True,
    metavar="W,W2,none",
    help="Weights to measure; none for the untrained model of --preset alone.",
)
@click.option("--preset", help=f"Architecture of the model of `--weights none`.  [default: {PRESET}]")
@click.option(
    "--distances",
    callback=_distances,
    metavar="N,N",
    help="Distances of the keys in bases.  [default: powers of two, and the longest that fits]",
)
@click.option("--repeats", type=click.IntRange(2), default=100, show_default=True, help="Sequences of each distance.")
@click.option("--key", type=click.IntRange(1, LONGEST_ENTRY), default=16, show_default=True, help="Bases of a key.")
@click.option("--value", type=click.IntRange(1, LONGEST_ENTRY), default=8, show_default=True, help="Bases of a value.")
@click.option(
    "--background",
    type=click.Choice(["random", "genome"]),
    help="Bases between the keys; genome: of --fasta, or the bundled one.  [default: random; genome with --fasta]",
)
@click.option("--fasta", type=InputPath(), help="Genome for the background.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of all draws.")
@click.option("--out", type=GivenPath(), help="Folder of results; the same command goes on there.")
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def recall(
    session: Any,
    /,
    weights: str,
    preset: str | None,
    distances: list[int] | None,
    repeats: int,
    key: int,
    value: int,
    background: str | None,
    fasta: Path | None,
    seed: int,
    out: Path | None,
    backend: str | None,
    as_json: bool,
) -> None:
    """Measure how far back a model can look: recall of a planted key's value.

    A key of random bases and its value stand at the start of a sequence. After the background, the
    key comes again, and the model predicts the value. For each distance, the table has the share of
    right bases, and the gain in log-likelihood over the same sequence without the plant, both with
    95 % intervals. An untrained model of the same shape is measured too. Chance is 0.25.

    With --out, measurements are kept: a stopped command goes on where it was, and other weights can
    be added.

    \b
      hyenadna benchmark recall --out runs/recall
      hyenadna benchmark recall --weights runs/mine --fasta genome.fa --distances 64,1024,16384
    """  # noqa: D301 (click reads this)
    from hyenadna_core import check_backend, check_outputs, notice, print_rows

    if background == "random" and fasta:
        raise HyenaDNAError("--fasta is for --background genome: leave out one of them.")
    sources = list(dict.fromkeys(each.strip() for each in weights.split(",") if each.strip()))
    if not sources:
        raise HyenaDNAError("--weights names no model: give a name, a path or none.")
    if preset and UNTRAINED not in sources:
        raise HyenaDNAError("--preset is the model of `--weights none`: add none to --weights, or leave it out.")
    from hyenadna_benchmarks.recall.benchmark import run_recall
    from hyenadna_benchmarks.recall.contenders import background_of, contenders_of
    from hyenadna_benchmarks.recall.plants import Plant
    from hyenadna_benchmarks.recall.report import FILES, OUTPUTS, settings_of, write_report
    from hyenadna_benchmarks.runner.benchmark import locked_folder

    if out:
        check_outputs([out / name for name in OUTPUTS], [*map(Path, sources), *([fasta] if fasta else [])])
    check_backend(session.backend)
    with locked_folder(out) if out else nullcontext():
        plant = Plant(key, value, seed)
        contenders = contenders_of(sources, preset or PRESET, plant, distances)
        farthest = max(max(each.distances) for each in contenders)
        chosen = background or ("genome" if fasta else "random")
        draw, name, identity = background_of(chosen, fasta, plant.length(farthest))
        notice(f"{', '.join(each.name for each in contenders)}; distances up to {farthest:,} bases; background: {name}")
        rows = run_recall(contenders, plant, repeats, draw, source=identity, folder=out, backend=session.backend.name)
        print_rows(rows, as_json)
        if out:
            write_report(out, rows, settings_of(plant, repeats, name))
            notice(f"Written: {', '.join(str(out / name) for name in FILES)}")
