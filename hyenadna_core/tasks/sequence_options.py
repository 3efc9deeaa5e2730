"""Options of `hyenadna train` for all sequence tasks, and the stage that follows from them."""

import math

import click

from hyenadna_backends.processes import rank_and_count
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.evaluation.baselines import MAJORITY
from hyenadna_core.task import GivenOptions, TaskDefaults
from hyenadna_core.training.warmup import parse_stages

KMER, CNN = "kmer", "cnn"
BASELINES = (MAJORITY, KMER, CNN)
BATCH_SIZE = 64
EPOCHS = 10  # passes over the training sequences,
LEAST_STEPS = 500  # but at least these steps, which a few hundred sequences need,
MOST_STEPS, LEAST_EPOCHS = 3000, 2  # and at most these, unless they are fewer than two passes (docs/log.md)
VALIDATIONS = 10  # of a run
PATIENCE = 5
LONG_ROWS = ("middle", "windows")
OPTIONS = (
    click.Option(
        ["--epochs"],
        type=click.FloatRange(min=0, min_open=True),
        help="Passes over the training sequences, if neither --steps nor --stages is given.  "
        f"[default: {EPOCHS}, but {LEAST_STEPS} to {MOST_STEPS:,} steps, and at least {LEAST_EPOCHS}]",
    ),
    click.Option(
        ["--pooling"],
        type=click.Choice(["mean", "last", "first", "max"]),
        default="mean",
        show_default=True,
        help="How the hidden states of a sequence are combined into one vector.",
    ),
    click.Option(
        ["--head-dropout"],
        type=click.FloatRange(0, 1, max_open=True),
        default=0.0,
        show_default=True,
        help="Share of the pooled channels that training drops at random.",
    ),
    click.Option(
        ["--reverse-complements/--forward-only"],
        default=None,
        help="Reverse-complement half of the training sequences at random, and average the predictions of both "
        "strands; or read the sequences as they are, for labels that depend on the strand.  [default: what k-mer "
        "regression does better with on the validation; not for bases]",
    ),
    click.Option(
        ["--both-directions"],
        is_flag=True,
        help="Read the reverse complement too, and join the hidden states of both strands at each base. The model is "
        "causal: without it, a base knows only the bases before it. Takes twice as long.",
    ),
    click.Option(
        ["--long-rows"],
        type=click.Choice(LONG_ROWS),
        default=LONG_ROWS[0],
        show_default=True,
        help="What figures and predictions read of a sequence longer than the model: its middle, or windows that cover "
        "it, whose predictions are averaged.",
    ),
    click.Option(
        ["--balanced"],
        is_flag=True,
        help="Weight the training sequences so that all classes count the same, however rare they are.",
    ),
    click.Option(
        ["--baseline"],
        type=click.Choice([*BASELINES, "none"]),
        multiple=True,
        default=(KMER,),
        show_default=True,
        help="Simpler model to compare with on the same splits; may be repeated.",
    ),
)


def stage_options(
    given: GivenOptions, *, sequences: int, longest: int, epochs: float | None, baseline: tuple[str, ...], valid: bool
) -> TaskDefaults:
    """Return the options of `hyenadna train` that follow from the data.

    This is one stage as long as the longest sequence, for `epochs` passes over the data. If there
    is validation data, the run has ten validations, and ends after five without an improvement.

    Args:
        given: the options of the command.
        sequences: number of training sequences.
        longest: length of a window in bases.
        epochs: None for as many as the number of sequences asks for.

    Raises:
        HyenaDNAError: the CNN cannot be trained in several processes or on several devices, or
            `epochs` and the steps that are given contradict each other.
    """
    if epochs is not None and (given.steps or (given.stages and all("@" in part for part in given.stages.split(",")))):
        steps_in = "--steps" if given.steps else "the steps in --stages"
        raise HyenaDNAError(f"--epochs and {steps_in} both set how long the training is: leave one out.")
    if CNN in baseline and (given.data_parallel or rank_and_count()[1] > 1):
        raise HyenaDNAError(f"--baseline {CNN} is trained on one device: leave it out here.")
    options = TaskDefaults()
    batch_size = given.batch_size or min(BATCH_SIZE, sequences)
    if given.batch_bases and not given.batch_size:
        batch_size = max(1, given.batch_bases // longest)
    steps = given.steps or steps_of(sequences, batch_size, epochs)
    if given.stages:
        steps = sum(stage.steps for stage in parse_stages(given.stages, batch_size, steps))
    elif given.warmup:
        options["steps"] = steps
        if not given.batch_bases:
            options["batch_size"] = batch_size
    else:
        options["stages"] = f"{longest}x{batch_size}@{steps}"
    if valid:
        options["valid_every"] = math.ceil(steps / VALIDATIONS)
        options["patience"] = PATIENCE
    return options


def steps_of(sequences: int, batch_size: int, epochs: float | None = None) -> int:
    """Return the steps of a number of epochs, or by default as many as a set of this size needs."""
    if epochs is not None:
        return math.ceil(epochs * sequences / batch_size)
    most = max(MOST_STEPS, math.ceil(LEAST_EPOCHS * sequences / batch_size))
    return min(max(math.ceil(EPOCHS * sequences / batch_size), LEAST_STEPS), most)
