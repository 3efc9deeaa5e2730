"""The task `soft-prompt`: trained vectors in front of a sequence, for a frozen language model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click
import numpy as np

from hyenadna_core import HyenaDNAError
from hyenadna_core.recipe import Recipe
from hyenadna_core.task import GivenOptions, Run, RunSettings, TaskDefaults
from hyenadna_icl.context_task import ContextTask, with_batch_size
from hyenadna_icl.prompt_file import FILE, save_prompt
from hyenadna_icl.source import PAPER

BATCH_SIZE = 16  # sequences of a step, as in the paper
RATE_OF_PAPER, DROPOUT_OF_PAPER = 1e-3, 0.1  # the dropout is that of the vectors
POSITIONS = 1 << 16  # positions that are computed at a time in training


class SoftPromptTask(ContextTask):
    """Tell classes apart with a soft prompt: only vectors in front of the sequence are trained."""

    name = "soft-prompt"
    recipe = Recipe(learning_rate=1e-2, filter_rate=1.0, weight_decay=0.0, beta_2=0.999)
    options = (
        click.Option(
            ["--prompt-length"],
            type=click.IntRange(min=1),
            default=32,
            show_default=True,
            help="Number of trained vectors.",
        ),
        *ContextTask.options,
    )

    def __init__(self, of: str, prompt_length: int = 32, **shared: Any) -> None:
        super().__init__(of, **shared)
        if prompt_length < 1:
            raise HyenaDNAError(f"--prompt-length is {prompt_length}: a soft prompt has at least one vector.")
        self.prompt_length = self.shared_front = prompt_length
        self.front, self.dropout = prompt_length + 1, 0.0
        if self.protocol == PAPER:
            self.recipe, self.dropout = replace(self.recipe, learning_rate=RATE_OF_PAPER), DROPOUT_OF_PAPER

    @property
    def about_front(self) -> str:
        return f"--prompt-length {self.prompt_length:,} and [SEP]"

    def way_out(self, max_seq_len: int) -> str:
        most = max_seq_len - 1 - int(self.split("train").lengths.max())
        fewer = f"use at most {most:,} vectors for the longest sequence, or " if most > 0 else ""
        return f"{fewer}choose weights that take more positions.".capitalize()

    def defaults(self, max_seq_len: int, given: GivenOptions) -> TaskDefaults:
        """Return one stage as long as the longest sequence, and parts of steps for many positions.

        The vectors count once for all sequences of a part, unless each has its own (SharedFront).
        """
        train, room = self.split("train"), self.room(max_seq_len)
        given = with_batch_size(given, BATCH_SIZE, len(train))
        longest = min(room, int(train.lengths.max())) + 1
        if given.rematerialise or given.dropout:
            at_once = POSITIONS // (self.prompt_length + longest)
        else:
            at_once = max(POSITIONS - self.prompt_length, self.prompt_length) // longest
        return super().defaults(max_seq_len, given) | {"micro_batch": max(1, at_once)}

    def before_blocks(self, backbone: Any, ids: Any, embedded: Any) -> Any:
        from hyenadna_icl.layers import SoftPrompt

        prompt = SoftPrompt(self.prompt_length, backbone.hyena_config.seed, self.dropout)
        return prompt(super().before_blocks(backbone, ids, embedded))

    def trained_part(self, model: Any) -> Sequence[Any]:
        return [prompt_of(model)]

    def context(self, model: Any) -> np.ndarray:
        from keras import ops

        return np.array(ops.convert_to_numpy(prompt_of(model).vectors))

    def report(self, model: Any, folder: Run, config: RunSettings) -> str:
        text = super().report(model, folder, config)
        size = save_prompt(self, model, folder.path / FILE)
        return f"{text}\n\nThe prompt of {self.prompt_length:,} vectors is in {folder.path / FILE} ({size})."


def prompt_of(model: Any) -> Any:
    """Return the layer of the soft prompt of a model."""
    from hyenadna_icl.layers import SoftPrompt

    return next(layer for layer in model.embed.layers if isinstance(layer, SoftPrompt))
