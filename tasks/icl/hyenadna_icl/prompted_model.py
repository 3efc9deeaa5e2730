"""A model behind a fixed context, such as a soft prompt, which is computed once."""

from typing import Any

import numpy as np

from hyenadna_core.tokens import PAD


class PromptedModel:
    """The logits of label tokens after a context, for sequences: (B, L) -> (B, K).

    Args:
        model: the TaskModel whose backbone and head are used.
        context: the vectors in front of each sequence, (P, D).
        longest: the bases of the longest sequence, if known.

    Attributes:
        max_seq_len: the bases that the backbone takes besides the context and [SEP].
    """

    def __init__(self, model: Any, context: np.ndarray, longest: int = 1) -> None:
        self.model, self.backbone, self.context = model, model.backbone, context
        self.max_seq_len = self.backbone.max_seq_len - len(context) - 1
        self._longest = min(longest, self.max_seq_len)
        self._kept: Any = None  # a KeptPrefix

    def predict_on_batch(self, ids: np.ndarray) -> np.ndarray:
        """Return the logits of the classes: (B, L) -> (B, K)."""
        from keras import ops

        from hyenadna_icl.layers import with_sep

        ids = np.asarray(ids)
        if not len(self.context):
            whole: np.ndarray = self.model.predict_on_batch(ids)
            return whole
        tokens = ops.convert_to_tensor(ids, "int32")
        embedded = with_sep(self.backbone, tokens, self.backbone.embed(ids))
        states = self._states(embedded)[:, 1:]  # from the position after the first base on
        real = ops.not_equal(tokens, PAD)
        logits: np.ndarray = ops.convert_to_numpy(self.model.head([states, real]))
        return logits

    def _states(self, embedded: Any) -> Any:
        """Compute the states after the context: (B, L, D) -> (B, L, D)."""
        from keras import ops

        from hyenadna_core import KeptPrefix

        length = embedded.shape[1]
        if self.backbone.hyena_config.mixer != "hyena":  # attention keeps no prefix
            context = ops.cast(ops.convert_to_tensor(self.context), embedded.dtype)
            front = ops.broadcast_to(context, (embedded.shape[0], *self.context.shape))
            return self.backbone.from_embeddings(ops.concatenate([front, embedded], axis=1))[:, len(self.context) :]
        if self._kept is None or self._kept.length < length:
            longest = max(self._longest, length - 1)
            if self._kept is not None:  # longer sequences came: leave room for more
                longest = min(2 * longest, self.max_seq_len)
            self._longest = longest
            self._kept = KeptPrefix(self.backbone, self.context, longest + 1)
        return self._kept.hidden(embedded)
