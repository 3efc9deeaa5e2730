"""Bases to token ids and back, by table lookup (docs/model.md section 1)."""

import logging

import numpy as np
from numpy.typing import ArrayLike

from hyenadna_core.errors import HyenaDNAError

CLS, SEP, BOS, MASK, PAD, RESERVED, UNK, A, C, G, T, N = range(12)
NAMES = ("[CLS]", "[SEP]", "[BOS]", "[MASK]", "[PAD]", "[RESERVED]", "[UNK]", "A", "C", "G", "T", "N")

# The complement of each id; what is not a base stays as it is. Vocabulary rows 12 to 15 never occur.
COMPLEMENT = np.arange(16, dtype=np.int32)
COMPLEMENT[[A, C, G, T]] = [T, G, C, A]

logger = logging.getLogger(__name__)


def _original_table() -> np.ndarray:
    """The original's: five capitals, everything else (lower case and IUPAC codes too) unknown."""
    table = np.full(256, UNK, np.int32)
    table[np.frombuffer(b"ACGTN", np.uint8)] = [A, C, G, T, N]
    return table


def _default_table() -> np.ndarray:
    """Ours: case folded, U read as T, an IUPAC ambiguity code as N, any other character unknown."""
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
    """Token ids of a sequence: str, bytes or an array of bytes -> (L,) int32.

    Args:
        encoding: "default" folds case, reads U as T and IUPAC codes as N; "original" knows A, C, G, T, N in capitals
            and nothing else. Characters that are unknown become [UNK], with one warning that counts them.
        special_tokens: "none"; "sep" adds [SEP] behind, as the original's training code and the hub do; "cls_sep" also
            puts [CLS] in front, as its inference code does.
        max_length: cut to that many ids, special tokens included, and pad shorter ones with [PAD].
        padding_side: "right", which leaves real positions of a causal model untouched, or "left" as in the original.

    Raises:
        HyenaDNAError: an encoding, special_tokens or padding_side that does not exist.
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
        return ids  # the original leaves an empty text empty, whatever padding was asked for
    padding = np.full(max_length - len(ids), PAD, np.int32)
    return np.concatenate([padding, ids] if padding_side == "left" else [ids, padding])


def decode(ids: ArrayLike) -> str:
    """Token ids, (L,), as text: bases as letters, special tokens as [NAME]."""
    return "".join(NAMES[i] if i < len(NAMES) else f"[{i}]" for i in np.asarray(ids).tolist())


def reverse_complement(ids: ArrayLike) -> np.ndarray:
    """The other strand, read in its own direction: (..., L) -> (..., L)."""
    other: np.ndarray = COMPLEMENT[np.asarray(ids)[..., ::-1]]
    return other


def as_bytes(sequence: str | bytes | np.ndarray) -> np.ndarray:
    """A sequence as an array of bytes, (L,) uint8; characters outside Latin-1 become '?'."""
    if isinstance(sequence, np.ndarray):
        return sequence
    if isinstance(sequence, str):
        sequence = sequence.encode("latin-1", errors="replace")
    return np.frombuffer(sequence, np.uint8)
