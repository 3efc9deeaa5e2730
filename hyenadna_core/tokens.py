"""Bases to token ids and back, by table lookup (docs/model.md section 1)."""

import logging

import numpy as np
from numpy.typing import ArrayLike

from hyenadna_core.errors import HyenaDNAError

CLS, SEP, BOS, MASK, PAD, RESERVED, UNK, A, C, G, T, N = range(12)
NAMES = ("[CLS]", "[SEP]", "[BOS]", "[MASK]", "[PAD]", "[RESERVED]", "[UNK]", "A", "C", "G", "T", "N")

# The complement of each id. Ids other than A, C, G and T stay. The ids 12 to 15 never occur.
COMPLEMENT = np.arange(16, dtype=np.int32)
COMPLEMENT[[A, C, G, T]] = [T, G, C, A]

logger = logging.getLogger(__name__)


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


def encode(
    sequence: str | bytes | np.ndarray,
    encoding: str = "default",
    special_tokens: str = "none",
    max_length: int | None = None,
    padding_side: str = "right",
) -> np.ndarray:
    """Return the token ids of a sequence: str, bytes or an array of bytes -> (L,) int32.

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
        HyenaDNAError: encoding, special_tokens or padding_side does not exist.
    """
    for name, value, known in (
        ("encoding", encoding, TO_ID),
        ("special_tokens", special_tokens, SPECIAL_TOKENS),
        ("padding_side", padding_side, ("left", "right")),
    ):
        if value not in known:
            raise HyenaDNAError(f"{name} is {value!r}: choose one of {', '.join(known)}.")
    ids = TO_ID[encoding][as_bytes(sequence)]
    if unknown := int(np.count_nonzero(ids == UNK)):
        logger.warning("%d of %d characters are not bases and became [UNK].", unknown, len(ids))
    before, after = SPECIAL_TOKENS[special_tokens]
    if max_length is not None:
        ids = ids[: max(0, max_length - len(before) - len(after))]
    ids = np.concatenate([np.array(before, np.int32), ids, np.array(after, np.int32)])
    if max_length is None or len(ids) >= max_length or (encoding == "original" and len(ids) == 0):
        return ids  # the original never pads an empty text
    padding = np.full(max_length - len(ids), PAD, np.int32)
    return np.concatenate([padding, ids] if padding_side == "left" else [ids, padding])


def decode(ids: ArrayLike) -> str:
    """Return token ids, (L,), as text: bases as letters, special tokens as [NAME]."""
    return "".join(NAMES[i] if i < len(NAMES) else f"[{i}]" for i in np.asarray(ids).tolist())


def reverse_complement(ids: ArrayLike) -> np.ndarray:
    """Return the reverse complement of token ids: (..., L) -> (..., L)."""
    other: np.ndarray = COMPLEMENT[np.asarray(ids)[..., ::-1]]
    return other


def as_bytes(sequence: str | bytes | np.ndarray) -> np.ndarray:
    """Return a sequence as an array of bytes, (L,) uint8; characters outside Latin-1 become '?'."""
    if isinstance(sequence, np.ndarray):
        return sequence
    if isinstance(sequence, str):
        sequence = sequence.encode("latin-1", errors="replace")
    return np.frombuffer(sequence, np.uint8)
