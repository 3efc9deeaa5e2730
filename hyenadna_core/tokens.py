"""Bases to token ids and back, by table lookup (docs/model.md section 1)."""

import logging
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from hyenadna_core.errors import HyenaDNAError

CLS, SEP, BOS, MASK, PAD, RESERVED, UNK, A, C, G, T, N = range(12)
NAMES = ("[CLS]", "[SEP]", "[BOS]", "[MASK]", "[PAD]", "[RESERVED]", "[UNK]", "A", "C", "G", "T", "N")

LABELS = (12, 13, 14, 15)  # rows of the embedding without a token, free for the labels of a task

# The complement of each id. Ids other than A, C, G and T stay.
COMPLEMENT = np.arange(16, dtype=np.int32)
COMPLEMENT[[A, C, G, T]] = [T, G, C, A]

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from typing import TypeAlias

    from Bio.Seq import MutableSeq, Seq
    from Bio.SeqRecord import SeqRecord

    Bases: TypeAlias = str | bytes | bytearray | np.ndarray | Seq | MutableSeq | SeqRecord


def _original_table() -> np.ndarray:
    """Make the original's table: A, C, G, T, N; other characters, lower case too, are [UNK]."""
    table = np.full(256, UNK, np.int32)
    table[np.frombuffer(b"ACGTN", np.uint8)] = [A, C, G, T, N]
    return table


def _default_table() -> np.ndarray:
    """Make our table: any case, U is T, IUPAC ambiguity codes are N, other characters are [UNK]."""
    table = _original_table()
    table[ord("U")] = T
    table[np.frombuffer(b"RYSWKMBDHV", np.uint8)] = N
    table[np.arange(ord("a"), ord("z") + 1)] = table[np.arange(ord("A"), ord("Z") + 1)]
    return table


TO_ID = {"default": _default_table(), "original": _original_table()}
SPECIAL_TOKENS: dict[str, tuple[list[int], list[int]]] = {
    "none": ([], []),
    "sep": ([], [SEP]),
    "cls_sep": ([CLS], [SEP]),
}


def check_ids(ids: np.ndarray, vocab_size: int) -> None:
    """Raise HyenaDNAError if token ids are not whole numbers from 0 to vocab_size - 1.

    A floating dtype is allowed if its numbers are whole, since Keras makes such arrays from ids.
    """
    if ids.dtype.kind not in "iuf":
        raise HyenaDNAError(f"Token ids are numbers, not {ids.dtype}: hyenadna_core.encode makes them from text.")
    fraction = ids.dtype.kind == "f" and not np.array_equal(ids, np.trunc(ids))
    if ids.size == 0 or not (fraction or ids.min() < 0 or ids.max() >= vocab_size):
        return
    place = tuple(np.argwhere(~((ids >= 0) & (ids < vocab_size) & (ids == np.trunc(ids))))[0])
    raise HyenaDNAError(
        f"Token ids are whole numbers from 0 to {vocab_size - 1}, but ids[{', '.join(map(str, place))}] is "
        f"{ids[place]}: hyenadna_core.encode makes them from text."
    )


def encode(
    sequence: "Bases | list[Bases] | tuple[Bases, ...]",
    encoding: str = "default",
    special_tokens: str = "none",
    max_length: int | None = None,
    padding_side: str = "right",
) -> np.ndarray:
    """Return the token ids of a sequence, (L,) int32, or of a list of sequences, (B, L) int32.

    A sequence is text, bytes, an array of bytes, or a Seq or SeqRecord of Biopython. The shorter
    sequences of a list are padded to the longest one, or to max_length.

    Args:
        encoding: "default" reads lower case as capitals, U as T and IUPAC codes as N; "original"
            reads only capital A, C, G, T, N. Other characters become [UNK], with one warning that
            counts them.
        special_tokens: "none"; "sep" adds [SEP] at the end, as the original's training code and the
            hub do; "cls_sep" also adds [CLS] at the start, as its inference code does.
        max_length: truncate to this number of ids, with special tokens, and pad shorter ones with
            [PAD].
        padding_side: "right", which does not change the outputs of a causal model at real
            positions, or "left", as in the original.

    Raises:
        HyenaDNAError: encoding, special_tokens or padding_side does not exist; or `sequence` is
            none of these, or an empty list.
    """
    for name, value, known in (
        ("encoding", encoding, TO_ID),
        ("special_tokens", special_tokens, SPECIAL_TOKENS),
        ("padding_side", padding_side, ("left", "right")),
    ):
        if value not in known:
            raise HyenaDNAError(f"{name} is {value!r}: choose one of {', '.join(known)}.")
    is_list = isinstance(sequence, list | tuple)
    sequences: list[Bases] = list(sequence) if isinstance(sequence, list | tuple) else [sequence]
    if not sequences:
        raise HyenaDNAError("There are no sequences in the list: give at least one.")
    table, (before, after) = TO_ID[encoding], SPECIAL_TOKENS[special_tokens]
    rows: list[np.ndarray] = [table[as_bytes(one)] for one in sequences]
    if unknown := sum(int(np.count_nonzero(row == UNK)) for row in rows):
        logger.warning("%d of %d characters are not bases and became [UNK].", unknown, sum(map(len, rows)))
    kept = None if max_length is None else max(0, max_length - len(before) - len(after))
    rows = [np.concatenate([np.array(before, np.int32), row[:kept], np.array(after, np.int32)]) for row in rows]
    if is_list:
        max_length = max(max_length or 0, *map(len, rows))
    elif max_length is None or (encoding == "original" and len(rows[0]) == 0):
        return rows[0]  # the original never pads an empty text
    sides = (1, 0) if padding_side == "left" else (0, 1)
    padding = [max(0, max_length - len(row)) for row in rows]
    rows = [
        np.pad(row, [side * n for side in sides], constant_values=PAD) for row, n in zip(rows, padding, strict=True)
    ]
    ids: np.ndarray = np.stack(rows) if is_list else rows[0]
    return ids


def join_ids(parts: "Iterable[Bases | int]", encoding: str = "default") -> np.ndarray:
    """Join sequences and single token ids to one row of ids, (L,) int32.

    `join_ids([CLS, "ACGT", SEP, "GGA", SEP, LABELS[0]])` has both sequences, the special tokens
    between them and a label. `decode` shows it as text.

    Raises:
        HyenaDNAError: a part is neither a sequence nor the id of a row of the embedding, or there
            are none.
    """
    rows = [_one_id(part) if isinstance(part, int | np.integer) else encode(part, encoding) for part in parts]
    if not rows:
        raise HyenaDNAError("There are no parts to join: give sequences and token ids.")
    return np.concatenate(rows)


def _one_id(number: "int | np.integer") -> np.ndarray:
    if isinstance(number, bool) or not 0 <= number < len(COMPLEMENT):
        raise HyenaDNAError(f"{number!r} is no token id: they are whole numbers from 0 to {len(COMPLEMENT) - 1}.")
    return np.array([number], np.int32)


def decode(ids: ArrayLike) -> str:
    """Return token ids, (L,), as text: bases as letters, special tokens as [NAME].

    A label has no name and is its number, as in [12].

    Raises:
        HyenaDNAError: `ids` is a number or has several rows.
    """
    row = np.asarray(ids)
    if row.ndim != 1:
        raise HyenaDNAError(f"`decode` takes the ids of one sequence, (L,), not the shape {row.shape}.")
    return "".join(NAMES[i] if i < len(NAMES) else f"[{i}]" for i in row.tolist())


def reverse_complement(ids: ArrayLike) -> np.ndarray:
    """Return the reverse complement of token ids: (..., L) -> (..., L)."""
    other: np.ndarray = COMPLEMENT[np.asarray(ids)[..., ::-1]]
    return other


def is_sequence(thing: object) -> bool:
    """Return whether a thing is one sequence: text, bytes, an array of them, Seq or SeqRecord."""
    if isinstance(thing, np.ndarray):
        return thing.dtype == np.uint8 and thing.ndim == 1
    if isinstance(thing, str | bytes | bytearray):
        return True
    if "Bio.Seq" not in sys.modules:  # then nothing is a Seq
        return False
    from Bio.Seq import MutableSeq, Seq
    from Bio.SeqRecord import SeqRecord

    return isinstance(thing, Seq | MutableSeq | SeqRecord)


def as_bytes(sequence: "Bases") -> np.ndarray:
    """Return a sequence as an array of bytes, (L,) uint8; characters outside Latin-1 become '?'.

    Raises:
        HyenaDNAError: it is no text, bytes, array of bytes, Seq or SeqRecord.
    """
    if isinstance(sequence, np.ndarray) and sequence.dtype == np.uint8 and sequence.ndim == 1:
        return sequence
    if isinstance(sequence, str):
        return np.frombuffer(sequence.encode("latin-1", errors="replace"), np.uint8)
    if isinstance(sequence, bytes | bytearray):
        return np.frombuffer(bytes(sequence), np.uint8)
    if is_sequence(sequence):
        from Bio.Seq import UndefinedSequenceError

        try:
            return np.frombuffer(bytes(sequence), np.uint8)
        except UndefinedSequenceError:
            raise HyenaDNAError(f"The bases of this {type(sequence).__name__} are not defined.") from None
    shape = f" of {sequence.dtype}, {sequence.shape}" if isinstance(sequence, np.ndarray) else ""
    raise HyenaDNAError(
        f"A {type(sequence).__name__}{shape} is no sequence of bases: give text, bytes, an array of bytes (L,) uint8, "
        "a Seq of Biopython, or a list of these."
    )
