"""`hyenadna train`."""

from pathlib import Path

import click

from hyenadna_core.cli import option_value

PATH = click.Path(path_type=Path)
POSITIVE = click.IntRange(min=1)
RATE = click.FloatRange(0, 1, max_open=True)
DEFAULT_TASK = "causal-lm"
TASK = "hyenadna.task"


class TrainCommand(click.Command):
    """A command that has the options of the task that its command line names, too."""

    def parse_args(self, ctx, args):
        ctx.meta[TASK] = option_value(args, "--task") or DEFAULT_TASK
        return super().parse_args(ctx, args)

    def get_params(self, ctx):
        from hyenadna_core.registry import find_task

        task = find_task(ctx.obj.plugins, ctx.meta.get(TASK, DEFAULT_TASK))
        return [*task.options, *super().get_params(ctx)]


@click.command("train", cls=TrainCommand)
@click.option("--task", default=DEFAULT_TASK, show_default=True, help="What to train for: `hyenadna tasks` lists them.")
@click.option("--preset", default="tiny-1k", show_default=True, help="Architecture; `hyenadna presets` lists them.")
@click.option("--weights", metavar="NAME|PATH", help="Start from these, as `load` takes them, in their architecture.")
@click.option("--freeze", is_flag=True, help="Train the task's head alone, and leave the backbone as it is.")
@click.option("--stages", help="Length warmup, as in 64x64@200,1024x4@600.  [default: the preset's]")
@click.option("--warmup", metavar="FIRST..LAST", help="Doubling lengths, as in 64..32768, as many sequences in each.")
@click.option("--steps", type=POSITIVE, help="Steps in all, shared evenly by stages that name none.  [default: 3,000]")
@click.option("--batch-size", type=POSITIVE, help="Sequences a step in the longest stage.  [default: 1,024 bases]")
@click.option("--batch-bases", type=POSITIVE, help="Bases a step, in place of sequences, in every stage.")
@click.option("--micro-batch", type=POSITIVE, help="Sequences at a time at most.  [default: what memory allows]")
@click.option(
    "--recipe",
    type=click.Choice(["preset", "original"]),
    default="preset",
    show_default=True,
    help="Rates and decay: the preset's, or those of the original repository.",
)
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Its peak.  [default: the recipe's]")
@click.option("--label-smoothing", type=RATE, default=0.0, show_default=True, help="Of each target, to all tokens.")
@click.option("--dropout", type=RATE, default=0.0, show_default=True, help="After the embedding.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "float16"]),
    default="float32",
    show_default=True,
    help="Of matrix products; weights, filters and norms stay in float32. float16 scales the loss.",
)
@click.option("--rematerialise", is_flag=True, help="Keep less and compute again: memory for time.")
@click.option("--valid-every", type=POSITIVE, help="Steps between validations; the best weights are kept.")
@click.option("--patience", type=POSITIVE, help="Stop after so many validations without a better one.")
@click.option("--keep", type=POSITIVE, default=3, show_default=True, help="Newest checkpoints that stay.")
@click.option("--log-every", type=POSITIVE, default=10, show_default=True, help="Steps a line of log.tsv.")
@click.option(
    "--checkpoint-every",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    help="Seconds, besides the end of every stage.",
)
@click.option(
    "--log-to",
    type=click.Choice(["tensorboard", "wandb"]),
    multiple=True,
    help="TensorBoard or Weights & Biases too; may be repeated.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the initial weights and the batches.",
)
@click.option("--data-parallel", is_flag=True, help="Each step on all devices that JAX has.")
@click.option("--distributed", is_flag=True, help="Join the processes that torchrun or a cluster started.")
@click.option("--out", type=PATH, help="Run folder to make.  [default: runs/PRESET-N]")
@click.option("--resume", type=PATH, metavar="RUN", help="Continue the run in this folder, with its own options.")
@click.option("--fft-conv", metavar="NAME", help="Kernel of the long convolution.  [default: the backend's own]")
@click.option("--backend", metavar="NAME", help="jax, torch or mlx; wins over KERAS_BACKEND.")
@click.pass_context
def command(ctx, resume, fft_conv, backend, distributed, **options):
    """Train a model; with no options, pretrain tiny-1k on E. coli, which takes a minute or two on two cores.

    Writes a run folder: run.json, log.tsv, curves.png and checkpoints. At the end it prints how well each base of the
    held-out part is predicted, beside Markov models of order 0 to 12 fitted on the training part. Held out is what
    --bed marks valid (or test, if nothing is valid); without --bed, the last tenth of each contig.

    Stages are SEQ_LENxBATCH_SIZE@STEPS with commas between. Where @STEPS is left out, the stages share --steps; where
    xBATCH_SIZE is, a step has as many bases as --batch-size sequences of the longest stage. --warmup 64..32768 is a
    stage for each doubling, with --batch-size sequences in all of them, as in the paper, or with --batch-bases. A
    preset that names no stages starts with 64 bases, doubling, up to the longest power of two that it takes.

    A step whose sequences do not fit memory (by the estimate of `hyenadna doctor --preset`) goes in parts, whose
    gradients are added up. --weights fine-tunes.

    --fft-conv names another kernel for the same numbers: matmul (matrix products alone, for TPU), generic, or one that
    a plug-in offers. It may be given with --resume, as may --distributed.

    Ctrl-C writes a checkpoint and stops; --resume goes on from there, on any backend.

    \b
      KERAS_BACKEND=jax hyenadna train
      hyenadna train --fasta genome.fa.gz --preset small-32k --warmup 1024..32768 --batch-size 8 --out runs/mine
      hyenadna train --resume runs/mine
    """  # noqa: D301 (click reads this)
    given = [f"--{name.replace('_', '-')}" for name in options if is_given(ctx, name)]
    if resume and given:
        raise click.UsageError(f"--resume continues a run with its own options: leave out {', '.join(given)}.")
    from hyenadna_core.errors import HyenaDNAError, Interrupted
    from hyenadna_core.training.run import resume_run, start_run

    if distributed:
        from hyenadna_backends.processes import start_processes

        options["data_parallel"] = ctx.obj.backend.name == "jax"
        try:
            start_processes()
        except ValueError as error:
            raise HyenaDNAError(str(error)) from None
    try:
        report = resume_run(ctx.obj, resume, fft_conv) if resume else start_run(ctx.obj, options, fft_conv)
    except Interrupted as stop:
        click.echo(f"Stopped at step {stop.step}; go on with: hyenadna train --resume {stop.run_folder}", err=True)
        ctx.exit(128 + stop.signal_number)
    if report:
        click.echo(report)


def is_given(ctx, name):
    """Whether an option was named on the command line."""
    return ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
