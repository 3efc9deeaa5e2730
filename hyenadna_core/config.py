"""What a run was asked to do: everything that its numbers depend on."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hyenadna_core.presets import Recipe
from hyenadna_core.warmup import Stage

STEPS = 3000
BASES_A_STEP = 1024
FIRST_SEQ_LEN = 64


@dataclass(frozen=True)
class RunConfig:
    """A training run; `fasta` and `bed` are absolute paths, and without a BED the last tenth of contigs is held out."""

    task: str
    preset: str
    model: dict[str, Any]
    fasta: str
    bed: str | None
    stages: tuple[Stage, ...]
    recipe: Recipe
    reverse_complements: bool
    seed: int
    windows: str = "random"  # which runs from before there was a choice do not name

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"stages": [str(stage) for stage in self.stages]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "RunConfig":
        stages = tuple(Stage(*(int(n) for n in text.replace("@", "x").split("x"))) for text in values["stages"])
        return cls(**values | {"stages": stages, "recipe": Recipe(**values["recipe"])})


def absolute(path: str | Path | None) -> str | None:
    """A path as run.json keeps it, so that a run can be resumed from another folder."""
    return None if path is None else str(Path(path).resolve())
