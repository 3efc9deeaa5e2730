"""A Keras model of token ids, which checks them before any work."""

from abc import abstractmethod
from collections.abc import Callable
from contextvars import ContextVar
from operator import attrgetter
from typing import Any

import keras
import numpy as np

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.forward import without_gradients
from hyenadna_backends.host import on_host
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.tokens import check_ids

WEIGHTS = ("trainable_variables", "non_trainable_variables")
# The variables whose values each function of Keras takes as its state, on JAX and MLX.
STATE = {
    "train_function": (*WEIGHTS, "optimizer.variables", "metrics_variables"),
    "test_function": (*WEIGHTS, "metrics_variables"),
    "predict_function": WEIGHTS,
}

_inside: ContextVar[bool] = ContextVar("inside", default=False)  # whether a SequenceModel is running


class SequenceModel(keras.Model):
    """A functional model of token ids (B, L) that checks them first.

    Inside a compiled graph only their length is known. So `fit`, `evaluate` and `predict` check
    each batch before it goes there.
    """

    pairs = False  # whether a row has two sequences, (B, 2, L)

    def __call__(self, ids: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        self.check_length(ids)
        if _inside.get():  # a part of another model gets ids that were checked, and MLX fails if it reads them here
            return super().__call__(ids, *args, **kwargs)
        self.check_values(ids, from_device=not kwargs.get("training"))
        outside = _inside.set(True)
        try:
            return super().__call__(ids, *args, **kwargs)
        finally:
            _inside.reset(outside)

    def call(
        self, ids: Tensor, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Tensor:  # predict and fit on JAX start here
        self.check_length(ids)
        return super().call(ids, training=training, mask=mask, **kwargs)

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """Return the model's output for ids, (B, L) or pairs (B, 2, L), as a NumPy array.

        The spectra of the filters are kept between calls.
        """
        ids = np.asarray(x)
        self.check_length(ids)
        self.check_values(ids)
        with without_gradients():
            return keras.ops.convert_to_numpy(self.infer(keras.ops.convert_to_tensor(ids, "int32")))

    @abstractmethod
    def infer(self, ids: Tensor) -> Tensor:
        """Compute the output for ids that were checked, with kept spectra: (B, L) -> (B, ...)."""

    def make_train_function(self, force: bool = False) -> None:
        self._check_batches("train_function", super().make_train_function, force)

    def make_test_function(self, force: bool = False) -> None:
        self._check_batches("test_function", super().make_test_function, force)

    def make_predict_function(self, force: bool = False) -> None:
        self._check_batches("predict_function", super().make_predict_function, force)

    def _check_batches(self, name: str, make: Callable[[bool], Any], force: bool) -> None:
        """Let Keras make its function of a step, which then first checks the ids of each batch."""
        before = getattr(self, name)
        make(force)
        function = getattr(self, name)
        if function is before:
            return

        def run(*arguments: Any) -> Any:
            *state, batches = arguments  # JAX and MLX have a state: the values of these variables
            checked = map(self._checked, batches)
            try:
                return function(*state, list(checked) if isinstance(batches, list) else checked)
            except HyenaDNAError:
                for values in state:
                    self._restore(name, values)
                raise

        setattr(self, name, run)

    def _checked(self, batch: Any) -> Any:
        """Return a batch of Keras, which is the ids or begins with them, if they are right."""
        ids = batch[0] if isinstance(batch, list | tuple) else batch
        self.check_values(ids[0] if isinstance(ids, list | tuple) else ids)
        return batch

    def _restore(self, name: str, state: Any) -> None:
        """Give the variables their values again, which Keras has taken out of the model."""
        for path, values in zip(STATE[name], state, strict=True):
            for variable, value in zip(attrgetter(path)(self), values, strict=True):
                variable.assign(value)

    @property
    def vocab_size(self) -> int:
        """The number of token ids that the model knows."""
        model: Any = getattr(self, "backbone", self)
        vocab_size: int = model.hyena_config.vocab_size
        return vocab_size

    def check_values(self, ids: Tensor, from_device: bool = True) -> None:
        """Raise HyenaDNAError if an id is not in the vocabulary; unknown values are no error."""
        if (values := on_host(ids, from_device)) is not None:
            check_ids(values, self.vocab_size)

    def check_length(self, ids: Tensor) -> None:
        """Raise HyenaDNAError if the input is empty or longer than max_seq_len.

        A length that is not known yet, while the graph is made, is not an error.
        """
        shape = tuple(ids.shape)
        if len(shape) != (3 if self.pairs else 2) or (self.pairs and shape[1] != 2):
            wanted, one = ("(B, 2, L)", "pair") if self.pairs else ("(B, L)", "sequence")
            raise HyenaDNAError(f"Token ids must have the shape {wanted}, not {shape}; one {one} is ids[None].")
        if 0 in shape:
            raise HyenaDNAError(f"There are no token ids in the shape {shape}: give at least one sequence.")
        if shape[-1] is not None and shape[-1] > self.max_seq_len:
            raise HyenaDNAError(
                f"The input has {shape[-1]:,} positions, this model takes at most {self.max_seq_len:,}: cut it, or "
                "choose a model with a larger max_seq_len."
            )
