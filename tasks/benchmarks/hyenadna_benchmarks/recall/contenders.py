"""The models of a recall run with an untrained one for each shape, and the background."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.language_model import UNTRAINED, open_model, untrained_model
from hyenadna_benchmarks.recall.benchmark import Contender
from hyenadna_benchmarks.recall.plants import (
    Background,
    Plant,
    check_distances,
    distances_up_to,
    genome_background,
    random_background,
)
from hyenadna_core import HyenaConfig, bundled_genome, find_preset, model_sha256, open_genome

DIGITS = 16  # of a checksum in the name of a file
OF_NO_SHAPE: dict[str, Any] = {"seed": 0, "embed_dropout": 0.0, "rematerialise": False, "dtype": None}


def contenders_of(
    sources: Sequence[str], preset: str, plant: Plant, distances: Sequence[int] | None
) -> list[Contender]:
    """Return a contender for each source, and an untrained one for each shape.

    Raises:
        HyenaDNAError: there is no such source or preset, or a distance does not fit.
    """
    trained: list[Contender] = []
    shapes: dict[HyenaConfig, tuple[int, str]] = {}  # the longest sequences and the first source of each shape
    for source in sources:
        if source == UNTRAINED:
            config = find_preset(preset).hyena_config
            _add_shape(shapes, config, config.most_bases, preset)
            continue
        model, longest = open_model(source)
        _add_shape(shapes, model.hyena_config, longest, source)
        own = _distances(plant, distances, longest, source)
        trained.append(Contender(source, model_sha256(model)[:DIGITS], partial(_same, model), own))
    untrained = []
    for config, (longest, source) in shapes.items():
        name = "untrained" if len(shapes) == 1 else f"untrained, shape of {source}"
        identity = f"untrained-{sha256(repr(config).encode()).hexdigest()[:DIGITS]}"
        own = _distances(plant, distances, longest, name)
        untrained.append(Contender(name, identity, partial(untrained_model, config), own))
    return [*trained, *untrained]


def background_of(kind: str, fasta: Path | None, longest: int) -> tuple[Background, str, str]:
    """Return a background for sequences of up to `longest` bases, its name and its identity.

    Raises:
        HyenaDNAError: the genome cannot be read, or its contigs are too short.
    """
    if kind == "random":
        return random_background, "random bases", kind
    genome: Any = open_genome(fasta or bundled_genome())
    return genome_background(genome, longest), f"windows of {Path(genome.path).name}", genome.sha256


def _add_shape(shapes: dict[HyenaConfig, tuple[int, str]], config: HyenaConfig, longest: int, source: str) -> None:
    """Add the shape of a model, with the longest sequences of all sources that have this shape."""
    shape = replace(config, **OF_NO_SHAPE)
    before, first = shapes.get(shape, (0, source))
    shapes[shape] = max(before, longest), first


def _same(model: Any) -> Any:
    return model


def _distances(plant: Plant, given: Sequence[int] | None, longest: int, name: str) -> list[int]:
    check_distances(plant, list(given or ()), longest, name)
    return list(given) if given else distances_up_to(plant, longest)
