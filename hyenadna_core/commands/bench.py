"""`hyenadna bench`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hyenadna_core.files.input import GivenPath
from hyenadna_core.registry import Session
from hyenadna_core.terminal import print_result

POSITIVE = click.IntRange(min=1)
LENGTHS = "1024,8192,32770"
DATA_LENGTHS = "1024,32768,1000000"
TRANSFORMER_LENGTHS = "1024,2048,4096,8192,16384,32768"
TRANSFORMER_SECONDS = 60.0


@click.command("bench")
@click.option(
    "--what",
    multiple=True,
    type=click.Choice(["conv", "forward", "step"]),
    help="The convolution, the forward pass, or the training step; may be repeated.  [default: all possible]",
)
@click.option("--lengths", metavar="L,L", help=f"Bases in each sequence.  [default: {LENGTHS}]")
@click.option("--batch-size", type=POSITIVE, default=1, show_default=True, help="Sequences.")
@click.option(
    "--preset", default="tiny-1k", show_default=True, help="Architecture; its longest input grows if necessary."
)
@click.option("--channels", type=POSITIVE, help="Channels of `conv`.  [default: 64, fewer above 32,768 bases]")
@click.option("--dtype", default="float32", show_default=True, help="float32, mixed_bfloat16 or mixed_float16.")
@click.option(
    "--rematerialise", is_flag=True, help="Keep only the input of each block in a step, as the paper does at 1M bases."
)
@click.option("--sides", metavar="B:K,B:K", help="Sides to compare, as BACKEND:KERNEL.  [default: native and plain]")
@click.option("--backends", metavar="A,B", help="Compare native and plain on each of these backends.")
@click.option(
    "--against", type=click.Choice(["attention"]), help="Compare with a Transformer of the same depth and width."
)
@click.option("--pairs", type=POSITIVE, default=7, show_default=True, help="Rounds; each side runs once in a round.")
@click.option("--threads", type=POSITIVE, default=2, show_default=True, help="CPU threads of each backend.")
@click.option(
    "--beside",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Other processes that compute without a pause meanwhile, one thread each.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(min=0, min_open=True),
    help=f"Most seconds for a call; slower sides skip longer lengths.  [--against: {TRANSFORMER_SECONDS:.0f}]",
)
@click.option("--memory", is_flag=True, help="Also measure peak memory, each side in its own process.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the time of every round and the machine.")
@click.option("--out", type=GivenPath(), help="Also write the result to this file.")
@click.option("--plot", type=GivenPath(), metavar="FILE.png", help="Plot time against length.")
@click.option("--data", is_flag=True, help="Time only the batches of training windows, without a model.")
@click.option("--fasta", type=GivenPath(), help="Genome of --data.  [default: E. coli, in the package]")
@click.option("--check-kernel", metavar="NAME", help="Only compare a registered kernel with the definition.")
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND.")
@click.pass_obj
def command(
    session: Session,
    /,
    check_kernel: str | None,
    data: bool,
    fasta: Path | None,
    backend: str | None,
    as_json: bool,
    out: Path | None,
    plot: Path | None,
    **options: Any,
) -> None:
    """Time the convolution, the forward pass and the training step.

    Two or more sides are compared. A side is one kernel on one backend, written BACKEND:KERNEL. The
    kernels are native, plain (transforms of twice the length, as in the original), generic, matmul,
    the kernels of plug-ins, and attention (a causal Transformer instead of the model).
    BACKEND:KERNEL@system allocates memory as any other program. The sides take turns, and each runs
    once a round. The table has the median ratio over rounds; from six rounds on it also has its
    95 % interval. Every side is compared with the last one and with the plain one of its own
    backend.

    \b
      hyenadna bench --what conv --lengths 1024,32770,160002
      hyenadna bench --sides jax:native,torch:plain --what step --lengths 1024
      hyenadna bench --against attention --plot crossing.png
      hyenadna bench --data --fasta genome.fa.gz
      hyenadna bench --check-kernel matmul
    """  # noqa: D301 (click wants the character itself)
    if check_kernel:
        _check(session, check_kernel)
        return
    from hyenadna_core.files.cache import write_text

    if data:
        text = _measure_data(fasta, options["lengths"], options["pairs"], as_json)
    else:
        from hyenadna_core.bench.figures import as_json as all_figures
        from hyenadna_core.bench.report import draw, table

        rows, machine = _measure(session, **options)
        text = json.dumps(all_figures(rows, machine), indent=2) if as_json else table(rows, options["beside"])
        if plot:
            draw(plot, rows)
    print_result(text)
    if out:
        write_text(out, text + "\n")


def _check(session: Session, name: str) -> None:
    """Print the checks of a kernel; raise an error if one fails."""
    from hyenadna_core.checks.kernel import check_named
    from hyenadna_core.errors import HyenaDNAError

    checks = []
    for check in check_named(session, name):
        checks.append(check)
        print_result(str(check))
    if failed := [check for check in checks if not check.passed]:
        raise HyenaDNAError(f"{len(failed)} of {len(checks)} checks failed, first: {failed[0].name}.")


def _measure_data(fasta: Path | None, lengths: str | None, rounds: int, as_json: bool) -> str:
    """Return the speed of batches as text."""
    from hyenadna_core.bench.data import data_table, measure_data
    from hyenadna_core.bench.measure import parse_lengths
    from hyenadna_core.genome.fasta import bundled_genome

    speeds = list(measure_data(fasta or bundled_genome(), parse_lengths(lengths or DATA_LENGTHS), rounds))
    return json.dumps([one.to_json() for one in speeds], indent=2) if as_json else data_table(speeds)


def _measure(
    session: Session,
    /,
    what: Sequence[str],
    lengths: str | None,
    batch_size: int,
    preset: str,
    channels: int | None,
    dtype: str,
    rematerialise: bool,
    sides: str | None,
    backends: str | None,
    against: str | None,
    pairs: int,
    threads: int,
    max_seconds: float | None,
    memory: bool,
    beside: int,
) -> tuple[Any, Any]:
    """Return the rows of a run and a description of the machine."""
    from hyenadna_core.bench.figures import rows
    from hyenadna_core.bench.measure import check, choose_contenders, choose_what, measure, parse_lengths, plan
    from hyenadna_core.bench.process import devices
    from hyenadna_core.bench.report import machine
    from hyenadna_core.registry import by_name
    from hyenadna_plugins import collect

    chosen = by_name(collect(session.plugins, "register_presets"), preset, "preset", prefix="hyenadna-")
    named = choose_contenders(session.backend.name, sides, backends, against)
    what = what or choose_what(named)
    check(named, what)
    default = TRANSFORMER_LENGTHS if against else LENGTHS
    cases = plan(what, parse_lengths(lengths or default), batch_size, channels, chosen.config, dtype, rematerialise)
    if max_seconds is None and against:
        max_seconds = TRANSFORMER_SECONDS
    here = machine(threads, devices([side.backend for side in named], threads), beside)
    return rows(list(measure(cases, named, pairs, threads, max_seconds, memory, beside)), named), here
