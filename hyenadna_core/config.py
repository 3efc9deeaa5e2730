"""What a run was asked to do: everything that its numbers depend on."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hyenadna_core.recipe import Recipe
from hyenadna_core.warmup import Stage

STEPS = 3000


@dataclass(frozen=True)
class RunConfig:
    """A training run; paths are absolute, and without a BED the last tenth of each contig is held out.

    What runs from before there was a choice do not name has a default.
    """

    task: str
    preset: str
    model: dict[str, Any]
    fasta: tuple[str, ...]
    bed: tuple[str, ...]  # as many as genomes, or none
    stages: tuple[Stage, ...]
    recipe: Recipe
    reverse_complements: bool
    seed: int
    windows: str = "random"
    weights: tuple[float, ...] = ()  # of each genome's windows; without them as many as it has places
    start: str | None = None  # the weights that the run starts from
    precision: str = "float32"
    micro_batches: tuple[int, ...] = ()  # sequences at a time in each stage; without them all of a step's at once
    label_smoothing: float = 0.0
    valid_every: int | None = None  # steps
    valid_bases: int = 1 << 20
    patience: int | None = None  # validations without a better one
    keep: int = 3  # checkpoints
    log_every: int = 10  # steps
    checkpoint_every: float = 300.0  # seconds, besides the end of every stage
    data_parallel: bool = False
    log_to: tuple[str, ...] = ()

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    def micro_batch_of(self, stage: Stage) -> int:
        """How many sequences of a step in this stage go at a time."""
        return self.micro_batches[self.stages.index(stage)] if self.micro_batches else stage.batch_size

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"stages": [str(stage) for stage in self.stages]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "RunConfig":
        stages = tuple(Stage(*(int(n) for n in text.replace("@", "x").split("x"))) for text in values["stages"])
        tuples = {name: as_tuple(values.get(name)) for name in ("fasta", "bed", "weights", "micro_batches", "log_to")}
        return cls(**values | tuples | {"stages": stages, "recipe": Recipe(**values["recipe"])})


def as_tuple(value: Any) -> tuple[Any, ...]:
    """One value, several or none; runs from before there could be several name one."""
    return () if value is None else tuple(value) if isinstance(value, (list, tuple)) else (value,)


def absolute(path: str | Path) -> str:
    """A path as run.json keeps it, so that a run can be resumed from another folder."""
    return str(Path(path).resolve())
