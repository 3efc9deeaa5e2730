"""`hyenadna bench`."""

import json
from pathlib import Path

import click

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
    help="Convolution alone, model to logits, training step; may be repeated.  [default: all that the sides can]",
)
@click.option("--lengths", metavar="L,L", help=f"Bases a sequence.  [default: {LENGTHS}]")
@click.option("--batch-size", type=POSITIVE, default=1, show_default=True, help="Sequences.")
@click.option("--preset", default="tiny-1k", show_default=True, help="Architecture of the model, stretched if need be.")
@click.option("--channels", type=POSITIVE, help="Of the convolution alone.  [default: 64, fewer above 32,768 bases]")
@click.option("--dtype", default="float32", show_default=True, help="Or mixed_bfloat16, mixed_float16.")
@click.option(
    "--rematerialise", is_flag=True, help="Steps keep nothing of a block but its input, as the paper's at 1M."
)
@click.option("--sides", metavar="B:K,B:K", help="BACKEND:KERNEL each.  [default: native and plain of the backend]")
@click.option("--backends", metavar="A,B", help="Native and plain of each of these.")
@click.option("--against", type=click.Choice(["attention"]), help="The model beside a Transformer as deep and wide.")
@click.option("--pairs", type=POSITIVE, default=7, show_default=True, help="Rounds, in each of which each side runs.")
@click.option("--threads", type=POSITIVE, default=2, show_default=True, help="CPU threads of each backend.")
@click.option(
    "--max-seconds",
    type=click.FloatRange(min=0, min_open=True),
    help=f"Of a call; a side that takes longer is left out from there.  [with --against {TRANSFORMER_SECONDS:.0f}]",
)
@click.option("--memory", is_flag=True, help="Peak memory too, each side in a process of its own.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the time of every round and the machine.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the same to this file too.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.png", help="Draw time over length.")
@click.option("--data", is_flag=True, help="Time batches of training windows alone, without a model.")
@click.option("--fasta", type=click.Path(path_type=Path), help="Genome of --data.  [default: E. coli, in the package]")
@click.option("--check-kernel", metavar="NAME", help="Time nothing: compare a registered kernel with the definition.")
@click.option("--backend", metavar="NAME", help="As in the other commands.")
@click.pass_obj
def command(session, check_kernel, data, fasta, backend, as_json, out, plot, **options):
    """Time the long convolution, the model's forward pass and its training step, beside the plain formula.

    A side is BACKEND:KERNEL. Kernels: native, plain (transforms of twice the length, as the original's), generic,
    matmul, those of plug-ins, and attention: a causal Transformer in the model's place. BACKEND:KERNEL@system runs
    without the settings that our commands give the allocator. Sides take turns, each once a round, and ratios are
    taken round by round: their median with its 95 % interval, which needs six rounds. The last side is what the others
    are compared with, besides the plain one of their own backend.

    \b
      hyenadna bench --what conv --lengths 1024,32770,160002
      hyenadna bench --sides jax:native,torch:plain --what forward --preset small-32k --lengths 32770
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

        found, machine = _measure(session, **options)
        text = json.dumps(all_figures(found, machine), indent=2) if as_json else table(found)
        if plot:
            draw(plot, found)
    click.echo(text)
    if out:
        write_text(out, text + "\n")


def _check(session, name):
    """Print the checks of a kernel; an error where one fails."""
    from hyenadna_core.checks.kernel import check_named
    from hyenadna_core.errors import HyenaDNAError

    checks = []
    for check in check_named(session, name):
        checks.append(check)
        click.echo(str(check))
    if failed := [check for check in checks if not check.passed]:
        raise HyenaDNAError(f"{len(failed)} of {len(checks)} checks failed, first: {failed[0].name}.")


def _measure_data(fasta, lengths, rounds, as_json):
    """The speed of batches, as text."""
    from hyenadna_core.bench.data import data_table, measure_data
    from hyenadna_core.bench.measure import parse_lengths
    from hyenadna_core.genome.fasta import bundled_genome

    found = list(measure_data(fasta or bundled_genome(), parse_lengths(lengths or DATA_LENGTHS), rounds))
    return json.dumps([one.to_json() for one in found], indent=2) if as_json else data_table(found)


def _measure(
    session,
    what,
    lengths,
    batch_size,
    preset,
    channels,
    dtype,
    rematerialise,
    sides,
    backends,
    against,
    pairs,
    threads,
    max_seconds,
    memory,
):
    """The rows of a run and the machine that it ran on."""
    from hyenadna_core.bench.figures import rows
    from hyenadna_core.bench.measure import check, choose_sides, choose_what, measure, parse_lengths, plan
    from hyenadna_core.bench.process import devices
    from hyenadna_core.bench.report import machine
    from hyenadna_core.registry import by_name
    from hyenadna_plugins import collect

    chosen = by_name(collect(session.plugins, "register_presets"), preset, "preset", prefix="hyenadna-")
    named = choose_sides(session.backend.name, sides, backends, against)
    what = what or choose_what(named)
    check(named, what)
    default = TRANSFORMER_LENGTHS if against else LENGTHS
    cases = plan(what, parse_lengths(lengths or default), batch_size, channels, chosen.config, dtype, rematerialise)
    if max_seconds is None and against:
        max_seconds = TRANSFORMER_SECONDS
    here = machine(threads, devices([side.backend for side in named], threads))
    return rows(list(measure(cases, named, pairs, threads, max_seconds, memory)), named), here
