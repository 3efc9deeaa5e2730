"""`hyenadna train`."""

from pathlib import Path

import click

PATH = click.Path(path_type=Path)
POSITIVE = click.IntRange(min=1)


@click.command("train")
@click.option("--fasta", type=PATH, help="Genome: FASTA, plain, gzip or bgzip.  [default: E. coli, in the package]")
@click.option(
    "--bed",
    type=PATH,
    help="Intervals with train, valid or test in column 4.  [default: the last tenth of contigs is held out]",
)
@click.option(
    "--windows",
    type=click.Choice(["random", "original"]),
    default="random",
    show_default=True,
    help="Any position of the intervals, or the one window of each that the original repository takes.",
)
@click.option("--task", default="causal-lm", show_default=True, help="What to train for.")
@click.option("--preset", default="tiny-1k", show_default=True, help="Architecture; `hyenadna presets` lists them.")
@click.option("--stages", help="Length warmup, as in 64x64@200,1024x4@600.  [default: the preset's]")
@click.option("--steps", type=POSITIVE, help="Steps in all, shared evenly by stages that name none.  [default: 3,000]")
@click.option("--batch-size", type=POSITIVE, help="Sequences a step in the longest stage.  [default: 1,024 bases]")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Its peak.  [default: the preset's]")
@click.option(
    "--reverse-complements/--forward-only",
    default=None,
    help="Read half of the windows from the other strand, or none.  [default: half; none with --windows original]",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the initial weights and the batches.",
)
@click.option("--out", type=PATH, help="Run folder to make.  [default: runs/PRESET-N]")
@click.option("--resume", type=PATH, metavar="RUN", help="Continue the run in this folder, with its own options.")
@click.option("--fft-conv", metavar="NAME", help="Kernel of the long convolution.  [default: the backend's own]")
@click.option("--backend", metavar="NAME", help="jax, torch or mlx; wins over KERAS_BACKEND.")
@click.pass_context
def command(ctx, resume, fft_conv, backend, **options):
    """Train a model; with no options, pretrain tiny-1k on E. coli, which takes two minutes on two cores.

    Writes a run folder: run.json, log.tsv, curves.png and checkpoints. At the end it prints how well each base of the
    held-out part is predicted, beside Markov models of order 0 to 12 fitted on the training part. Held out is what
    --bed marks valid (or test, if nothing is valid); without --bed, the last tenth of each contig.

    Stages are SEQ_LENxBATCH_SIZE@STEPS with commas between. Where @STEPS is left out, the stages share --steps; where
    xBATCH_SIZE is, a step has as many bases as --batch-size sequences of the longest stage. A preset that
    names no stages starts with 64 bases, doubling, up to the longest power of two that it takes.

    --fft-conv names another kernel for the same numbers: matmul (matrix products alone, for TPU), generic, or one that
    a plug-in offers. It may be given with --resume.

    Ctrl-C writes a checkpoint and stops; --resume goes on from there.

    \b
      KERAS_BACKEND=jax hyenadna train
      hyenadna train --fasta genome.fa.gz --preset small-32k --steps 5000 --out runs/mine
      hyenadna train --resume runs/mine
    """  # noqa: D301 (click reads this)
    given = [f"--{name.replace('_', '-')}" for name in options if is_given(ctx, name)]
    if resume and given:
        raise click.UsageError(f"--resume continues a run with its own options: leave out {', '.join(given)}.")
    from hyenadna_core.errors import Interrupted
    from hyenadna_core.run import resume_run, start_run

    try:
        report = resume_run(ctx.obj, resume, fft_conv) if resume else start_run(ctx.obj, **options, fft_conv=fft_conv)
    except Interrupted as stop:
        click.echo(f"Stopped at step {stop.step}; go on with: hyenadna train --resume {stop.run_folder}", err=True)
        ctx.exit(128 + stop.signal_number)
    click.echo(report)


def is_given(ctx, name):
    """Whether an option was named on the command line."""
    return ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
