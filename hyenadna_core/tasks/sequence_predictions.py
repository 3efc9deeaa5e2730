"""Predictions of new sequences, read and predicted in parts, so that a file may have any size."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.evaluation.predictions import prediction_rows
from hyenadna_core.files.input import name_of
from hyenadna_core.files.text import suffix_of
from hyenadna_core.labelled.files import BED, read_parts
from hyenadna_core.labelled.records import left_out_sentences
from hyenadna_core.labelled.rows import is_pair
from hyenadna_core.labelled.tables import PAIR_COLUMNS, TABLES
from hyenadna_core.labelled.targets import Target
from hyenadna_core.task import Model
from hyenadna_core.tasks.sequence_batches import without_targets
from hyenadna_core.tasks.sequence_warnings import characters_of, count_unknown, unknown_sentences
from hyenadna_core.tasks.slabs import Predicting, notice_longer, predicted_slabs
from hyenadna_core.terminal import notice

Table = tuple[list[str], list[list[Any]]]  # names of columns, and rows
MOST_BASES, MOST_ROWS = 1 << 24, 1 << 17  # of a part
MOST_VALUES = 1 << 22  # predicted numbers of a part
PAIRS = {
    True: "and the model reads pairs of sequences: give a table, with --sequence-column twice",
    False: "and the model reads one sequence a row: give --sequence-column once",
}
SHARED = {"sequence_column": TABLES, "fasta": BED}  # options for files of these suffixes


def predicted_parts(
    model: Model,
    path: Path,
    target: Target,
    how: Predicting,
    *,
    shared: Mapping[str, Any],
    **columns: Any,
) -> Iterator[Table]:
    """Predict the sequences of a file in parts: names of columns, and a row for each sequence.

    At the end, notices count the rows that were left out, the sequences that were cropped, and the
    characters that are not bases.

    Args:
        shared: how the training files were read.
        columns: sequence_column, name_column and fasta of `read_labelled`; without them, those of
            the training. Pairs are read from the columns ref and alt, if none are named.

    Raises:
        HyenaDNAError: the file cannot be read, or has pairs for a model of single sequences, or the
            reverse; the parts before that are already given.
    """
    of_bases, values = target.kind == "bases", max(1, MOST_VALUES // len(target.names))
    most_bases, most_rows = (min(MOST_BASES, values), MOST_ROWS) if of_bases else (MOST_BASES, min(MOST_ROWS, values))
    own = {name: shared.get(name) for name, suffixes in SHARED.items() if suffix_of(path) in suffixes}
    options = own | {name: value for name, value in columns.items() if value}
    if how.pairs and not options.get("sequence_column") and suffix_of(path) in TABLES:
        options["sequence_column"] = PAIR_COLUMNS
    left_out = Counter[str]()
    rows = bases = longer = unknown = 0
    for records in read_parts(path, most_bases=most_bases, most_rows=most_rows, **options):
        left_out.update(records.left_out)
        if not records.names:
            continue
        if is_pair(records.sequences[0]) is not how.pairs:
            raise HyenaDNAError(f"{name_of(path)} has {'no pairs' if how.pairs else 'pairs'}, {PAIRS[how.pairs]}.")
        sequences = without_targets(records.sequences, target, records.names)
        rows, bases = rows + len(sequences), bases + characters_of(sequences)
        longer += int((sequences.lengths > model.max_seq_len).sum())
        unknown += count_unknown(sequences)
        slabs = predicted_slabs(model, sequences, target, how)
        outputs = [prediction for slab in slabs for prediction in slab.predictions]
        yield prediction_rows(target, zip(sequences.names, outputs, strict=True))
    for sentence in left_out_sentences(left_out, name_of(path)):
        notice(sentence)
    notice_longer(longer, rows, model, how.long_rows)
    for sentence in unknown_sentences(unknown, bases, Path(name_of(path)).name):
        notice(sentence)
