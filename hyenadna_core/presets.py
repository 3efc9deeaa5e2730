"""Presets: named hyperparameters, and how the model is trained by default."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.recipe import DEFAULT, SHORT_RUN, Recipe

# It takes about two minutes on two cores (MLX's CPU build: half an hour) and ends below the best
# Markov model (docs/log.md).
SHORT_STAGES = "64x16@430,256x4@720,1024x1@1550"


@dataclass(frozen=True)
class Preset:
    """A name for hyperparameters of HyenaConfig, and how the model is trained by default.

    `source` names the origin of the architecture. `parameters` is the number of trained values with
    a tied head. `weights` is the source of the published weights, as `load` takes it, with the
    SHA-256 of their file and their licence. `stages` is the length warmup of a run that names none;
    without it, lengths double up to the longest.
    """

    name: str
    config: Mapping[str, Any]
    parameters: int
    source: str
    recipe: Recipe = DEFAULT
    stages: str | None = None
    weights: str | None = None
    sha256: str | None = None
    licence: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", MappingProxyType(dict(self.config)))

    @property
    def hyena_config(self) -> HyenaConfig:
        """The hyperparameters; the ones that the preset does not name have their defaults.

        Raises:
            HyenaDNAError: the preset names something that is not a hyperparameter.
        """
        return HyenaConfig.from_arguments(self.config)


# docs/model.md section 4. max_seq_len is the nominal length plus 2, for special tokens. The
# repositories are those of LongSafari on the hub, with the revision and the SHA-256 of its
# model.safetensors. Two or more sources confirm each SHA-256, except those of the 16k and 450k
# models.
PUBLISHED = (
    (
        ("hyenadna-tiny-1k", 2, 128, 1_026, 436_096),
        "hyenadna-tiny-1k-seqlen-hf@e8c1effa8673814e257e627d2e1eda9ea5a373f6",
        "5ce2146c21e9c4baa6bddc4998fd3d029903ae84a563bf80218644082194a12d",
    ),
    (
        ("hyenadna-tiny-1k-d256", 2, 256, 1_026, 1_641_088),
        "hyenadna-tiny-1k-seqlen-d256-hf@6036d4e144922b44470294f510cbfd2539ba3b7e",
        "81c15c4042d5fae646f00b429b76c65644cdbe88aa7e98b61aa781c84ff09031",
    ),
    (
        ("hyenadna-tiny-16k-d128", 2, 128, 16_386, 436_096),
        "hyenadna-tiny-16k-seqlen-d128-hf@d79fa37e2cd62dd338103c630f95be8f90812d46",
        "9b30dba3d2d801c305d96cc4ac6229f1d6ce61567871e0b58754633ad764bca8",
    ),
    (
        ("hyenadna-small-32k", 4, 256, 32_770, 3_277_568),
        "hyenadna-small-32k-seqlen-hf@8fe770c78eb13fe33bf81501612faeddf4d6f331",
        "b7a1c9479248edf27691b189bb6657256f1705e560cadc64d6431633932cafa1",
    ),
    (
        ("hyenadna-medium-160k", 8, 256, 160_002, 6_550_528),
        "hyenadna-medium-160k-seqlen-hf@7ebf71773d22c0ede2cc55cb2be15ee8c289e1ce",
        "16685b36caf5d144da391f1b540ed47e89d79b3efd38899325492f174b8e852a",
    ),
    (
        ("hyenadna-medium-450k", 8, 256, 450_002, 6_550_528),
        "hyenadna-medium-450k-seqlen-hf@42dedd4d374eac0fb8168549e546a3472fbd27ae",
        "3a4e6386b1e469130e7fd2e9aab2afa3d71ba5bfa58a19b284d13e4317cc25cb",
    ),
    (
        ("hyenadna-large-1m", 8, 256, 1_000_002, 6_550_528),
        "hyenadna-large-1m-seqlen-hf@0a629abf9c7f85b4ec9aa6a1aefa3adcf1907446",
        "deafb53209bfafb314d14bd81108546a34d473c07ed7ab7a355674376b56ad12",
    ),
)

# The weights in the package: hyenadna_core/data/README.md has their training and their figures.
HUMAN_CHR20 = Preset(
    "human-chr20-1k",
    {"n_layer": 2, "d_model": 128, "max_seq_len": 1_026},
    436_096,
    "small, trained by us on human chromosome 20 alone",
    recipe=SHORT_RUN,
    weights="bundled://human-chr20-1k",
    sha256="8d2bdc0dc83b14d8f3b98b49a43d554e9c8b4c784892c50fb38d468ac3f2922b",
    licence="Apache-2.0",
)

PRESETS = (
    *(
        Preset(
            name,
            {"n_layer": n_layer, "d_model": d_model, "max_seq_len": max_seq_len},
            parameters,
            "HazyResearch/hyena-dna, arXiv 2306.15794",
            recipe=SHORT_RUN if name == "hyenadna-tiny-1k" else DEFAULT,
            stages=SHORT_STAGES if name == "hyenadna-tiny-1k" else None,
            weights=f"hf://LongSafari/{repository}",
            sha256=sha256,
            licence="BSD-3-Clause",
        )
        for (name, n_layer, d_model, max_seq_len, parameters), repository, sha256 in PUBLISHED
    ),
    HUMAN_CHR20,
)
