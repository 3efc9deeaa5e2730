"""Training: the loop over steps, with length warmup, checkpoints and resume."""

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import keras

from hyenadna_core.checkpoint import has_checkpoint, load_checkpoint, save_checkpoint
from hyenadna_core.config import RunConfig
from hyenadna_core.curves import draw_curves
from hyenadna_core.errors import HyenaDNAError, Interrupted
from hyenadna_core.metrics import Likelihood, likelihood
from hyenadna_core.optimizer import build_optimizer, learning_rate_at
from hyenadna_core.progress import progress, training_progress
from hyenadna_core.run_folder import LogLine, RunFolder
from hyenadna_core.task import Draw, Task
from hyenadna_core.warmup import bases_until, stage_at

LOG_EVERY = 10  # steps
CHECKPOINT_EVERY = 300.0  # seconds, besides the end of every stage


def compile_model(model, config: RunConfig):
    """Give a CausalLM its optimizer and its loss: the mean cross entropy of the bases that bear weight."""
    model.compile(
        optimizer=build_optimizer(model, config.recipe, config.steps),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight"),
    )
    return model


def train(model, task: Task, config: RunConfig, folder: RunFolder) -> None:
    """Take a compiled model from the folder's latest checkpoint, or from the start, to the last step.

    Raises:
        HyenaDNAError: the loss is no number any more; the checkpoint before stays.
        Interrupted: SIGINT or SIGTERM came; the state is in a checkpoint. A second signal ends the process at once.
    """
    first = load_checkpoint(folder.checkpoints, model) if has_checkpoint(folder.checkpoints) else 0
    folder.cut_log(first)
    bases = bases_until(config.stages, first)
    losses: list[float] = []
    logged = started = saved = time.monotonic()
    last_line = first
    with _asked_to_stop() as stop, training_progress(config.stages, first) as report:
        for step in range(first, config.steps):
            stage = stage_at(config.stages, step)
            batch = task.batch(Draw("train", step, stage.seq_len, stage.batch_size, config.seed))
            model.reset_metrics()
            losses.append(float(model.train_on_batch(*batch)))
            bases += stage.seq_len * stage.batch_size
            done = step + 1
            end_of_stage = done == config.steps or stage_at(config.stages, done) is not stage
            now = time.monotonic()
            if end_of_stage or done % LOG_EVERY == 0 or stop:
                loss = sum(losses) / len(losses)
                if not math.isfinite(loss):
                    raise HyenaDNAError(f"The loss became {loss} by step {done}: choose a lower --learning-rate.")
                learning_rate = learning_rate_at(config.recipe, config.steps, step)
                folder.log(LogLine(done, stage.seq_len, stage.batch_size, bases, loss, learning_rate, now - started))
                speed = (done - last_line) * stage.seq_len * stage.batch_size / (now - logged)
                report(done, loss, speed)
                losses, logged, last_line = [], now, done
            if end_of_stage or now - saved > CHECKPOINT_EVERY or stop:
                save_checkpoint(folder.checkpoints, model, done)
                draw_curves(folder.path / "curves.png", folder.read_log(), config.stages)
                saved = now
            if stop and done < config.steps:
                raise Interrupted(folder.path, done, stop[0])


def held_out_likelihood(model, task, windows, seq_len: int, batch_size: int) -> Likelihood:
    """How well the model predicts the held-out windows, with a progress bar."""
    with progress("Held-out part", len(windows)) as advance:

        def batches():
            for batch in task.held_out_batches(windows, seq_len, batch_size):
                yield batch
                advance(batch_size)

        return likelihood(lambda ids: keras.ops.convert_to_numpy(model.predict_on_batch(ids)), batches())


@contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """A list that stays empty until SIGINT or SIGTERM comes; a second signal is not held back."""
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number, _frame):
        came.append(number)
        for caught in before:
            signal.signal(caught, signal.SIG_DFL)

    for number in before:
        signal.signal(number, note)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
