"""Named architectures, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """How AdamW trains: peak of the learning rate, the filter network's part of it, weight decay, second beta."""

    learning_rate: float
    filter_rate: float
    weight_decay: float
    beta_2: float


ORIGINAL = Recipe(learning_rate=6e-4, filter_rate=1.0, weight_decay=0.1, beta_2=0.999)  # SPEC section 6
SHORT_RUN = Recipe(learning_rate=1e-2, filter_rate=0.03, weight_decay=0.02, beta_2=0.99)  # docs/log.md
# A minute or two on two cores; 20 minutes at most on MLX's slow CPU build.
SHORT_STAGES = "64x8@600,128x4@600,256x2@500,512x1@400,1024x1@200"


@dataclass(frozen=True)
class Preset:
    """A name for the arguments of HyenaBackbone, and how it is trained unless told otherwise.

    `stages` is the length warmup of a run that asks for none; without it lengths double up to the longest.
    `source` says where the architecture comes from, `parameters` how many numbers are trained (tied head).
    """

    name: str
    config: Mapping[str, Any]
    parameters: int
    source: str
    recipe: Recipe = ORIGINAL
    stages: str | None = None

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
        recipe=SHORT_RUN if name == "hyenadna-tiny-1k" else ORIGINAL,
        stages=SHORT_STAGES if name == "hyenadna-tiny-1k" else None,
    )
    for name, n_layer, d_model, max_seq_len, parameters in PUBLISHED
)
