"""Checks for authors of plug-ins, of a task and of a kernel, with a small model and a small genome.

In pytest, check_task, tiny_backbone and tiny_fasta are also fixtures.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.labelled.rows import Row, Rows, is_pair, read_many, take_rows
from hyenadna_core.task import SPLITS, Batch, Draw, Model, Task, number_of_targets
from hyenadna_core.tasks.sequence_task import SequenceTask
from hyenadna_core.tokens import PAD

SEQ_LEN, BATCH_SIZE, STEPS = 32, 4, 40
ROWS = 16  # of a source that are checked
SAME = 1e-4  # largest difference between equal outputs, relative to the largest output


def tiny_backbone(max_seq_len: int = 130, **overrides: Any) -> Any:
    """Make a very small HyenaBackbone: one block, eight channels, no dropout."""
    from hyenadna_core import HyenaBackbone

    return HyenaBackbone(**{"n_layer": 1, "d_model": 8, "max_seq_len": max_seq_len, "embed_dropout": 0.0} | overrides)


def reference_states(model: Any, embedded: np.ndarray) -> np.ndarray:
    """Compute the hidden states of embeddings in float64 NumPy, slowly: (B, L, D) -> (B, L, D).

    With it a test compares what a task puts in front of the sequences, and slopes of a loss, by
    small changes, with gradients. `model` is a backbone, or a model with one.
    """
    from hyenadna_core import definition
    from hyenadna_core.weights.state_dict import EMBEDDING, HEAD, state_dict

    backbone = getattr(model, "backbone", model)
    config, flat = backbone.hyena_config, embedded.reshape(-1, embedded.shape[-1])
    tensors = state_dict(backbone) | {EMBEDDING: flat, HEAD: np.zeros_like(flat[:1])}  # each vector is a row of its own
    rows = np.arange(len(flat)).reshape(embedded.shape[:2])
    epsilon = config.layer_norm_epsilon
    return definition.forward(tensors, rows, config.window_shift, config.filter_layout, epsilon)[0]


def tiny_fasta(path: Path, contigs: Mapping[str, int] | None = None, seed: int = 0) -> Path:
    """Write a FASTA of random bases, and return its path; `contigs` has lengths by name."""
    random = np.random.default_rng(seed)
    with path.open("w", encoding="ascii") as file:
        for name, length in (contigs or {"chr1": 2_000, "chr2": 1_000}).items():
            file.write(f">{name}\n{''.join(random.choice(list('ACGT'), length))}\n")
    return path


def check_task(task: Task, seq_len: int = SEQ_LEN, batch_size: int = BATCH_SIZE, steps: int = STEPS) -> dict[str, Any]:
    """Check a task by training a tiny backbone on it, and return figures by split.

    The checks are:

    - the same draw gives the same batch, and the shapes of a batch match;
    - the loss is finite, and falls if one batch is repeated;
    - the weights of the model can be saved and loaded;
    - padding on the right does not change the outputs;
    - the vectors of `shared_front` are the same in all rows;
    - the figures of a split are numbers, and do not depend on the size of the batches;
    - a few rows of each split of a SequenceTask are those that its source promises.

    Raises:
        AssertionError: one of the checks fails; the message names it.
    """
    from hyenadna_core.model.causal_lm import CausalLM
    from hyenadna_core.weights.state_dict import load_state_dict, state_dict

    task.prepare(seq_len)
    if isinstance(task, SequenceTask):
        for split in filter(task.has, SPLITS):
            check_rows(task.split(split), seq_len, of_bases=task.target.kind == "bases", pairs=task.pairs)
    batch = check_batches(task, seq_len, batch_size)
    first, again = (task.model(CausalLM(tiny_backbone(4 * seq_len + 2))) for _ in range(2))
    check_loss(task, first, batch, steps)
    load_state_dict(again, state_dict(first))
    outputs = first.predict_on_batch(batch.ids)
    _hold(
        _near(again.predict_on_batch(batch.ids), outputs),
        "a model with loaded weights gives other outputs than the saved model",
    )
    check_padding(first, batch, outputs)
    check_shared_front(task, first, batch)
    return {split: check_figures(task, first, split) for split in SPLITS[1:] if task.has(split)}


def check_kernel(fft_conv: Callable[..., Any]) -> Iterator[Any]:
    """Yield a check for each property that a kernel must have, on the backend that runs.

    In a test: `for check in check_kernel(my_fft_conv): assert check.passed, check`.
    """
    from hyenadna_backends import choose

    choose()
    from hyenadna_core.checks import kernel  # it imports Keras

    return kernel.check_kernel(fft_conv)


def check_rows(rows: Rows, seq_len: int = SEQ_LEN, of_bases: bool = False, pairs: bool = False) -> None:
    """Check that a source of rows keeps its promises: the same row twice, its length, its windows.

    It reads at most 16 rows. `of_bases` is true if a row has one target for each of its bases.
    `pairs` is true if a row has two sequences.

    Raises:
        AssertionError: a promise is broken; the message names it.
    """
    _hold(
        len(rows) > 0 and len(rows.lengths) == len(rows), f"there are {len(rows.lengths)} lengths of {len(rows)} rows"
    )
    checksum = rows.checksum
    indices = np.unique(np.linspace(0, len(rows) - 1, ROWS).astype(int)).tolist()
    read = [rows.row(index) for index in indices]
    for index, row, other in zip(indices, read, read_many(rows, indices), strict=True):
        _hold(_same(row, rows.row(index)), f"row({index}) is not the same twice")
        _hold(_same(row, other), f"many({indices}) has another row {index} than row({index})")
        sides, target = _sides(row, pairs, f"row({index})"), row[1]
        flat = all(side.dtype == np.uint8 and side.ndim == 1 for side in sides)
        _hold(flat, f"the bases of row({index}) are not (L,) uint8")
        _hold(all(map(len, sides)) or not pairs, f"a sequence of row({index}) is empty")
        longest, length = max(map(len, sides)), int(rows.lengths[index])
        _hold(longest == length, f"row({index}) has {longest} bases, and lengths[{index}] is {length}")
        _hold(not of_bases or len(target) == length, f"row({index}) has not one target for each base")
        _hold(isinstance(rows.name(index), str), f"name({index}) is not text")
    part = take_rows(rows, indices)
    for place, (index, row) in enumerate(zip(indices, read, strict=True)):
        _hold(_same(part.row(place), row), f"take({indices}) has another row {index} than row({index})")
    draws = [Draw("train", step, seq_len, BATCH_SIZE, 0) for step in (0, 1, 0)]
    windows = [read_many(rows, indices, draw) for draw in draws] if hasattr(rows, "window") else [[], []]
    for index, first, last in zip(indices if windows[0] else [], windows[0], windows[-1], strict=True):
        name, most = f"window(draw, {index})", int(rows.lengths[index])
        _hold(_same(first, last), f"{name} depends on more than its draw")
        longest = max(map(len, _sides(first, pairs, name)))
        _hold(longest <= most, f"{name} has {longest} bases, more than {most}")
    _hold(rows.checksum == checksum, "the checksum is not the same twice")


def _sides(row: Row, pairs: bool, name: str) -> tuple[np.ndarray, ...]:
    """Return the sequences of a row: one, or both of a pair."""
    bases: Any = row[0]
    wanted = "two sequences, a tuple of two arrays" if pairs else "one sequence, an array"
    _hold(is_pair(bases) is pairs and (not pairs or len(bases) == 2), f"{name} has not {wanted}")
    return tuple(bases) if pairs else (bases,)


def _same(row: Row, other: Row) -> bool:
    """Return whether two rows have the same bases and targets."""
    (bases, target), (others, of_others) = row, other
    sides, of_other = (each if is_pair(each) else (each,) for each in (bases, others))
    same = len(sides) == len(of_other) and all(map(np.array_equal, sides, of_other))
    return same and bool(np.array_equal(target, of_others))


def check_batches(task: Task, seq_len: int, batch_size: int) -> Batch:
    """Check that batches depend only on their draws and have the right shapes; return the first."""
    draw = Draw("train", 0, seq_len, batch_size, 0)
    batch, again = task.batch(draw), task.batch(draw)
    for name, array, other in zip(Batch._fields, batch, again, strict=True):
        _hold(np.array_equal(array, other), f"{name} of the same draw differ: batch(draw) must depend only on the draw")
        _hold(len(array) == batch_size, f"{name} has {len(array)} rows for a batch of {batch_size}")
    next_one = task.batch(Draw("train", 1, seq_len, batch_size, 0))
    _hold(not np.array_equal(batch.ids, next_one.ids), "the batches of steps 0 and 1 are the same")
    shape = (batch_size, 2, seq_len) if task.pairs else (batch_size, seq_len)
    _hold(batch.ids.shape == shape, f"ids have the shape {batch.ids.shape}, not {shape}")
    _hold(
        batch.ids.dtype == np.int32 and 0 <= batch.ids.min() <= batch.ids.max() < 16,
        "ids are not token ids of the type int32",
    )
    _hold(
        batch.weights.dtype == np.float32 and bool((batch.weights >= 0).all()), "weights are not float32, 0 or larger"
    )
    _hold(batch.weights.sum() > 0, "no target of the first batch counts in the loss: all weights are 0")
    return batch


def check_loss(task: Task, model: Any, batch: Batch, steps: int) -> None:
    """Check that the loss is finite, and that it falls if one batch is repeated.

    Only the trained part of the task is trained.

    Raises:
        HyenaDNAError: that is no part of the model.
    """
    from keras import ops

    from hyenadna_backends.updates import updates
    from hyenadna_core.model.trained_part import train_only
    from hyenadna_core.recipe import Recipe
    from hyenadna_core.training.optimizer import build_optimizer

    if (part := task.trained_part(model)) is not None:
        train_only(model, part)
    model.compile(optimizer=build_optimizer(model, Recipe(1e-2, 0.1, 0.0, 0.99), steps))
    update, total = updates(model, task.loss), number_of_targets(batch)
    losses = [float(ops.convert_to_numpy(update([batch], total))) for _ in range(steps)]
    update.settle()
    _hold(all(map(math.isfinite, losses)), f"the loss is not finite: {losses[:3]}")
    _hold(
        losses[-1] < losses[0],
        f"the loss does not fall: {losses[0]:.4f} at the first step, {losses[-1]:.4f} at the last",
    )


def check_padding(model: Model, batch: Batch, outputs: np.ndarray) -> None:
    """Check that padding on the right of a batch does not change the outputs."""
    seq_len = batch.ids.shape[-1]
    widths = ((0, 0),) * (batch.ids.ndim - 1) + ((0, seq_len),)
    padded = model.predict_on_batch(np.pad(batch.ids, widths, constant_values=PAD))
    of_bases = outputs.ndim > 1 and (outputs.shape[1], padded.shape[1]) == (seq_len, 2 * seq_len)
    cropped = padded[:, :seq_len] if of_bases else padded
    _hold(
        _near(cropped, outputs), "padding on the right changes the outputs: leave out the positions that are not real"
    )


def check_shared_front(task: Task, model: Any, batch: Batch) -> None:
    """Check that the first vectors of `embed` are the same in all rows, as the task says."""
    if not task.shared_front:
        return
    from keras import ops

    ids = ops.convert_to_tensor(batch.ids[:, 0] if task.pairs else batch.ids)
    front = ops.convert_to_numpy(model.embed([ids, model.backbone.embeddings(ids)]))[:, : task.shared_front]
    _hold(
        bool((front == front[:1]).all()),
        f"shared_front is {task.shared_front}, but these vectors of `embed` differ between rows",
    )


def check_figures(task: Task, model: Model, split: str) -> dict[str, float]:
    """Check that the figures of a split are numbers, and the same for batches of another size."""
    figures = task.evaluate(model, split)
    bases = task.evaluation_bases
    try:
        task.evaluation_bases = max(1, bases // 7)
        others = task.evaluate(model, split)
    finally:
        task.evaluation_bases = bases
    _hold(bool(figures), f"there are no figures for {split}")
    for name, value in figures.items():
        _hold(isinstance(value, float), f"{name} of {split} is {value!r}, which is not a float")
        same = value == others[name] or abs(value - others[name]) < 1e-3 or math.isnan(value)
        _hold(same, f"{name} of {split} depends on the size of batches: {value} and {others[name]}")
    _hold(task.monitor[0] in figures, f"monitor names {task.monitor[0]!r}, which is not one of {', '.join(figures)}")
    return figures


def _near(outputs: np.ndarray, expected: np.ndarray) -> bool:
    return outputs.shape == expected.shape and bool(
        np.abs(outputs - expected).max() <= SAME * max(1.0, float(np.abs(expected).max()))
    )


def _hold(condition: bool, sentence: str) -> None:
    if not condition:
        raise AssertionError(f"{sentence}.")
