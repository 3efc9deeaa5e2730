"""What both tasks share: rows of any source, label tokens, [SEP], and a context computed once."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import click
import numpy as np

from hyenadna_core import ClassifyTask, HyenaDNAError, InputPath, Rows, SequenceTask, Target
from hyenadna_core.task import GivenOptions, TaskDefaults
from hyenadna_icl.faults import DoesNotFit
from hyenadna_icl.label_tokens import all_tokens, label_tokens, names_of
from hyenadna_icl.prompted_model import PromptedModel
from hyenadna_icl.source import PAPER, PROTOCOLS, READING, DataName, check_classes, source_of

SELECTS_ON_TEST = (
    "The protocol paper selects on test: the best weights are those with the best accuracy of the test split, so its "
    "figures are too high. --protocol holdout uses test once."
)
LEFT_OUT = ("dataset", "train", "target", "pooling", "head_dropout", "both_directions", "long_rows")
COLUMNS = {  # of which there is one each; more are refused (source.py)
    "sequence_column": "Column of the sequences.  [default: sequence, seq or dna]",
    "label_column": "Column of the classes.  [default: label, labels, target, class or y]",
}
OPTIONS = (
    click.Option(
        ["--of"],
        type=DataName(),
        required=True,
        metavar="DATA",
        help="A table of training sequences with classes, the name of a dataset, or SUITE/SET of hyenadna-benchmarks.",
    ),
    click.Option(["--folder"], type=InputPath(), help="Folder of the benchmark suite of SUITE/SET."),
    click.Option(
        ["--label-tokens"],
        metavar="A,T",
        help="Token of each class, in the order of the classes: A, C, G, T, or 12 to 15, rows of the embedding "
        "without a token.  [default: the first ones of these]",
    ),
    click.Option(
        ["--protocol"],
        type=click.Choice(PROTOCOLS),
        default=PROTOCOLS[0],
        show_default=True,
        help="holdout validates on training rows, reads the class among the label tokens and uses test once. paper "
        "follows the original: validates on test, reads it among all 16 tokens, and has the tokens A and N for two "
        "classes, or A, G and N for three.",
    ),
    *(
        click.Option([f"--{name.replace('_', '-')}"], metavar="NAME", multiple=True, help=COLUMNS[name])
        for name in COLUMNS
    ),
    *(option for option in ClassifyTask.options if option.name not in (*LEFT_OUT, *COLUMNS)),
)


class ContextTask(SequenceTask):
    """Classes of sequences, read from the logits of label tokens after [context][sequence][SEP].

    Args:
        of: a table of training rows, the name of a dataset, or SUITE/SET.
        label_tokens: the token of each class, as text.
        protocol: "holdout" or "paper".
        others: those of `source_of` and of SequenceTask.
    """

    options: Sequence[click.Parameter] = OPTIONS
    reverse_complements: bool | None
    front = 1  # positions that are not bases of a sequence: [SEP], and those of a context
    strands_of_paper = True  # whether the original reads the reverse complement of a sequence at random

    def __init__(
        self,
        of: str,
        valid: Path | str | None = None,
        test: Path | str | None = None,
        folder: Path | str | None = None,
        label_tokens: str | None = None,
        protocol: str = PROTOCOLS[0],
        **shared: Any,
    ) -> None:
        reading = {name: shared.pop(name) for name in READING if name in shared}
        super().__init__(**shared)
        if protocol not in PROTOCOLS:
            raise HyenaDNAError(f"Unknown protocol {protocol!r}: choose one of {', '.join(PROTOCOLS)}.")
        self.of, self.given_tokens, self.protocol = of, label_tokens, protocol
        self._source = {"valid": valid, "test": test, "folder": folder, **reading}
        self._known: tuple[str, ...] = ()
        if protocol == PAPER:
            self.metrics = ("accuracy",)
            if self.reverse_complements is None:
                self.reverse_complements = self.strands_of_paper

    @classmethod
    def from_options(cls, options: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> Self:
        task = super().from_options(options, state)
        if state is not None:
            task._known = tuple(state["classes"])
        return task

    def state(self) -> dict[str, Any]:
        return super().state() | {"classes": list(self.classes)}

    @cached_property
    def source(self) -> SequenceTask:
        """The task that has the rows, in a fold those of the fold."""
        source = source_of(self.of, protocol=self.protocol, **self._source)
        return source.fold(*self.fold_of) if self.fold_of else source

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        if self._known:
            return self._known
        target = self.source.target
        check_classes(target.names, target.kind, self.of)
        return target.names

    @cached_property
    def tokens(self) -> tuple[int, ...]:
        """The token of each class."""
        return label_tokens(self.classes, self.given_tokens, self.protocol == PAPER)

    @cached_property
    def read_tokens(self) -> tuple[int, ...]:
        """The tokens whose logits are read: those of the classes; by the paper also all others."""
        return all_tokens(self.tokens) if self.protocol == PAPER else self.tokens

    @cached_property
    def target(self) -> Target:  # type: ignore[override]
        """The classes; by the paper also each other token, which is never right."""
        others = names_of(self.read_tokens[len(self.classes) :])
        return Target("classes", (*self.classes, *(f"token {name}" for name in others)))

    @property
    def monitor(self) -> tuple[str, str]:  # type: ignore[override]
        return "accuracy" if self.protocol == PAPER else "mcc", "max"

    @property
    def title(self) -> str:
        data = Path(self.of).name if Path(self.of).exists() else self.of
        return super().title.replace(self.name, f"{self.name} of {data}", 1)

    def sequences(self, split: str) -> Rows | None:
        return self.source.sequences(split)

    def fold(self, number: int, of: int) -> Self:
        if self.protocol == PAPER:
            raise HyenaDNAError("--fold validates on a part of train, --protocol paper on test: leave out one of them.")
        return super().fold(number, of)

    @cached_property
    def strand_losses(self) -> Any:
        return self.source.strand_losses

    def prepare(self, seq_len: int) -> list[str]:
        said = super().prepare(seq_len)
        _ = self.tokens  # they may not be enough
        self.source.reverse_complements = False  # its strands are not asked for
        others = [sentence for sentence in self.source.prepare(seq_len) if sentence not in said]
        return others + said

    @property
    def caution(self) -> str:  # type: ignore[override]
        return SELECTS_ON_TEST if self.protocol == PAPER else ""

    def room(self, max_seq_len: int) -> int:
        """Return how many bases of a sequence a model of so many positions reads.

        Raises:
            DoesNotFit: there is no room for a sequence.
        """
        if (room := max_seq_len - self.front) < 1:
            raise DoesNotFit(
                f"{self.about_front} leave no room for a sequence: the model takes {max_seq_len:,} positions. "
                f"{self.way_out(max_seq_len)}"
            )
        return room

    @property
    def about_front(self) -> str:
        """The positions that are not bases of a sequence, in words."""
        return "[SEP]"

    def way_out(self, max_seq_len: int) -> str:
        """Return what to do if there is no room for a sequence."""
        return "Choose weights that take more."

    def defaults(self, max_seq_len: int, given: GivenOptions) -> TaskDefaults:
        return super().defaults(self.room(max_seq_len), given)

    def model(self, language_model: Any) -> Any:
        from hyenadna_core import TaskModel
        from hyenadna_icl.layers import label_logits

        backbone = language_model.backbone
        if max(self.read_tokens) >= backbone.hyena_config.vocab_size:
            raise HyenaDNAError(
                f"The model has {backbone.hyena_config.vocab_size} rows of its embedding, and a class has the token "
                f"{max(self.tokens)}: choose other --label-tokens."
            )
        return TaskModel(
            backbone,
            lambda hidden, real: label_logits(language_model, self.read_tokens, hidden, real),
            embed=lambda ids, embedded: self.before_blocks(backbone, ids, embedded),
            shared_front=self.shared_front,
        )

    def before_blocks(self, backbone: Any, ids: Any, embedded: Any) -> Any:
        """Make the input of the blocks: (B, L), (B, L, D) -> (B, P + L + 1, D)."""
        from hyenadna_icl.layers import with_sep

        return with_sep(backbone, ids, embedded)

    @abstractmethod
    def context(self, model: Any) -> np.ndarray:
        """Return the vectors in front of each sequence, (P, D)."""

    def in_context(self, model: Any, longest: int = 1) -> Any:
        """Return a model that reads sequences after the context."""
        return model if isinstance(model, PromptedModel) else PromptedModel(model, self.context(model), longest)

    def slabs(self, model: Any, rows: Rows) -> Iterator[Any]:
        return super().slabs(self.in_context(model, int(rows.lengths.max())), rows)

    def predictions(self, model: Any, path: Path, batch_size: int | None = None, **columns: Any) -> Iterator[Any]:
        return super().predictions(self.in_context(model), path, batch_size, **columns)


def with_batch_size(given: Any, batch_size: int, rows: int) -> Any:
    """Return options of a run with a batch size, if they leave it open."""
    if given.batch_size or given.batch_bases or given.stages or given.warmup:
        return given
    return replace(given, batch_size=min(batch_size, rows))


def without(options: Sequence[click.Parameter], *names: str) -> tuple[click.Parameter, ...]:
    """Return options without some, by name."""
    return tuple(option for option in options if option.name not in names)
