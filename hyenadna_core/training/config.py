"""What a run was asked to do: everything that its numbers depend on."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hyenadna_core.recipe import Recipe
from hyenadna_core.training.warmup import Stage

STEPS = 3000


OF_CAUSAL_LM = ("fasta", "bed", "windows", "reverse_complements", "valid_bases")  # kept apart before there were tasks


@dataclass(frozen=True)
class RunConfig:
    """A training run; what runs from before there was a choice do not name has a default."""

    task: str
    preset: str
    model: dict[str, Any]
    options: dict[str, Any]  # of the task, by name; paths are absolute
    stages: tuple[Stage, ...]
    recipe: Recipe
    seed: int
    start: str | None = None  # the weights that the run starts from
    freeze: bool = False  # the backbone: the head alone is trained
    precision: str = "float32"
    micro_batches: tuple[int, ...] = ()  # sequences at a time in each stage; without them all of a step's at once
    label_smoothing: float = 0.0
    valid_every: int | None = None  # steps
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
        values = dict(values)
        if "options" not in values:  # a run from before there were tasks besides causal-lm
            values["options"] = {name: values.pop(name) for name in OF_CAUSAL_LM if name in values}
            values["options"]["fasta_weight"] = values.pop("weights", ())
        stages = tuple(Stage(*(int(n) for n in text.replace("@", "x").split("x"))) for text in values["stages"])
        tuples = {name: tuple(values.get(name) or ()) for name in ("micro_batches", "log_to")}
        return cls(**values | tuples | {"stages": stages, "recipe": Recipe(**values["recipe"])})


def absolute(path: str | Path) -> str:
    """A path as run.json keeps it, so that a run can be resumed from another folder."""
    return str(Path(path).resolve())
