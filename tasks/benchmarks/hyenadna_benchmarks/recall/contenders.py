"""The models of a recall run, each beside an untrained one of its shape, and the background."""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.language_model import (
    SPECIAL_TOKENS,
    UNTRAINED,
    config_of,
    longest_of,
    open_model,
    untrained_model,
)
from hyenadna_benchmarks.recall.benchmark import Contender
from hyenadna_benchmarks.recall.plants import (
    Background,
    Plant,
    check_distances,
    distances_up_to,
    genome_background,
    random_background,
)
from hyenadna_core import bundled_genome, open_genome, weights_sha256

DIGITS = 16  # of a checksum in the name of a file


def contenders_of(
    sources: Sequence[str], preset: str, plant: Plant, distances: Sequence[int] | None
) -> list[Contender]:
    """Return a contender for each source, and an untrained one for each shape.

    Raises:
        HyenaDNAError: there is no such source or preset, or a distance does not fit.
    """
    trained: list[Contender] = []
    shapes: dict[Any, tuple[int, str]] = {}  # the longest sequences and a source of each shape
    for source in sources:
        if source == UNTRAINED:
            config = config_of(preset)
            shapes.setdefault(config, (int(config.max_seq_len) - SPECIAL_TOKENS, preset))
            continue
        model = open_model(source)
        longest = longest_of(model, source)
        config = model.hyena_config
        before, _ = shapes.get(config, (0, source))
        shapes[config] = (max(before, longest), source)
        identity = weights_sha256(model)[:DIGITS]
        own = _distances(plant, distances, longest, source)
        trained.append(Contender(source, identity, partial(_same, model), own))
    untrained = []
    for config, (longest, source) in shapes.items():
        name = "untrained" if len(shapes) == 1 else f"untrained, shape of {source}"
        identity = f"untrained-{sha256(repr(config).encode()).hexdigest()[:DIGITS]}"
        own = _distances(plant, distances, longest, name)
        untrained.append(Contender(name, identity, partial(untrained_model, config), own))
    return [*trained, *untrained]


def background_of(kind: str, fasta: Path | None, longest: int) -> tuple[Background, str, str]:
    """Return a background for sequences of up to `longest` bases, its name, and what identifies it.

    Raises:
        HyenaDNAError: the genome cannot be read, or its contigs are too short.
    """
    if kind == "random":
        return random_background, "random bases", kind
    genome: Any = open_genome(fasta or bundled_genome())
    return genome_background(genome, longest), f"windows of {Path(genome.path).name}", genome.sha256


def _same(model: Any) -> Any:
    return model


def _distances(plant: Plant, given: Sequence[int] | None, longest: int, name: str) -> list[int]:
    check_distances(plant, list(given or ()), longest, name)
    return list(given) if given else distances_up_to(plant, longest)
