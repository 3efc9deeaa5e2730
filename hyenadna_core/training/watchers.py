"""TensorBoard and Weights & Biases for the figures of a run (`hyenadna train --log-to`)."""

from typing import Any

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.training.run_folder import LogLine, RunFolder

TRAINING = ("loss", "learning_rate", "bases", "seq_len")  # columns of log.tsv


class TensorBoard:
    """Scalars in RUN/tensorboard, for `tensorboard --logdir RUN`."""

    name = "tensorboard"

    def __init__(self, run: RunFolder) -> None:
        from tensorboard.summary import Writer

        self._writer = Writer(str(run.path / "tensorboard"))

    def logged(self, line: LogLine) -> None:
        for column in TRAINING:
            self._writer.add_scalar(f"train/{column}", getattr(line, column), line.step)
        self._writer.flush()

    def validated(self, step: int, figures: dict[str, float]) -> None:
        for figure, value in figures.items():
            self._writer.add_scalar(f"valid/{figure}", value, step)
        self._writer.flush()


class WeightsAndBiases:
    """A run at wandb.ai, or in RUN/wandb with WANDB_MODE=offline; resumed under the same id."""

    name = "wandb"

    def __init__(self, run: RunFolder) -> None:
        import wandb

        described = run.read_run()
        self._run = wandb.init(
            project="hyenadna",
            name=run.path.name,
            id=described.get("wandb"),
            resume="allow",
            dir=str(run.path),
            config=described["config"],
        )
        run.write_run(described | {"wandb": self._run.id})

    def logged(self, line: LogLine) -> None:
        self._run.log({f"train/{column}": getattr(line, column) for column in TRAINING}, step=line.step)

    def validated(self, step: int, figures: dict[str, float]) -> None:
        self._run.log({f"valid/{figure}": value for figure, value in figures.items()}, step=step)


WATCHERS: dict[str, Any] = {watcher.name: watcher for watcher in (TensorBoard, WeightsAndBiases)}


def watchers_of(run: RunFolder) -> list[Any]:
    """Make the watchers that the configuration of the run names.

    Raises:
        HyenaDNAError: the package of a watcher is not installed.
    """
    made = []
    for name in run.read_run()["config"].get("log_to", ()) if run.writes else ():
        try:
            made.append(WATCHERS[name](run))
        except ImportError:
            raise HyenaDNAError(f"--log-to {name} needs a package: run pip install 'hyenadna[{name}]'.") from None
    return made
