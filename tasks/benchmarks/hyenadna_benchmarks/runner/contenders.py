"""The models of a benchmark: simple ones, a network from random weights, and pretrained ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hyenadna_core import HyenaDNAError

MAJORITY, KMER, CNN, SCRATCH, PRETRAINED, PROBE = "majority", "kmer", "cnn", "scratch", "pretrained", "probe"
KINDS = (MAJORITY, KMER, CNN, SCRATCH, PRETRAINED, PROBE)
BASELINES = (MAJORITY, KMER, CNN)
TRAINED = (SCRATCH, PRETRAINED)  # in a run folder
SEEDED = (CNN, *TRAINED)  # the others give the same for each seed
RANDOM = "none"  # in place of weights
PRESET = "tiny-1k"  # the architecture of the network from random weights
NAMES = {MAJORITY: "majority", KMER: "k-mers", CNN: "CNN", SCRATCH: "scratch"}


@dataclass(frozen=True)
class Contender:
    """A model of a benchmark.

    Args:
        kind: one of KINDS.
        name: in the table.
        slug: the name of its folder.
        weights: from which it starts, or which it reads.
    """

    kind: str
    name: str
    slug: str
    weights: str | None = None

    @property
    def seeded(self) -> bool:
        return self.kind in SEEDED


def contenders_of(weights: Sequence[str], kinds: Sequence[str] = KINDS) -> list[Contender]:
    """Return the contenders of the chosen kinds; fine-tuned and frozen ones for all weights.

    Raises:
        HyenaDNAError: nothing is left, weights are named twice, or a kind is unknown.
    """
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise HyenaDNAError(f"There is no contender {unknown[0]!r}: choose of {', '.join(KINDS)}.")
    if len(set(weights)) < len(weights):
        raise HyenaDNAError(f"--weights names weights twice: {', '.join(weights)}: name each once.")
    contenders = [Contender(kind, NAMES[kind], kind) for kind in BASELINES if kind in kinds]
    if SCRATCH in kinds and RANDOM in weights:
        contenders.append(Contender(SCRATCH, NAMES[SCRATCH], SCRATCH, RANDOM))
    sources = [each for each in weights if each != RANDOM]
    names = _short_names(sources)
    for source, name in zip(sources, names, strict=True):
        slug = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "weights"
        if PRETRAINED in kinds:
            contenders.append(Contender(PRETRAINED, name, f"tuned-{slug}", source))
        if PROBE in kinds:
            contenders.append(Contender(PROBE, f"{name}, frozen", f"probe-{slug}", source))
    for names in ([each.slug.casefold() for each in contenders], [each.name for each in contenders]):
        if repeated := [each for number, each in enumerate(contenders) if names[number] in names[:number]]:
            raise HyenaDNAError(
                f"Two models have the name {repeated[0].name!r}: rename the weights {repeated[0].weights}."
            )
    if not contenders:
        raise HyenaDNAError("No contender is left: name other --contenders or --weights.")
    return contenders


def _short_names(sources: Sequence[str]) -> list[str]:
    """Return the last part of each path, or the whole path where the last parts are the same."""
    last = [source.rstrip("/").rpartition("/")[2] for source in sources]
    return [name if last.count(name) == 1 else source for name, source in zip(last, sources, strict=True)]
