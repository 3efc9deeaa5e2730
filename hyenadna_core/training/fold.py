"""A fold: the part of the training rows on which a run validates."""

import re
from dataclasses import dataclass
from typing import ClassVar

FORM = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


@dataclass(frozen=True, order=True)
class Fold:
    """Part `number` of `of` parts of the training rows, from 1: the run validates on this part."""

    number: int
    of: int

    TEXT: ClassVar[str] = "a fold such as 2/5"

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def from_text(cls, text: str) -> "Fold | None":
        """Read the text of a fold; return None if there is no such fold."""
        match = FORM.fullmatch(text)
        fold = cls(int(match[1]), int(match[2])) if match else None
        return fold if fold and fold.number <= fold.of and fold.of > 1 else None
