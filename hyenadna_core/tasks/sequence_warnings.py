"""Warnings about labelled sequences: cropped, with unknown characters, or in two splits."""

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from hyenadna_core.labelled.pairs import InMemory, LabelledPairs, sides_of
from hyenadna_core.labelled.rows import Rows
from hyenadna_core.tokens import TO_ID, UNK

NO_VALIDATION = "There are no valid data: nothing is validated, and the last weights count."
ONE_SIDED = "Each base sees only the bases on its left: --both-directions adds those on its right."


def warnings_of_splits(splits: Mapping[str, Rows], seq_len: int) -> list[str]:
    """Return sentences about the splits of a task; `seq_len` is the longest window of training."""
    train, messages = splits["train"], []
    noun = "pairs" if isinstance(train, LabelledPairs) else "sequences"
    longer = 0 if hasattr(train, "window") else int((train.lengths > seq_len).sum())
    if longer:
        messages.append(
            f"{longer:,} of {len(train):,} train {noun} are longer than the longest stage, {seq_len:,} bases: "
            "they are cropped to their middle."
        )
    streamed = [name for name, rows in splits.items() if not isinstance(rows, InMemory)]
    if streamed:
        messages.append(
            f"The rows of {', '.join(streamed)} are read when they are needed: repeated sequences and characters that "
            "are not bases are not counted."
        )
    in_memory = {name: rows for name, rows in splits.items() if isinstance(rows, InMemory)}
    for name, sequences in in_memory.items():
        messages += unknown_characters(sequences, name)
    known = set(_digests(train)) if isinstance(train, InMemory) and len(in_memory) > 1 else set()
    for name, sequences in in_memory.items():
        if name != "train" and (repeated := sum(digest in known for digest in _digests(sequences))):
            messages.append(f"{repeated:,} {name} {noun} are among the training {noun} too.")
    return messages


def unknown_characters(sequences: InMemory, name: str) -> list[str]:
    """Return a sentence that counts the characters that are not bases, if there are any."""
    return unknown_sentences(count_unknown(sequences), characters_of(sequences), name)


def count_unknown(sequences: InMemory) -> int:
    """Count the characters that are not bases."""
    return sum(int(np.count_nonzero(TO_ID["default"][side.bases] == UNK)) for side in sides_of(sequences))


def characters_of(sequences: InMemory) -> int:
    """Count the characters of all sequences."""
    return sum(len(side.bases) for side in sides_of(sequences))


def unknown_sentences(unknown: int, characters: int, name: str) -> list[str]:
    """Return a sentence about the characters of `name` that are not bases, if there are any."""
    if not unknown:
        return []
    return [f"{unknown:,} of {characters:,} characters of {name} are not bases: they are read as [UNK]."]


def _digests(sequences: InMemory) -> Iterator[bytes]:
    for sides in zip(*sides_of(sequences), strict=True):
        yield hashlib.blake2b(b"\n".join(side.tobytes().upper() for side in sides), digest_size=12).digest()
