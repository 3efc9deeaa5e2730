"""`hyenadna train`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from hyenadna_core.cli import option_value
from hyenadna_core.files.input import GivenPath
from hyenadna_core.terminal import notice, print_result
from hyenadna_core.training.fold import Fold
from hyenadna_core.training.options import (
    LARGEST_SEED,
    LOGGERS,
    PRECISIONS,
    PRESET,
    RANDOM,
    RECIPES,
    TrainOptions,
    option_names,
)

PATH = GivenPath()
POSITIVE = click.IntRange(min=1)
RATE = click.FloatRange(0, 1, max_open=True)
TASK = "hyenadna.task"
F = TypeVar("F", bound=Callable[..., Any])


class TrainCommand(click.Command):
    """A command that also has the options of the task that its command line names."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find the task before the other options are parsed."""
        ctx.meta[TASK] = option_value(args, "--task") or TrainOptions.task
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the task's options, then those of every task."""
        return [*task_options(ctx), *super().get_params(ctx)]


def task_options(ctx: click.Context) -> Sequence[click.Parameter]:
    """Return the options of the task on the command line."""
    from hyenadna_core.registry import find_task

    options: Sequence[click.Parameter] = find_task(ctx.obj.plugins, ctx.meta.get(TASK, TrainOptions.task)).options
    return options


def option(flag: str, **settings: Any) -> Callable[[F], F]:
    """Return a click option with the default of its field in TrainOptions, shown in the help."""
    default = getattr(TrainOptions, flag.removeprefix("--").replace("-", "_"))
    shown = default is not None and not isinstance(default, (bool, tuple))
    return click.option(flag, default=default, show_default=shown, **settings)


def _fold(_ctx: click.Context, _option: click.Parameter, text: str | None) -> Fold | None:
    """Return the value of --fold."""
    fold = None if text is None else Fold.from_text(text)
    if text is not None and fold is None:
        raise click.BadParameter(f"{text!r} is not K/N with K from 1 to N and N of at least 2, such as 2/5.")
    return fold


@click.command("train", cls=TrainCommand)
@option("--task", help="The task to train; `hyenadna tasks` lists all.")
@option("--preset", help=f"The architecture; `hyenadna presets` lists all.  [default: {PRESET}, or that of --weights]")
@option(
    "--weights",
    metavar="NAME|PATH",
    help=f"Start from these weights: a preset's name, a file or a folder; {RANDOM}: from random ones.  "
    "[default: those of the task, if there is no --preset; for sequences human-chr20-1k]",
)
@option("--freeze", is_flag=True, help="Train only the head of the task, not the backbone.")
@option("--stages", help="Length warmup, as in 64x64@200,1024x4@600.  [default: the preset's]")
@option("--warmup", metavar="FIRST..LAST", help="Length warmup with doubling lengths, as in 64..32768.")
@option(
    "--steps", type=POSITIVE, help="Total steps, shared by stages without @STEPS.  [default: the task's, else 3,000]"
)
@option(
    "--batch-size",
    type=POSITIVE,
    help="Sequences per step in the longest stage.  [default: the task's, else 1,024 bases in all]",
)
@option("--batch-bases", type=POSITIVE, help="Bases per step in every stage, instead of --batch-size.")
@option("--micro-batch", type=POSITIVE, help="Sequences computed at a time.  [default: as many as fit in memory]")
@option(
    "--recipe",
    type=click.Choice(RECIPES),
    help="Learning rate and weight decay of the preset, or of the original repository.",
)
@option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Peak rate.  [default: the recipe's]")
@option(
    "--head-learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Peak rate of the head of the task.  [default: the recipe's]",
)
@option("--label-smoothing", type=RATE, help="Share of each target that is spread evenly over all tokens or classes.")
@option("--dropout", type=RATE, help="Dropout after the embedding.")
@option(
    "--precision",
    type=click.Choice(PRECISIONS),
    help="Precision of matrix products. Weights, filters and norms stay in float32. float16 scales the loss.",
)
@option("--rematerialise", is_flag=True, help="Store fewer activations and compute them again: less memory, more time.")
@option("--valid-every", type=POSITIVE, help="Steps between validations. The best weights are kept.")
@option("--patience", type=POSITIVE, help="Stop after this many validations without an improvement.")
@option("--keep", type=POSITIVE, help="Number of newest checkpoints to keep.")
@option("--log-every", type=POSITIVE, help="Steps per line of log.tsv.")
@option(
    "--checkpoint-every",
    type=click.FloatRange(min=0),
    help="Seconds between checkpoints. Each stage also ends with one.",
)
@option(
    "--log-to",
    type=click.Choice(LOGGERS),
    multiple=True,
    help="Also log to TensorBoard or Weights & Biases. May be repeated.",
)
@option("--seed", type=click.IntRange(0, LARGEST_SEED), help="Seed of the initial weights and of the batches.")
@option("--data-parallel", is_flag=True, help="Share each step among all devices of JAX.")
@option(
    "--fold",
    metavar="K/N",
    callback=_fold,
    help="Validate on part K of N parts of the training rows, and train on the others.",
)
@click.option("--distributed", is_flag=True, help="Join the processes that torchrun or a cluster started.")
@option("--out", type=PATH, help="Run folder to create.  [default: runs/PRESET-N]")
@click.option("--resume", type=PATH, metavar="RUN", help="Continue the run in this folder, with its own options.")
@click.option("--fft-conv", metavar="NAME", help="Kernel of the long convolution.  [default: the backend's]")
@click.option("--backend", metavar="NAME", help="jax, torch or mlx. Overrides KERAS_BACKEND.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    resume: Path | None,
    fft_conv: str | None,
    backend: str | None,
    distributed: bool,
    **options: Any,
) -> None:
    """Train a model. Without options, pretrain tiny-1k on E. coli in a few minutes on two cores.

    The run folder holds run.json, log.tsv, curves.png and checkpoints. At the end, the task prints
    its figures. The task causal-lm prints how well the model predicts the held-out bases, compared
    with Markov models of order 0 to 12 that are fitted on the training part. The held-out part
    consists of the intervals that --bed marks valid, or test if none is marked valid. Without --bed
    it is the last tenth of each contig.

    Training starts with short sequences and goes on to longer ones. Each stage has one length.
    --stages lists them as SEQ_LENxBATCH_SIZE@STEPS, separated by commas. Stages without @STEPS
    share --steps evenly. In stages without xBATCH_SIZE, a step has as many bases as --batch-size
    sequences of the longest stage. --warmup 64..32768 makes one stage for each doubling, each with
    --batch-size sequences per step as in the paper, or with --batch-bases. Some presets have
    stages; for the others, lengths double from 64 to the longest power of two that the model takes.

    If the sequences of a step do not fit in memory, they are computed in parts and the gradients
    are added. `hyenadna doctor --preset NAME` prints the memory estimate.

    --fold 2/5 trains one of five runs of a cross-validation. `hyenadna summarise` reads all five.

    --weights fine-tunes: training starts from the weights of another run or of a published model.

    --fft-conv chooses another kernel with the same numbers: matmul (only matrix products, for
    TPUs), generic, or the kernel of a plug-in. --fft-conv and --distributed are allowed with
    --resume.

    Ctrl-C writes a checkpoint and stops. --resume continues from there, on any backend.

    \b
      KERAS_BACKEND=jax hyenadna train
      hyenadna train --fasta genome.fa.gz --preset small-32k --steps 5000
      hyenadna train --resume runs/tiny-1k-1
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
    of_task = {str(parameter.name): options[str(parameter.name)] for parameter in task_options(ctx)}
    of_all = TrainOptions(**{name: options[name] for name in option_names()})
    try:
        report = resume_run(ctx.obj, resume, fft_conv) if resume else start_run(ctx.obj, of_all, of_task, fft_conv)
    except Interrupted as stop:
        notice(f"Stopped at step {stop.step}; continue with: hyenadna train --resume {stop.run_folder}")
        ctx.exit(128 + stop.signal_number)
    if report:
        print_result(report)


def is_given(ctx: click.Context, name: str) -> bool:
    """Return whether an option was named on the command line."""
    return ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
