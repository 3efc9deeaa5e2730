"""The task `classify`: fine-tune a model on your own sequences, in files of many formats."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import click
import numpy as np

from hyenadna_core.datasets import fetch_dataset
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.input import InputPath
from hyenadna_core.labelled.class_names import check_are_classes, spellings
from hyenadna_core.labelled.files import read_labelled
from hyenadna_core.labelled.pairs import InMemory
from hyenadna_core.labelled.records import Records, left_out_sentences
from hyenadna_core.labelled.targets import KINDS, Target, read_targets
from hyenadna_core.tasks.sequence_batches import labelled
from hyenadna_core.tasks.sequence_options import OPTIONS
from hyenadna_core.tasks.sequence_task import SequenceTask

PATH = InputPath()
VALID_PART = 10  # without --valid, one in 10 training sequences is for validation
FILES = (
    click.Option(["--dataset"], metavar="NAME", help="Name of a dataset; `hyenadna datasets` lists them."),
    click.Option(
        ["--train"], type=PATH, help="Sequences with labels: CSV, TSV, Parquet, FASTA, FASTQ, BED, or gzipped."
    ),
    click.Option(["--valid"], type=PATH, help="Sequences to choose the best weights.  [default: a tenth of --train]"),
    click.Option(["--test"], type=PATH, help="Sequences to measure the best weights, once, at the end."),
    click.Option(
        ["--target"],
        type=click.Choice(KINDS),
        help="Kind of label.  [default: classes, unless the labels are numbers that name none]",
    ),
    click.Option(
        ["--sequence-column"],
        metavar="NAME",
        multiple=True,
        help="Column of the sequences; twice for pairs, such as ref and alt.  [default: sequence, seq or dna]",
    ),
    click.Option(
        ["--label-column"],
        metavar="NAME",
        multiple=True,
        help="Column of the labels; may be repeated for several labels or quantities.  "
        "[default: label, labels, target, class or y]",
    ),
    click.Option(
        ["--labels"], type=PATH, help="Table with the columns name and label, for a FASTQ or a FASTA without labels."
    ),
    click.Option(["--fasta"], type=PATH, help="Genome of the BED files."),
)


class ClassifyTask(SequenceTask):
    """Fine-tune on your own sequences: classes, labels, quantities, or a class at every base."""

    name = "classify"
    options = (*FILES, *OPTIONS)

    def __init__(
        self,
        train: Path | str | None = None,
        valid: Path | str | None = None,
        test: Path | str | None = None,
        target: str | None = None,
        sequence_column: str | Sequence[str] | None = None,
        label_column: tuple[str, ...] = (),
        labels: Path | str | None = None,
        fasta: Path | str | None = None,
        dataset: str | None = None,
        **shared: Any,
    ) -> None:
        columns = (sequence_column,) if isinstance(sequence_column, str) else tuple(sequence_column or ())
        self.pairs = len(columns) > 1
        super().__init__(**shared)
        given = {"train": train, "valid": valid, "test": test}
        fetched = fetch_dataset(dataset) if dataset else {}
        self.files = {split: path or fetched.get(split) for split, path in given.items()}
        self.valid_is_given = valid is not None
        self.kind, self.label_columns = target or "classes", tuple(label_column)
        self.kind_is_given = target is not None
        self.reading = {
            "sequence_column": columns if self.pairs else next(iter(columns), None),
            "labels": _path(labels),
            "fasta": _path(fasta),
        }
        self._records: dict[str, Records] = {}
        self._known: Target | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> Self:
        task = super().from_options(options, state)
        if state is not None:
            task._known = Target.from_json(state["target"])
        return task

    @property
    def target(self) -> Target:  # type: ignore[override]
        """The kind of the labels, with the names of the classes in the training file."""
        return self._known or self._learned[0]

    @cached_property
    def _learned(self) -> tuple[Target, np.ndarray]:
        return self._targets("train", None)

    def _targets(self, split: str, target: Target | None) -> tuple[Target, np.ndarray]:
        """Return the targets of a file's rows; `target` is None to learn it from them."""
        records = self._read(split)
        lengths = [len(sequence) for sequence in records.sequences]
        try:
            if target is None and not self.kind_is_given and len(self.label_columns) < 2:
                check_are_classes([label for (label,) in records.labels])
            return read_targets(
                records.labels, self.kind, self.label_columns, target, names=records.names, lengths=lengths
            )
        except HyenaDNAError as error:
            raise HyenaDNAError(f"{self.files[split]}: {error}") from None

    @cached_property
    def _held_out(self) -> np.ndarray:
        """True for training sequences that are for validation if there is no --valid: (n,) bool."""
        count = len(self._read("train").names)
        chosen = np.zeros(count, bool)
        chosen[np.random.default_rng(0).permutation(count)[: count // VALID_PART]] = True
        return chosen

    def _read(self, split: str) -> Records:
        if split not in self._records:
            path = self.files[split]
            if path is None:
                raise HyenaDNAError(
                    f"The task classify needs --{split}: a file of sequences with labels, or --dataset."
                )
            self._records[split] = read_labelled(
                Path(path),
                label_columns=self.label_columns,
                empty_labels=self.kind == "labels" and len(self.label_columns) < 2,
                labels_of_bases=self.kind == "bases",
                **self.reading,
            )
        return self._records[split]

    def sequences(self, split: str) -> InMemory | None:
        if split == "test" and self.files["test"] is None:
            return None
        source = "train" if self.files[split] is None else split
        records = self._read(source)
        learning = self._known is None and source == "train"
        targets = self._learned[1] if learning else self._targets(source, self.target)[1]
        sequences = labelled(records.sequences, targets, records.names)
        if self.files["valid"] is not None or split == "test" or self.fold_of:
            return sequences
        rows = np.flatnonzero(self._held_out if split == "valid" else ~self._held_out)
        return sequences.take(rows) if len(rows) else None

    def fold(self, number: int, of: int) -> Self:
        if self.valid_is_given:
            raise HyenaDNAError("--fold validates on a part of --train: leave out --valid, or add its rows to --train.")
        return super().fold(number, of)

    def prepare(self, seq_len: int) -> list[str]:
        about_sequences = super().prepare(seq_len)
        messages = [
            sentence
            for split, records in self._records.items()
            for sentence in left_out_sentences(records.left_out, self.files[split])
        ]
        self._records.clear()  # the arrays have all that is needed
        if self.target.kind in ("classes", "labels"):
            messages += spellings(self.target.names)
        if self.files["valid"] is None and not self.fold_of:
            held_out = int(self._held_out.sum())
            messages.append(
                f"No --valid: {held_out:,} of the training sequences are for validation."
                if held_out
                else f"No --valid, and fewer than {VALID_PART} training sequences: nothing is held out or validated."
            )
        return messages + about_sequences


def _path(value: Path | str | None) -> Path | None:
    return None if value is None else Path(value)
