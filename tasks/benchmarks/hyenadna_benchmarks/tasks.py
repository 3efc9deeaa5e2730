"""The tasks of the suites: fine-tune on a set by name, by a named protocol."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import click
import numpy as np

from hyenadna_benchmarks.benchmark_set import BenchmarkSet, find_set
from hyenadna_benchmarks.data_folder import VARIABLE, cautions_of, split_path, suite_folder
from hyenadna_benchmarks.layouts.genome import SetGenome
from hyenadna_benchmarks.layouts.rows import labelled_rows
from hyenadna_benchmarks.suites import SUITES, task_class
from hyenadna_core import HyenaDNAError, InputPath, LabelledSequences, NamedInputPath, SequenceTask, Target

PROTOCOLS = ("holdout", "paper")
RELEASES = ("original", "revised")
HELD_OUT = 10  # without a published dev split, one in 10 training sequences is for validation
SEED = 0  # of the rows that are held out: the same in all runs
SELECTS_ON_TEST = "selects on test"
SHARED = (
    click.Option(["--set"], required=True, metavar="NAME", help="The set; `hyenadna datasets SUITE` lists them."),
    click.Option(
        ["--folder"],
        type=InputPath(),
        help=f"Folder of the suite in its published layout.  [default: {VARIABLE}/SUITE, else the cache]",
    ),
    click.Option(
        ["--protocol"],
        type=click.Choice(PROTOCOLS),
        default=PROTOCOLS[0],
        show_default=True,
        help="Rows that choose the best weights: the published dev split, else a tenth of the training rows; or the "
        "test split, as in the paper of HyenaDNA.",
    ),
)


class SetTask(SequenceTask):
    """Fine-tune on a set of a benchmark suite. A subclass has the suite.

    Args:
        set: the name of the set.
        folder: the folder of the suite; None for HYENADNA_BENCHMARKS/SUITE, else the cache.
        protocol: "holdout" validates on the published dev split, or else on a tenth of the training
            rows of each class. "paper" validates on test: it selects on test.
    """

    set: BenchmarkSet
    options = (*SHARED, *SequenceTask.options)
    genomes: dict[str, SetGenome] = {}  # noqa: RUF012 (a task of intervals has its own)

    def __init__(
        self,
        suite: str,
        set: str,  # noqa: A002 (the name of the option)
        folder: Path | str | None = None,
        protocol: str = PROTOCOLS[0],
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        if protocol not in PROTOCOLS:
            raise HyenaDNAError(f"Unknown protocol {protocol!r}: choose one of {', '.join(PROTOCOLS)}.")
        self.set, self.folder, self.protocol = find_set(suite, set), folder, protocol
        self.target = Target("classes", self.set.classes)
        self._published: dict[str, LabelledSequences] = {}
        self._label_files: dict[str, Path] = {}
        self.cautions: dict[str, str] = {}  # what is not as published, in short, and as a sentence

    @property
    def monitor(self) -> tuple[str, str]:  # type: ignore[override]
        return self.set.metric, "max"

    @property
    def title(self) -> str:
        how = f"{self.protocol}, which {SELECTS_ON_TEST}" if self.protocol == "paper" else self.protocol
        return super().title.replace(self.name, f"{self.set.full_name}, protocol {how}", 1)

    def published(self, split: str) -> LabelledSequences:
        """Return the rows of a published split: "train", "dev" or "test".

        Raises:
            HyenaDNAError: the data are missing, or a file is faulty.
        """
        if split not in self._published:
            layout, path = split_path(self.set, suite_folder(self.set, self.folder), split)
            rows = layout.read(self.set, path, split, self.genomes)
            self._published[split] = labelled_rows(self.set, path, rows, self._label_files)
            self.cautions |= cautions_of(self.set, path, split, len(self._published[split]))
        return self._published[split]

    def sequences(self, split: str) -> LabelledSequences:
        if split == "test" or (split == "valid" and self.protocol == "paper"):
            return self.published("test")
        train = self.published("train")
        if self.protocol == "paper" or self.fold_of:  # the core divides the rows of a fold
            return train
        if "dev" in self.set.splits:
            return self.published("dev") if split == "valid" else train
        held_out = held_out_rows(train.targets)
        if not held_out.any():
            raise HyenaDNAError(
                f"{self.set.full_name}: train has {len(train)} rows, too few for a validation part of a tenth: "
                f"give {HELD_OUT} rows or more."
            )
        return train.take(np.flatnonzero(held_out if split == "valid" else ~held_out))

    def fold(self, number: int, of: int) -> Self:
        if self.protocol == "paper":
            raise HyenaDNAError("--fold validates on a part of train, --protocol paper on test: leave out one of them.")
        return super().fold(number, of)

    def prepare(self, seq_len: int) -> list[str]:
        about_sequences = super().prepare(seq_len)
        messages = list(self.cautions.values())
        self._published.clear()  # the splits have the rows
        return messages + about_sequences

    @property
    def caution(self) -> str:  # type: ignore[override]
        if self.protocol != "paper":
            return ""
        return (
            f"The protocol paper {SELECTS_ON_TEST}: the best weights are those with the best {self.set.metric} of "
            "the test split, so its figures are too high. --protocol holdout uses test once."
        )


class GenomicBenchmarksTask(SetTask):
    """Fine-tune on a set of GenomicBenchmarks."""

    name = "genomic-benchmarks"
    options = (
        *SHARED,
        click.Option(["--fasta"], type=InputPath(), help="Genome of a set that is published as intervals."),
        click.Option(
            ["--class-fasta"],
            type=NamedInputPath(),
            multiple=True,
            help="Genome of the intervals of one class, as worm=elegans.fa; may be repeated.",
        ),
        *SequenceTask.options,
    )

    def __init__(
        self,
        set: str,  # noqa: A002
        fasta: Path | str | None = None,
        class_fasta: Sequence[Any] = (),
        **shared: Any,
    ) -> None:
        super().__init__("genomic-benchmarks", set, **shared)
        self.genomes = {} if fasta is None else {"": SetGenome(Path(fasta))}
        for label, path in map(_named, class_fasta):
            if label not in self.set.classes:
                raise HyenaDNAError(
                    f"--class-fasta {label}: {self.set.full_name} has the classes {', '.join(self.set.classes)}."
                )
            self.genomes[label] = SetGenome(Path(path))


class NucleotideTransformerTask(SetTask):
    """Fine-tune on a set of the Nucleotide Transformer, of its original or its revised release."""

    name = "nucleotide-transformer"
    options = (
        click.Option(
            ["--release"],
            type=click.Choice(RELEASES),
            required=True,
            help="Release of the sets. Sets of one name differ: H3K4me3 is of yeast, or of human cells.",
        ),
        *SetTask.options,
    )

    def __init__(self, set: str, release: str, **shared: Any) -> None:  # noqa: A002
        if release not in RELEASES:
            raise HyenaDNAError(f"Unknown release {release!r}: choose one of {', '.join(RELEASES)}.")
        super().__init__(f"nt-{release}", set, **shared)


class GUETask(SetTask):
    """Fine-tune on a set of GUE, the suite of DNABERT-2."""

    name = "gue"

    def __init__(self, set: str, **shared: Any) -> None:  # noqa: A002
        super().__init__("gue", set, **shared)


TASKS = (GenomicBenchmarksTask, NucleotideTransformerTask, GUETask)


def task_of(
    suite: str, set_name: str, folder: Path | str | None = None, protocol: str = PROTOCOLS[0], **options: Any
) -> SetTask:
    """Return the task of a set; `options` are those of the task by name, such as epochs.

    Raises:
        HyenaDNAError: there is no such suite, set or protocol.
    """
    kind: type[SetTask] = task_class(suite)
    return kind(**{"set": set_name, "folder": folder, "protocol": protocol, **SUITES[suite].options, **options})


def held_out_rows(classes: np.ndarray) -> np.ndarray:
    """Choose a tenth of the rows of each class, always the same: (n,) -> (n,) bool."""
    order = np.random.default_rng(SEED).permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]
    chosen = np.zeros(len(classes), bool)
    chosen[order[HELD_OUT - 1 :: HELD_OUT]] = True
    return chosen


def _named(value: Any) -> tuple[str, Path]:
    """Return the class and the path of CLASS=PATH, from the command line or from run.json."""
    name, path = str(value).partition("=")[::2] if isinstance(value, str) else value
    return name, Path(path)
