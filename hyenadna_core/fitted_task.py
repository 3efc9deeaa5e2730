"""A task that fits a simple model to the frozen language model, without training steps."""

from abc import abstractmethod
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.task import Batch, Draw, GivenOptions, LanguageModel, Task, TaskDefaults


class FittedTask(Task):
    """A task whose model is fitted once, such as logistic regression of hidden states.

    `hyenadna train` calls `fit` with the language model of --weights, and `save_fitted`. The
    language model itself does not change. `evaluate`, `predict` and `report` get the fitted object
    in place of a Keras model. With `class Mine(FittedTask, SequenceTask)`, rows, folds, figures and
    baselines are those of SequenceTask: the fitted object then has `max_seq_len` and
    `predict_on_batch(ids)`, which returns what a head returns: (B, L) -> (B, K). Sequences are read
    as they are, unless the class sets `stranded` to False, or to None, which asks the data; `fit`
    then has to read both strands.
    """

    stranded: bool | None = True

    @abstractmethod
    def fit(self, language_model: LanguageModel, folder: Path) -> Any:
        """Fit a model and return it; the folder is for large temporary files, and is removed."""

    @abstractmethod
    def save_fitted(self, fitted: Any, folder: Path) -> None:
        """Write what `fit` returned into an empty folder: .json, .safetensors, .skops, .tsv, .txt.

        No format that runs code when it is read is allowed, such as pickle.
        """

    @abstractmethod
    def load_fitted(self, language_model: LanguageModel, folder: Path) -> Any:
        """Return what `save_fitted` wrote, on any backend."""

    def batch(self, draw: Draw) -> Batch:
        raise HyenaDNAError(f"The task {self.name} is fitted without steps: it has no batches.")

    def defaults(self, max_seq_len: int, given: GivenOptions) -> TaskDefaults:
        """Return one step, which stands for the fit, as long as the model takes."""
        return {"stages": f"{max_seq_len}x1@1"}
