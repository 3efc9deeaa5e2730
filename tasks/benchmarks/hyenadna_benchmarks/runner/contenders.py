"""The models of a benchmark: simple ones, a network from random weights, and pretrained ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from hyenadna_core import HyenaDNAError

MAJORITY, KMER, CNN, SCRATCH, PRETRAINED, PROBE = "majority", "kmer", "cnn", "scratch", "pretrained", "probe"
KINDS = (MAJORITY, KMER, CNN, SCRATCH, PRETRAINED, PROBE)
BASELINES = (MAJORITY, KMER, CNN)
TRAINED = (SCRATCH, PRETRAINED)  # in a run folder
OF_WEIGHTS = (PRETRAINED, PROBE)  # of each of the weights
SEEDED = (CNN, *TRAINED)  # the others give the same for each seed
RANDOM = "none"  # in place of weights
PRESET = "tiny-1k"  # the architecture of the network from random weights
LONGEST_SLUG, DIGITS = 80, 8  # characters of a name in that of a folder, and of the checksum of a longer one
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
    """Return the contenders of the chosen kinds, in this order; those of weights go by weights.

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
        tuned = Contender(PRETRAINED, name, f"tuned-{_slug(name)}", source)
        frozen = Contender(PROBE, f"{name}, frozen", f"probe-{_slug(name)}", source)
        own = [each for each in (tuned, frozen) if each.kind in kinds]
        contenders += sorted(own, key=lambda each: kinds.index(each.kind))
    first_of_weights = min((kinds.index(kind) for kind in OF_WEIGHTS if kind in kinds), default=0)
    contenders.sort(key=lambda each: first_of_weights if each.kind in OF_WEIGHTS else kinds.index(each.kind))
    for names in ([each.slug.casefold() for each in contenders], [each.name for each in contenders]):
        if repeated := [each for number, each in enumerate(contenders) if names[number] in names[:number]]:
            raise HyenaDNAError(
                f"Two models have the name {repeated[0].name!r}: rename the weights {repeated[0].weights}."
            )
    if not contenders:
        raise HyenaDNAError("No contender is left: name other --contenders or --weights.")
    return contenders


def _slug(name: str) -> str:
    """Return a name as that of a folder; a long one is cut off at the left, and gets a checksum."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "weights"
    if len(slug) <= LONGEST_SLUG:
        return slug
    return f"{slug[-LONGEST_SLUG:].strip('-.')}-{sha256(name.encode()).hexdigest()[:DIGITS]}"


def _short_names(sources: Sequence[str]) -> list[str]:
    """Return the last part of each path, or the whole path where the last parts are the same."""
    last = [source.rstrip("/").rpartition("/")[2] for source in sources]
    return [name if last.count(name) == 1 else source for name, source in zip(last, sources, strict=True)]
