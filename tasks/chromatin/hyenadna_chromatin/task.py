"""The task chromatin: which labels a window of a genome has."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from hyenadna_chromatin.arrays import BASES, ArrayRows, read_arrays
from hyenadna_chromatin.contigs import name_in
from hyenadna_chromatin.coordinates import WIDTH, label_columns, read_coordinates
from hyenadna_chromatin.label_set import LabelSet, deepsea_labels, read_label_set
from hyenadna_chromatin.loss import weighted_cross_entropy, weights_of_labels
from hyenadna_chromatin.options import OPTIONS, TEST, VALID
from hyenadna_chromatin.published import beside_published
from hyenadna_chromatin.split_rows import row_counts, without_rows
from hyenadna_chromatin.windows import Windows, overlapping
from hyenadna_core import HyenaDNAError, RowsSubset, SequenceTask, Target, open_genome
from hyenadna_core.errors import first_names

SPLITS = ("train", "valid", "test")
USUAL = {"valid": VALID, "test": TEST}  # chromosomes
ARRAY = ".mat"


class ChromatinTask(SequenceTask):
    """Tell the chromatin profile of windows of a genome: 919 labels of DeepSEA, or your own.

    Args:
        train, valid, test: a coordinate table or an array of DeepSEA for each split.
        coords: one coordinate table in place of these, split by chromosome.
        valid_contig, test_contig: the chromosomes of `coords` for validation and test.
        fasta: the genome of the coordinates.
        chain: a chain file, if the genome is another assembly.
        window: bases of a window.
        labels: a table of labels, or None for the 919 of DeepSEA.
        no_rc: leave out the second half of the rows of an array.
        weighted: let the positives of rare labels count more.
    """

    name = "chromatin"
    metrics = ("auroc", "auprc")
    options = OPTIONS
    stranded = False

    def __init__(
        self,
        train: Path | str | None = None,
        valid: Path | str | None = None,
        test: Path | str | None = None,
        coords: Path | str | None = None,
        valid_contig: Sequence[str] = VALID,
        test_contig: Sequence[str] = TEST,
        fasta: Path | str | None = None,
        chain: Path | str | None = None,
        window: int = WIDTH,
        labels: Path | str | None = None,
        no_rc: bool = False,
        weighted: bool = False,
        label_set: LabelSet | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        given = zip(SPLITS, (train, valid, test), strict=True)
        self.files = {split: Path(path) for split, path in given if path is not None}
        self.coords = None if coords is None else Path(coords)
        self.contigs = {"valid": tuple(valid_contig), "test": tuple(test_contig)}
        self.fasta, self.chain = fasta, None if chain is None else Path(chain)
        self.window, self.no_rc, self.weighted = window, no_rc, weighted
        self.label_set = label_set or (deepsea_labels() if labels is None else read_label_set(Path(labels)))
        self.target = Target("labels", self.label_set.names, groups=self.label_set.groups)
        self._read: dict[Path, Windows | ArrayRows] = {}
        self._check_files()

    @classmethod
    def from_options(cls, options: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> Self:
        if state is None:
            return super().from_options(options)
        target = Target.from_json(state["target"])  # the file of labels may be missing by now
        return super().from_options({**options, "label_set": LabelSet(target.names, target.groups)}, state)

    def _check_files(self) -> None:
        """Check that the options fit together, before any file is read.

        Raises:
            HyenaDNAError: they do not; the message says which to give or to leave out.
        """
        if self.coords and self.files:
            names = " and ".join(f"--{split}" for split in self.files)
            raise HyenaDNAError(f"--coords has the rows of all splits: leave it out, or {names}.")
        if not self.coords and "train" not in self.files:
            raise HyenaDNAError("There are no training rows: give --train FILE, or --coords FILE.")
        check_apart(self.contigs)
        for split, contigs in self.contigs.items():
            if not self.coords and contigs != USUAL[split]:
                raise HyenaDNAError(f"--{split}-contig is for --coords, and there are files of splits: leave it out.")
        files = [self.coords] if self.coords else list(self.files.values())
        arrays = [path for path in files if path.suffix.lower() == ARRAY]
        if self.coords and arrays:
            raise HyenaDNAError(f"{self.coords} has no coordinates: name arrays with --train, --valid and --test.")
        if arrays and self.window != BASES:
            raise HyenaDNAError(
                f"{arrays[0]} has windows of {BASES:,} bases, which cannot become {self.window:,}: leave out --window, "
                "or give a coordinate table."
            )
        if self.no_rc and not arrays:
            raise HyenaDNAError("--no-rc is for arrays (.mat), and there are none: leave it out.")
        if len(arrays) == len(files) and (self.fasta or self.chain):
            name = "chain" if self.chain else "fasta"
            raise HyenaDNAError(f"--{name} is for coordinate tables, and there are only arrays (.mat): leave it out.")
        if len(arrays) < len(files) and self.fasta is None:
            raise HyenaDNAError(
                f"{next(path for path in files if path not in arrays)} has no bases: give --fasta FILE."
            )

    def sequences(self, split: str) -> Windows | ArrayRows | RowsSubset | None:
        if self.coords is None:
            return self.rows_of(self.files[split]) if split in self.files else None
        rows = self.rows_of(self.coords)
        assert isinstance(rows, Windows)  # noqa: S101
        names = {name: self.names_of(name, rows) for name in ("valid", "test")}
        check_apart(names)
        chosen = {name: rows.on(of_split) for name, of_split in names.items()}
        if split == "train":
            held_out = np.zeros(len(rows), bool)
            held_out[np.concatenate(list(chosen.values()))] = True
            chosen["train"] = np.flatnonzero(~held_out)
        return RowsSubset(rows, chosen[split]) if len(chosen[split]) else None

    def names_of(self, split: str, rows: Windows) -> list[str]:
        """Return the names in the FASTA of the chromosomes of a split; one may have no rows.

        Raises:
            HyenaDNAError: a chromosome that the user named has no rows.
        """
        with_rows = [rows.contigs[number] for number in np.unique(rows.of_contigs)]
        names = [name_in(with_rows, name) for name in self.contigs[split]]
        if self.contigs[split] != USUAL[split] and None in names:
            missing = self.contigs[split][names.index(None)]
            raise HyenaDNAError(
                f"--{split}-contig {missing}: {self.coords} has no rows on it; it has rows on {first_names(with_rows)}."
            )
        return [name for name in names if name is not None]

    def rows_of(self, path: Path) -> Windows | ArrayRows:
        """Return all rows of a file."""
        if path not in self._read:
            if path.suffix.lower() == ARRAY:
                self._read[path] = ArrayRows(read_arrays(path, self.label_set), path, self.no_rc)
            else:
                kept = read_coordinates(path, self.label_set)
                self._read[path] = Windows(self.genome, kept, self.window, path, self.chain)
        return self._read[path]

    @cached_property
    def genome(self) -> Any:
        """The genome of the coordinates."""
        assert self.fasta is not None  # noqa: S101
        return open_genome(self.fasta)

    def fold_groups(self, split: str) -> np.ndarray:
        """Return the group of each row, (n,): neighbours overlap, so they stay together."""
        source, indices = source_of(self.sequences(split))
        groups: np.ndarray = source.groups(indices)
        return groups

    def prepare(self, seq_len: int) -> list[str]:
        counts = {split: len(self.split(split)) if self.has(split) else 0 for split in SPLITS}
        empty = self._without_rows(counts)
        messages = [*super().prepare(seq_len), row_counts(counts), *empty, *self._pairings()]
        lifts = {path: rows.lifted for path, rows in self._read.items() if isinstance(rows, Windows)}
        messages += [f"{path.name}: {lift.sentence}" for path, lift in lifts.items() if lift]
        messages += [sentence for split in ("valid", "test") if (sentence := self._overlap(split))]
        if self.weighted:
            _ = self.label_weights
        return messages

    def _without_rows(self, counts: Mapping[str, int]) -> list[str]:
        """Return a sentence for each split of `coords` without rows."""
        if self.coords is None:
            return []
        rows = self.rows_of(self.coords)
        assert isinstance(rows, Windows)  # noqa: S101
        numbers, on_each = np.unique(rows.of_contigs, return_counts=True)
        on_contigs = {rows.contigs[number]: int(count) for number, count in zip(numbers, on_each, strict=True)}
        return without_rows(counts, self.contigs, on_contigs, self.coords)

    def _pairings(self) -> list[str]:
        """Return how the labels are found in the tables: one sentence for all that are alike."""
        alike: dict[str, list[str]] = {}
        for path in (path for path, rows in self._read.items() if isinstance(rows, Windows)):
            alike.setdefault(self.label_set.pairing(label_columns(path)), []).append(path.name)
        return [f"{', '.join(names)}: {sentence}" for sentence, names in alike.items()]

    def _overlap(self, split: str) -> str:
        """Return a sentence if windows of a split share bases with training windows, else ""."""
        if not self.has(split):
            return ""
        (ours, own), (train, theirs) = (source_of(self.split(name)) for name in (split, "train"))
        if not isinstance(ours, Windows) or not isinstance(train, Windows):
            return ""
        count = overlapping(ours, own, train, theirs)
        return (
            f"{count:,} of {len(own):,} {split} windows share bases with a training window: their figures are too good."
            if count
            else ""
        )

    @cached_property
    def label_weights(self) -> np.ndarray:
        """The weight of the positives of each label, by the training rows: (K,)."""
        source, indices = source_of(self.split("train"))
        return weights_of_labels(source.kept.positives(indices), len(indices))

    def loss(self, outputs: Any, targets: Any, weights: Any, label_smoothing: float = 0.0) -> Any:
        if not self.weighted:
            return super().loss(outputs, targets, weights, label_smoothing)
        return weighted_cross_entropy(outputs, targets, weights, self.label_weights, label_smoothing)

    def report(self, model: Any, folder: Any, config: Any) -> str:
        text = super().report(model, folder, config)
        if self.label_set != deepsea_labels():
            return text
        result = folder.read_run()["result"]
        return f"{text}\n\n{beside_published(result['figures'], self.window, result['split'])}"


def check_apart(contigs: Mapping[str, Sequence[str]]) -> None:
    """Check that no chromosome is for validation and for test.

    Raises:
        HyenaDNAError: one is.
    """
    if shared := sorted(set(contigs["valid"]) & set(contigs["test"])):
        raise HyenaDNAError(f"{shared[0]} is both --valid-contig and --test-contig: name another one for one of them.")


def source_of(rows: Any) -> tuple[Any, np.ndarray]:
    """Return the source of the rows of a split, and the numbers of the rows in it."""
    indices = np.arange(len(rows))
    while isinstance(rows, RowsSubset):
        rows, indices = rows.rows, rows.indices[indices]
    return rows, indices
