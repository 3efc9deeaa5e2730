"""The task `few-shot`: labelled examples in the context, without tuning or after a little of it."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import click
import numpy as np

from hyenadna_core import FittedTask, HyenaDNAError, Rows, join_ids
from hyenadna_core.recipe import Recipe
from hyenadna_core.task import Batch, Draw, GivenOptions, Task, TaskDefaults
from hyenadna_core.tokens import COMPLEMENT, PAD, SEP
from hyenadna_icl.context_task import ContextTask, with_batch_size, without
from hyenadna_icl.faults import DoesNotFit
from hyenadna_icl.shots import Pool

BATCH_SIZE = 2  # sequences of a step, as in the paper
AROUND = 3  # tokens of a shot that are not bases: [SEP], the label, [SEP]
CONTEXT = "context.json"


class FewShotTask(ContextTask):
    """Tell classes apart by labelled examples in the context, after tuning on a few sequences."""

    name = "few-shot"
    epochs: float | None
    strands_of_paper = False
    recipe = Recipe(learning_rate=1e-4, filter_rate=1.0, weight_decay=0.0, beta_2=0.999, warmup=0.0)  # few steps
    options = (
        click.Option(
            ["--shots"], type=click.IntRange(min=0), default=1, show_default=True, help="Examples of each class."
        ),
        click.Option(
            ["--tune"],
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Training sequences that all weights are tuned on, each after its own examples; 0 tunes nothing.",
        ),
        click.Option(
            ["--context-seed"],
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Seed that chooses the examples and the sequences to tune on.",
        ),
        *without(ContextTask.options, "baseline"),
    )

    def __init__(self, of: str, shots: int = 1, tune: int = 0, context_seed: int = 0, **shared: Any) -> None:
        super().__init__(of, **shared)
        self.shots, self.tune, self.context_seed = shots, tune, context_seed
        self.epochs = self.epochs or 1
        self._context: np.ndarray | None = None

    @classmethod
    def class_of(cls, options: Mapping[str, Any]) -> type[Task]:
        return cls if options.get("tune") else UntunedFewShotTask

    @classmethod
    def from_options(cls, options: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> Any:
        task = super().from_options(options, state)
        if state is not None:
            task._context = np.array(state["context"], np.int32)
        return task

    def state(self) -> dict[str, Any]:
        return super().state() | {"context": self.context_ids.tolist()}

    @cached_property
    def pool(self) -> Pool:
        """The training rows that examples are drawn from."""
        rows = super().rows_of_split("train")
        assert rows is not None  # noqa: S101 (training rows are never missing)
        return Pool(rows, self.classes, self.shots, self.tune, self.of)

    def rows_of_split(self, split: str) -> Rows | None:
        """Return the rows of a split; those of training are the sequences to tune on."""
        if split != "train" or not self.tune:
            return super().rows_of_split(split)
        return self.pool.to_tune_on(np.random.default_rng([self.context_seed, 1]))

    def fold(self, number: int, of: int) -> Self:
        task = super().fold(number, of)
        if not self._known:  # else the examples are those that a run of this fold has kept
            task._context = None  # they come from the training rows of the fold
        return task

    @property
    def context_ids(self) -> np.ndarray:
        """The examples in front of each sequence that is predicted: (P,), drawn once."""
        if self._context is None:
            draw = np.random.default_rng([self.context_seed, 0])
            self._context = self.ids_of_shots(self.pool.shots_of(draw))
        return self._context

    def ids_of_shots(self, shots: Sequence[tuple[np.ndarray, int]]) -> np.ndarray:
        """Join sequences and their labels: [sequence][SEP][label][SEP] ... -> (P,)."""
        parts: list[Any] = []
        for bases, label in shots:
            parts += [bases.tobytes(), SEP, self.tokens[label], SEP]
        return join_ids(parts) if parts else np.zeros(0, np.int32)

    @property
    def front(self) -> int:  # type: ignore[override]
        """The positions in front of the longest sequence, at most, and [SEP]."""
        longest = int(self.pool.rows.lengths.max())
        return 1 + self.shots * len(self.classes) * (longest + AROUND)

    @property
    def about_front(self) -> str:
        return f"{self.shots} examples of each of {len(self.classes)} classes take {self.front:,} positions and"

    def way_out(self, max_seq_len: int) -> str:
        return "Use fewer --shots, or choose weights that take more positions."

    def room(self, max_seq_len: int) -> int:
        """Return how many bases of a sequence are read; the longest one must fit.

        Raises:
            DoesNotFit: the examples and the longest sequence do not fit.
        """
        longest = int(self.pool.rows.lengths.max())
        if self.front + longest > max_seq_len:
            raise DoesNotFit(
                f"{self.shots} examples of each of {len(self.classes)} classes and a sequence, of up to {longest:,} "
                f"bases each, take {self.front + longest:,} positions, and the model takes {max_seq_len:,}. "
                f"{self.way_out(max_seq_len)}"
            )
        return max_seq_len - self.front

    def defaults(self, max_seq_len: int, given: GivenOptions) -> TaskDefaults:
        """Return one stage for the examples and a sequence, and one pass over the tuning rows.

        Raises:
            HyenaDNAError: there is nothing to tune on, or the examples do not fit.
        """
        self.room(max_seq_len)
        if not self.tune:
            raise HyenaDNAError("FewShotTask with tune=0 has no steps: give `train` the class, or UntunedFewShotTask.")
        options = super(ContextTask, self).defaults(max_seq_len, with_batch_size(given, BATCH_SIZE, self.tune))
        if "stages" in options:
            length = self.front - 1 + int(self.pool.rows.lengths.max())
            options["stages"] = f"{length}x{options['stages'].partition('x')[2]}"
        return options

    def padded_lengths(self, seq_len: int) -> Sequence[int]:
        return ()

    def batch(self, draw: Draw) -> Batch:
        """Return sequences to tune on, each after its own examples: ids (B, L).

        Examples of another split are drawn from the training rows too.
        """
        rows: Any = self.split(draw.split)
        random, first = draw.generator(), draw.step * draw.batch_size
        ids = np.full((draw.batch_size, draw.seq_len), PAD, np.int32)
        targets = np.zeros(draw.batch_size, np.int32)
        for place, number in enumerate(range(first, first + draw.batch_size)):
            epoch, at = divmod(number, len(rows))
            order = np.random.default_rng([draw.seed, epoch]).permutation(len(rows))
            bases, target = rows.row(int(order[at]))
            shots = self.ids_of_shots(self.pool.shots_of(random, but=bases))
            query = join_ids([bases.tobytes()])
            if self.on_both_strands and random.random() < 0.5:
                query = COMPLEMENT[query[::-1]]
            if (room := draw.seq_len - len(shots)) < 1:
                raise HyenaDNAError(
                    f"The examples take {len(shots):,} of {draw.seq_len:,} positions of a stage: use longer --stages."
                )
            start = max(0, (len(query) - room) // 2)
            whole = np.concatenate([shots, query[start : start + room]])
            ids[place, : len(whole)], targets[place] = whole, target
        return Batch(ids, targets, np.ones(draw.batch_size, np.float32))

    def context(self, model: Any) -> np.ndarray:
        from keras import ops

        ids = self.context_ids
        if not len(ids):
            return np.zeros((0, model.backbone.hyena_config.d_model), np.float32)
        embedded: np.ndarray = np.array(ops.convert_to_numpy(model.backbone.embed(ids[None])), np.float32)[0]
        return embedded


class UntunedFewShotTask(FittedTask, FewShotTask):
    """Tell classes apart by labelled examples in the context; no weight changes."""

    name = FewShotTask.name
    stranded = None

    @classmethod
    def class_of(cls, options: Mapping[str, Any]) -> type[Task]:
        return cls

    def defaults(self, max_seq_len: int, given: GivenOptions) -> TaskDefaults:
        self.room(max_seq_len)
        return FittedTask.defaults(self, max_seq_len, given)

    def fit(self, language_model: Any, folder: Path) -> Any:
        return self.in_context(self.model(language_model))

    def save_fitted(self, fitted: Any, folder: Path) -> None:
        (folder / CONTEXT).write_text(json.dumps(self.context_ids.tolist()), encoding="utf-8")

    def load_fitted(self, language_model: Any, folder: Path) -> Any:
        self._context = np.array(json.loads((folder / CONTEXT).read_text(encoding="utf-8")), np.int32)
        return self.in_context(self.model(language_model))
