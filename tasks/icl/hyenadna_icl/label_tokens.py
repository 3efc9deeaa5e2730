"""Label tokens: the token that stands for each class after a sequence and [SEP]."""

from collections.abc import Sequence

from hyenadna_core import HyenaDNAError
from hyenadna_core.tokens import LABELS, NAMES, A, C, G, N, T

TOKENS = {"A": A, "C": C, "G": G, "T": T} | {str(row): row for row in LABELS}  # by name
OF_PAPER = {2: (A, N), 3: (A, G, N)}  # by the number of classes
VOCABULARY = 16  # rows of the embedding


def label_tokens(classes: Sequence[str], given: str | None = None, of_paper: bool = False) -> tuple[int, ...]:
    """Return the token id of each class.

    Args:
        classes: the names of the K classes.
        given: the names of K tokens, as in "A,T"; None for the first K of A, C, G, T and the rows
            of the embedding without a token, 12 to 15.
        of_paper: whether the tokens are those of the paper: A and N, or A, G and N.

    Raises:
        HyenaDNAError: there are more classes than tokens, a name is unknown, a token comes twice,
            or it is N, which also stands for unknown bases, and which only the paper uses.
    """
    count = len(classes)
    if given is not None:
        return _named(given, count, of_paper)
    tokens = OF_PAPER.get(count, ()) if of_paper else tuple(TOKENS.values())[:count]
    if len(tokens) < count:
        which = "the paper has 3: A, G and N" if of_paper else f"there are {len(TOKENS)}: {', '.join(TOKENS)}"
        raise HyenaDNAError(f"The data have {count:,} classes, and each needs a label token; {which}.")
    return tokens


def _named(given: str, count: int, of_paper: bool) -> tuple[int, ...]:
    names, known = [name.strip().upper() for name in given.split(",")], TOKENS | ({"N": N} if of_paper else {})
    for name in names:
        if name == "N" and not of_paper:
            raise HyenaDNAError("--label-tokens has N, which also stands for unknown bases: choose another token.")
        if name not in known:
            raise HyenaDNAError(f"--label-tokens has {name!r}: choose among {', '.join(TOKENS)}, as in A,T.")
        if names.count(name) > 1:
            raise HyenaDNAError(f"--label-tokens has {name} more than once: each class needs its own token.")
    if len(names) != count:
        raise HyenaDNAError(f"--label-tokens names {len(names)} tokens, and the data have {count:,} classes.")
    return tuple(known[name] for name in names)


def names_of(tokens: Sequence[int]) -> list[str]:
    """Return the names of token ids, as `label_tokens` reads them."""
    return [NAMES[token] if token < len(NAMES) else str(token) for token in tokens]


def all_tokens(tokens: Sequence[int]) -> tuple[int, ...]:
    """Return the label tokens, and then all other rows of the embedding."""
    return *tokens, *(token for token in range(VOCABULARY) if token not in tokens)
