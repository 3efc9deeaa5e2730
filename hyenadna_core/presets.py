"""Named architectures, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """How AdamW trains: the peak of the learning rate, the filter network's part of it, the weight decay."""

    learning_rate: float
    filter_rate: float
    weight_decay: float


ORIGINAL = Recipe(learning_rate=6e-4, filter_rate=1.0, weight_decay=0.1)  # SPEC section 6
SHORT_RUN = Recipe(learning_rate=1e-2, filter_rate=0.03, weight_decay=0.02)  # for minutes on a CPU: docs/log.md


@dataclass(frozen=True)
class Preset:
    """A name for the arguments of HyenaBackbone, and how it is trained unless told otherwise.

    `source` says where the architecture comes from, `parameters` how many numbers are trained (tied head).
    """

    name: str
    config: Mapping[str, Any]
    parameters: int
    source: str
    recipe: Recipe = ORIGINAL

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", MappingProxyType(dict(self.config)))


# SPEC section 4. max_seq_len is the nominal length and two more, for special tokens.
PUBLISHED = (
    ("hyenadna-tiny-1k", 2, 128, 1_026, 436_096),
    ("hyenadna-tiny-1k-d256", 2, 256, 1_026, 1_641_088),
    ("hyenadna-tiny-16k-d128", 2, 128, 16_386, 436_096),
    ("hyenadna-small-32k", 4, 256, 32_770, 3_277_568),
    ("hyenadna-medium-160k", 8, 256, 160_002, 6_550_528),
    ("hyenadna-medium-450k", 8, 256, 450_002, 6_550_528),
    ("hyenadna-large-1m", 8, 256, 1_000_002, 6_550_528),
)

PRESETS = tuple(
    Preset(
        name,
        {"n_layer": n_layer, "d_model": d_model, "max_seq_len": max_seq_len},
        parameters,
        "HazyResearch/hyena-dna, arXiv 2306.15794",
        SHORT_RUN if name == "hyenadna-tiny-1k" else ORIGINAL,
    )
    for name, n_layer, d_model, max_seq_len, parameters in PUBLISHED
)
