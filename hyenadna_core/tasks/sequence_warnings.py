"""Warnings about labelled sequences: cropped, with unknown characters, or in two splits."""

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from hyenadna_core.labelled.rows import Rows
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.tokens import TO_ID, UNK


def warnings_of_splits(splits: Mapping[str, Rows], seq_len: int) -> list[str]:
    """Return sentences about the splits of a task; `seq_len` is the longest window of training."""
    train, messages = splits["train"], []
    longer = 0 if hasattr(train, "window") else int((train.lengths > seq_len).sum())
    if longer:
        messages.append(
            f"{longer:,} of {len(train):,} train sequences are longer than the longest stage, {seq_len:,} bases: "
            "they are cropped to their middle."
        )
    streamed = [name for name, rows in splits.items() if not isinstance(rows, LabelledSequences)]
    if streamed:
        messages.append(
            f"The rows of {', '.join(streamed)} are read when they are needed: repeated sequences and characters that "
            "are not bases are not counted."
        )
    in_memory = {name: rows for name, rows in splits.items() if isinstance(rows, LabelledSequences)}
    for name, sequences in in_memory.items():
        messages += unknown_characters(sequences, name)
    known = set(_digests(train)) if isinstance(train, LabelledSequences) and len(in_memory) > 1 else set()
    for name, sequences in in_memory.items():
        if name != "train" and (repeated := sum(digest in known for digest in _digests(sequences))):
            messages.append(f"{repeated:,} {name} sequences are among the training sequences too.")
    return messages


def unknown_characters(sequences: LabelledSequences, name: str) -> list[str]:
    """Return a sentence that counts the characters that are not bases, if there are any."""
    return unknown_sentences(count_unknown(sequences), len(sequences.bases), name)


def count_unknown(sequences: LabelledSequences) -> int:
    """Count the characters that are not bases."""
    return int(np.count_nonzero(TO_ID["default"][sequences.bases] == UNK))


def unknown_sentences(unknown: int, characters: int, name: str) -> list[str]:
    """Return a sentence about the characters of `name` that are not bases, if there are any."""
    if not unknown:
        return []
    return [f"{unknown:,} of {characters:,} characters of {name} are not bases: they are read as [UNK]."]


def _digests(sequences: LabelledSequences) -> Iterator[bytes]:
    for bases in sequences:
        yield hashlib.blake2b(bases.tobytes().upper(), digest_size=12).digest()
