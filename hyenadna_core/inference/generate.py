"""New bases after a prompt, one by one, from a causal language model."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.special import log_softmax

from hyenadna_backends.device_memory import free_memory
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.inference.sampling import Sampling
from hyenadna_core.inference.windows import is_base
from hyenadna_core.model.base_by_base import BaseByBase
from hyenadna_core.model.sizes import FLOAT
from hyenadna_core.tokens import encode

KEPT = 3  # arrays of (B, D, L) for each long convolution: inputs, tiles, additions of the prompt
FREE = "N"  # in a pattern of forced bases: any base
LONGEST = 20  # letters in a message


class NewBases(NamedTuple):
    """The next base of each sample: its token id, and log P of it given all before it (nats)."""

    ids: np.ndarray  # (samples,) int32
    log_probs: np.ndarray  # (samples,) float64


def generate(
    model: Any,
    prompt: str,
    bases: int,
    *,
    samples: int = 1,
    sampling: Sampling | None = None,
    forced: str = "",
    seed: int | tuple[int, ...] = 0,
    reader: BaseByBase | None = None,
    drawn: int = 0,
) -> Iterator[NewBases]:
    """Continue a prompt by a number of bases; yield them one by one, for all samples at once.

    Only A, C, G and T are drawn. log P is that of the model, whatever the rules of drawing are.

    Args:
        samples: how many sequences continue the prompt; each draws its own bases.
        forced: the first new bases; N stands for one that is drawn.
        seed: of the random draws; the same seed gives the same bases. Each sample has draws of its
            own, which do not depend on the number of samples.
        reader: a BaseByBase of this model for at least as many bases; for several prompts, it saves
            the time to make one for each.
        drawn: the number of new bases that `reader` has read after the prompt: go on after these.

    Raises:
        HyenaDNAError: the prompt is empty or has other letters than A, C, G and T, `forced` has
            other letters or is longer than `bases`, the model reads no sequence of this length, or
            so many samples do not fit into memory, or `reader` has not read the prompt and `drawn`
            bases.
    """
    ids = check_bases("The prompt", prompt)
    if bases < 1 or samples < 1:
        raise HyenaDNAError(f"bases is {bases} and samples is {samples}: choose 1 or more.")
    if len(forced) > bases:
        raise HyenaDNAError(f"{len(forced):,} bases are forced, but only {bases:,} are generated: force fewer.")
    pattern = check_bases("The pattern of forced bases", forced, FREE) if forced else np.zeros(0, np.int32)
    config = model.hyena_config
    convolutions = config.n_layer * (config.order - 1)
    needed = KEPT * FLOAT * samples * (len(ids) + bases) * config.d_model * convolutions
    if needed > (free := free_memory()):
        raise HyenaDNAError(
            f"{samples:,} samples of {len(ids) + bases:,} bases need about {needed / 1e9:,.0f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free: ask for fewer."
        )
    if drawn and (reader is None or reader.read != len(ids) + drawn):
        raise HyenaDNAError(f"drawn is {drawn:,}, but the reader has not read so many bases after the prompt: use 0.")
    seeds = [seed] if isinstance(seed, int) else list(seed)
    numbers = np.stack([np.random.default_rng([*seeds, sample]).random(bases) for sample in range(samples)], axis=1)
    return _generate(model, np.tile(ids, (samples, 1)), numbers, sampling or Sampling(), pattern, reader, drawn)


def _generate(
    model: Any,
    prompts: np.ndarray,
    numbers: np.ndarray,
    sampling: Sampling,
    forced: np.ndarray,
    reader: BaseByBase | None,
    drawn: int,
) -> Iterator[NewBases]:
    """Yield new bases after prompts (samples, P), drawn with random numbers (bases, samples)."""
    bases, samples = numbers.shape
    length = prompts.shape[1] + bases
    reader = reader or BaseByBase(model, length)
    logits = reader.logits if drawn else None
    if logits is None:
        logits = reader.prefill(prompts, length)
    for place in range(drawn, bases):
        ids = sampling.draw(logits, numbers[place])  # also if it is forced: so later draws do not depend on it
        if place < len(forced) and is_base(forced[place]):
            ids = np.full(samples, forced[place], np.int32)
        log_probs = log_softmax(logits.astype(np.float64), axis=-1)[np.arange(samples), ids]
        if not np.isfinite(log_probs).all():
            raise HyenaDNAError("The model gives nan or infinity: its weights are damaged.")
        yield NewBases(ids, log_probs)
        if place < bases - 1:
            logits = reader.step(ids)


def check_bases(name: str, text: str, also: str = "") -> np.ndarray:
    """Return the token ids of a text of A, C, G, T in any case, and of the letters in `also`.

    Raises:
        HyenaDNAError: it is empty, or has another letter.
    """
    if not isinstance(text, str):
        raise HyenaDNAError(f"{name} is text of bases, not {type(text).__name__}: decode(ids) makes it.")
    if not text:
        raise HyenaDNAError(f"{name} is empty: give at least one base.")
    for place, letter in enumerate(text.upper(), start=1):
        if letter not in f"ACGT{also}":
            raise HyenaDNAError(
                f"{name} has '{shown(letter, LONGEST)}' at base {place:,}; only A, C, G, T{', N' if also else ''} are "
                "possible."
            )
    return encode(text)
