"""The training loop, with length warmup, checkpoints and resume."""

import math
import signal
import time
import warnings
from collections.abc import Sequence
from functools import partial
from numbers import Real
from typing import Any

import keras

from hyenadna_backends.heap import large_arrays_kept
from hyenadna_backends.processes import in_any_process, share_steps
from hyenadna_backends.updates import updates
from hyenadna_core.errors import HyenaDNAError, Interrupted
from hyenadna_core.files.run_names import BEST
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.causal_lm import random_model
from hyenadna_core.model.loading import load
from hyenadna_core.model.spectra import forget_spectra
from hyenadna_core.model.task_model import model_of_task
from hyenadna_core.model.trained_part import train_only
from hyenadna_core.recipe import learning_rate_at
from hyenadna_core.task import Draw, Task, number_of_targets
from hyenadna_core.terminal import notice
from hyenadna_core.tokens import check_ids
from hyenadna_core.training.best import Best, BestValidation
from hyenadna_core.training.checkpoint import check_best, load_checkpoint, save_best, save_checkpoint
from hyenadna_core.training.config import RunConfig, devices_of
from hyenadna_core.training.curves import draw_run
from hyenadna_core.training.loss_line import LossLine
from hyenadna_core.training.optimizer import build_optimizer
from hyenadna_core.training.parts import parts_of
from hyenadna_core.training.prefetch import prefetched
from hyenadna_core.training.progress import training_progress
from hyenadna_core.training.run_folder import LogLine, RunFolder
from hyenadna_core.training.signals import asked_to_stop
from hyenadna_core.training.warmup import bases_until, stage_at
from hyenadna_plugins import PluginWarning, reason_of

CHANGED = ("embed_dropout", "rematerialise", "dtype", "seed")  # options that replace those of the starting weights


def make_model(config: RunConfig, task: Task, starts: bool = True) -> keras.Model:
    """Make the compiled model of a run; if `starts`, with the weights that the run starts from.

    Raises:
        HyenaDNAError: the weights cannot be read, a stage is longer than the model, or nothing
            would be trained.
    """
    if config.data_parallel:
        share_steps()
    keras.utils.set_random_seed(config.seed)  # for heads that draw their weights in Keras
    if config.start is None or not starts:
        language_model = random_model(config.model)
    else:
        language_model = load(config.start, **{name: config.model[name] for name in CHANGED if name in config.model})
    if config.freeze:
        language_model.backbone.trainable = False
    model: keras.Model = model_of_task(task, language_model)
    if type(task).embed is not Task.embed and not getattr(model, "takes_embed", True):
        raise HyenaDNAError(f"The model of the task {task.name} does not use its `embed`: TaskModel takes embed=.")
    if (longest := max(stage.seq_len for stage in config.stages)) > model.max_seq_len:
        raise HyenaDNAError(
            f"A stage has {longest:,} bases, but the model of the task {task.name} takes at most "
            f"{model.max_seq_len:,}: use shorter --stages."
        )
    if (part := task.trained_part(model)) is not None:
        train_only(model, part)
    if not model.trainable_variables:
        raise HyenaDNAError(f"--freeze leaves nothing to train: the task {config.task} has no head.")
    return compile_model(model, config)


def compile_model(model: keras.Model, config: RunConfig) -> keras.Model:
    """Give a model its optimizer."""
    model.compile(optimizer=build_optimizer(model, config.recipe, config.steps))
    return model


def train(model: keras.Model, task: Task, config: RunConfig, folder: RunFolder, watchers: Sequence[Any] = ()) -> Best:
    """Train a compiled model to the last step, from the newest whole checkpoint or from the start.

    Returns the best validation.

    If the run validates, the best weights are kept in checkpoints/best, and `patience` may end the
    run early.

    Raises:
        HyenaDNAError: the backend lacks the precision, the loss is not finite, or the disk is full;
            the checkpoints so far stay.
        Interrupted: SIGINT or SIGTERM came, and the state is in a checkpoint. A second signal ends
            the process at once.
    """
    state = load_checkpoint(folder.checkpoints, model)
    first, done, so_far = state.step, state.step, state.best
    path = folder.checkpoints / BEST
    if so_far.value is not None and (reason := check_best(folder.checkpoints)):
        notice(f"Skipped the best weights {path}: {reason}. The next validation counts as the best so far.")
        so_far = Best()
    best = BestValidation(*task.monitor, so_far)
    folder.cut_log(first)
    try:
        update = updates(model, partial(task.loss, label_smoothing=config.label_smoothing))
    except ValueError as error:
        raise HyenaDNAError(str(error)) from None
    line = LossLine(first, bases_until(config.stages, first))
    draws = (draw_of(config, step) for step in range(first, config.steps))
    saved, watching, devices = time.monotonic(), list(watchers), devices_of(config.data_parallel)
    vocab_size = HyenaConfig(**config.model).vocab_size
    with (
        large_arrays_kept(),
        asked_to_stop() as came,
        training_progress(
            config.stages, first, rows=task.epoch_rows, in_bits=task.in_bits, valid_every=config.valid_every
        ) as progress,
        prefetched(task.batch, draws) as batches,
    ):
        for step, batch in enumerate(batches, first):
            if best.waited(config.patience):
                break
            check_ids(batch.ids, vocab_size)
            stage, done = stage_at(config.stages, step), step + 1
            weight, padded_lengths = number_of_targets(batch), task.padded_lengths(stage.seq_len)
            parts = parts_of(batch, config.micro_batch_of(stage), padded_lengths, devices)
            line.add(stage, partial(update, parts, weight))
            progress.stepped(done)
            ends = done == config.steps or stage_at(config.stages, done) is not stage
            every = config.valid_every
            validates = every is not None and (done % every == 0 or done == config.steps)
            stop = in_any_process(bool(came))
            saves = ends or validates or stop or time.monotonic() - saved > config.checkpoint_every
            if saves or done % config.log_every == 0:  # a checkpoint follows a finite loss and a full line
                loss, speed = line.close(done)
                if not math.isfinite(loss):
                    raise HyenaDNAError(f"The loss became {loss} by step {done}: choose a lower --learning-rate.")
                rate = float(learning_rate_at(config.recipe, config.steps, step))
                logged = LogLine(done, stage.seq_len, stage.batch_size, line.bases, loss, rate, line.seconds)
                folder.log(logged)
                progress.logged(done, loss, speed)
                notify_watchers(watching, "logged", logged)
            if validates:
                update.settle()
                figures = measured(task, model)
                forget_spectra(model)
                folder.log_validation(done, figures)
                if best.improves(done, figures) and folder.writes:
                    save_best(folder.checkpoints, model, {"step": done} | figures)
                progress.validated(done, best.figure, figures[best.figure], best.so_far.value, best.so_far.step)
                notify_watchers(watching, "validated", done, figures)
            if saves and folder.writes:
                update.settle()
                save_checkpoint(folder.checkpoints, model, done, config.keep, best.so_far)
                draw_run(folder, config.stages, task)
                saved = time.monotonic()
            if saves:
                line.restart_clock()
            if stop:
                break
        update.settle()
        if in_any_process(bool(came)):  # also in the last step, or in its validation
            raise Interrupted(folder.path, done, came[0] if came else signal.SIGTERM)
    if line.compiling:
        lengths = ", ".join(f"{seconds:.1f} s at {seq_len:,}" for seq_len, seconds in line.compiling.items())
        notice(f"Training took {line.seconds:.1f} s, with the first step at each length, which compiles: {lengths}.")
    return best.so_far


def measured(task: Task, model: keras.Model) -> dict[str, float]:
    """Return the figures of a validation.

    Raises:
        HyenaDNAError: a figure is not a number.
    """
    figures = task.evaluate(model, "valid")
    for name, value in figures.items():
        if not isinstance(value, Real):
            raise HyenaDNAError(f"The task {task.name} measured {name} as {value!r}: `evaluate` returns numbers.")
    return {name: float(value) for name, value in figures.items()}


def notify_watchers(watchers: list[Any], event: str, *arguments: Any) -> None:
    """Call a method of each watcher; one that fails is removed with a warning."""
    for watcher in tuple(watchers):
        try:
            getattr(watcher, event)(*arguments)
        except (Exception, SystemExit) as error:  # whatever a plug-in may raise
            watchers.remove(watcher)
            name = type(watcher).__name__
            warnings.warn(f"{name} failed in {event} and is not called again: {reason_of(error)}", PluginWarning, 2)


def draw_of(config: RunConfig, step: int) -> Draw:
    """Return the draw that names the batch of a step."""
    stage = stage_at(config.stages, step)
    return Draw("train", step, stage.seq_len, stage.batch_size, config.seed)
