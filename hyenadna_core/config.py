"""What a run was asked to do: everything that its numbers depend on."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hyenadna_core.warmup import Stage

LEARNING_RATE = 6e-3
FILTER_RATE = 0.05  # of the learning rate, for the filter network
STEPS = 800
BASES_A_STEP = 4096
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
    learning_rate: float
    filter_rate: float
    reverse_complements: bool
    seed: int

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"stages": [str(stage) for stage in self.stages]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "RunConfig":
        stages = tuple(Stage(*(int(n) for n in text.replace("@", "x").split("x"))) for text in values["stages"])
        return cls(**values | {"stages": stages})


def absolute(path: str | Path | None) -> str | None:
    """A path as run.json keeps it, so that a run can be resumed from another folder."""
    return None if path is None else str(Path(path).resolve())
