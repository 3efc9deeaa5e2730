"""The hyperparameters of a model: one dataclass, which every part of the library reads."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from types import NoneType
from typing import Any, get_args

from hyenadna_core.errors import HyenaDNAError

MIXERS = ("hyena", "attention")
FILTER_LAYOUTS = ("channel_major", "step_major")
CHOICES = {"mixer": MIXERS, "filter_layout": FILTER_LAYOUTS}
KINDS = {int: "a whole number", float: "a number", bool: "True or False", str: "text"}
# The smallest and the largest value of each number. The largest ones are far above those of any
# model; they stop a damaged or hostile file before it takes memory.
RANGES: dict[str, tuple[float, float]] = {
    "n_layer": (1, 256),
    "d_model": (1, 1 << 14),
    "max_seq_len": (1, 1 << 24),
    "d_inner": (1, 1 << 16),
    "order": (2, 100),
    "emb_dim": (3, 1_001),
    "filter_order": (1, 1 << 13),
    "num_inner_mlps": (0, 100),
    "short_filter_order": (1, 1_000),
    "activation_freq": (-1e6, 1e6),
    "window_shift": (-1e6, 1e6),
    "embed_dropout": (0, 1),
    "layer_norm_epsilon": (0, 1),
    "vocab_size": (1, 1 << 16),
    "seed": (0, (1 << 63) - 1),
}
WITHOUT_EFFECT = ("seed", "embed_dropout", "rematerialise")  # on the outputs of a model with weights
SPECIAL_TOKENS = 2  # positions of max_seq_len that are not for bases


@dataclass(frozen=True)
class HyenaConfig:
    """The hyperparameters of a language model, as HyenaBackbone takes them, and tie_embeddings.

    Args:
        n_layer: number of blocks.
        d_model: number of channels D.
        max_seq_len: the largest number of positions L. The time of the filters runs from 0 to 1
            over them (l_max of the original).
        d_inner: width of the MLP; 4 * d_model by default.
        order: O, the number of gates of an operator. It has O - 1 long convolutions.
        emb_dim: width of the positional features, odd and at least 3.
        filter_order: width of the filter network.
        num_inner_mlps: number of layers of this network between the first and the last.
        short_filter_order: number of taps of the short convolution.
        activation_freq: initial frequency of the sines in the filter network.
        window_shift: constant added to the decaying window of the filters: 0.05 in the original's
            inference code and on the hub, 0.0 in its training code.
        filter_layout: order of the filters' channels if order > 2: "channel_major" as in the
            original's training code, or "step_major" as in its inference code.
        trained_positions: whether each layer has its own trained positional features (the hub's
            layout).
        embed_dropout: rate of the dropout after the embedding, in training.
        layer_norm_epsilon: constant added to the variance in layer normalization.
        vocab_size: number of rows of the embedding; the ids 12 to 15 never occur.
        mixer: "hyena", or "attention" for a causal Transformer of the same depth and width. With
            attention, the hyperparameters of operators and filters have no effect.
        rematerialise: whether training keeps only the input of each block and computes the block
            again for the gradient. It takes less memory and more time.
        seed: seed of the initial weights. NumPy draws them, so they are equal on every backend.
        dtype: name of a Keras dtype policy, such as "mixed_bfloat16"; Keras's own by default.
        tie_embeddings: whether the head of the language model is the transposed embedding (as in
            the original's training code) or its own matrix (as on the hub).

    Raises:
        HyenaDNAError: a value that no model can have, or of another type.
    """

    n_layer: int
    d_model: int
    max_seq_len: int
    d_inner: int | None = None
    order: int = 2
    emb_dim: int = 5
    filter_order: int = 64
    num_inner_mlps: int = 2
    short_filter_order: int = 3
    activation_freq: float = 10.0
    window_shift: float = 0.05
    filter_layout: str = "channel_major"
    trained_positions: bool = False
    embed_dropout: float = 0.1
    layer_norm_epsilon: float = 1e-5
    vocab_size: int = 16
    mixer: str = "hyena"
    rematerialise: bool = False
    seed: int = 0
    dtype: str | None = None
    tie_embeddings: bool = True

    def __post_init__(self) -> None:
        for field in fields(self):
            kinds = get_args(field.type) or (field.type,)
            object.__setattr__(self, field.name, _checked(field.name, kinds, getattr(self, field.name)))
        object.__setattr__(self, "d_inner", self.inner_width)
        if self.emb_dim % 2 == 0:
            raise HyenaDNAError(f"emb_dim must be odd. Received: emb_dim={self.emb_dim}")

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], **overrides: Any) -> "HyenaConfig":
        """Return the config with these hyperparameters by name; an override replaces a value.

        Raises:
            HyenaDNAError: a name that is not a hyperparameter, a value that no model can have, or
                n_layer, d_model or max_seq_len is missing.
        """
        names = [field.name for field in fields(cls)]
        values = dict(arguments) | overrides
        if unknown := sorted(values.keys() - set(names)):
            raise HyenaDNAError(
                f"{unknown[0]!r} is not an argument of a model: choose from {', '.join(sorted(names))}."
            )
        for field in fields(cls):
            if field.default is MISSING and field.name not in values:
                raise HyenaDNAError(f"{field.name} is missing: a model needs n_layer, d_model and max_seq_len.")
        return cls(**values)

    def asdict(self) -> dict[str, Any]:
        """Return the hyperparameters by name, tie_embeddings included."""
        return asdict(self)

    @property
    def of_backbone(self) -> dict[str, Any]:
        """The arguments of HyenaBackbone by name: all hyperparameters except tie_embeddings."""
        return {name: value for name, value in asdict(self).items() if name != "tie_embeddings"}

    @property
    def of_outputs(self) -> dict[str, Any]:
        """The hyperparameters by name that change the outputs of a model with given weights."""
        return {name: value for name, value in asdict(self).items() if name not in WITHOUT_EFFECT}

    @property
    def most_bases(self) -> int:
        """The number of bases of the longest sequence: other positions are for special tokens."""
        return max(1, self.max_seq_len - SPECIAL_TOKENS)

    @property
    def inner_width(self) -> int:
        """The width of the MLP as a number."""
        return self.d_inner or 4 * self.d_model

    @property
    def projected_channels(self) -> int:
        """The channels that an operator projects its input to: O gates and one value for each."""
        return (self.order + 1) * self.d_model

    @property
    def filter_channels(self) -> int:
        """C = (O - 1) D, the number of long filters of an operator."""
        return (self.order - 1) * self.d_model


def _checked(name: str, kinds: tuple[Any, ...], value: Any) -> Any:
    """Return a value as the Python type of its hyperparameter; NumPy's numbers are converted.

    Raises:
        HyenaDNAError: it has another type, or is out of range.
    """
    value = value.item() if getattr(value, "shape", None) == () else value
    if value is None and NoneType in kinds:
        return None
    kind, choices = kinds[0], CHOICES.get(name)
    low, high = RANGES.get(name, (0, 0))
    is_valid = type(value) is kind or (kind is float and type(value) is int)
    if is_valid and (value in choices if choices else name not in RANGES or low <= value <= high):
        return kind(value)
    wanted = f"one of {', '.join(choices)}" if choices else KINDS[kind]
    wanted += f" from {low:,} to {high:,}" if name in RANGES else ""
    raise HyenaDNAError(f"{name} must be {wanted}. Received: {name}={value!r}")
