"""Run recall: each model at each distance, kept as it is measured."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from hyenadna_benchmarks.kept_parts import KeptParts
from hyenadna_benchmarks.recall.measure import ARRAYS, figures, measure
from hyenadna_benchmarks.recall.plants import Background, Plant
from hyenadna_core import notice, progress

KEPT = "measured"  # the folder of kept measurements, in that of the results


class Contender(NamedTuple):
    """A model to measure: its name in tables, its identity in files, and its distances.

    `model` makes it; it has `predict_on_batch`, (B, L) -> (B, L, V). It is called only if a
    distance is not measured yet.
    """

    name: str
    identity: str
    model: Callable[[], Any]
    distances: Sequence[int]


def run_recall(
    contenders: Sequence[Contender],
    plant: Plant,
    repeats: int,
    background: Background,
    *,
    source: str = "random",
    folder: Path | None = None,
    backend: str = "",
) -> list[dict[str, Any]]:
    """Return a row for each contender and distance: figures with intervals.

    Args:
        repeats: sequences of each distance.
        source: the identity of the background in the kept files.
        folder: keeps the measurements, so that a stopped run goes on.

    Raises:
        HyenaDNAError: a model gives nan, or the folder has the results of other settings.
    """
    job = {"runner": "recall", "key": plant.key, "value": plant.value, "seed": plant.seed, "sequences": repeats}
    parts = KeptParts(folder and folder / KEPT, job | {"background": source, "backend": backend})
    rows = []
    bases = sum(plant.length(distance) for each in contenders for distance in each.distances)
    with progress("Recall", bases) as advance:
        for each in contenders:
            logits = _Lazily(each.model)
            for distance in each.distances:
                name = f"{each.identity}-{distance:09d}"
                arrays = parts.part(name, ARRAYS, partial(measure, logits, plant, distance, repeats, background))
                rows.append({"model": each.name, "distance": distance, **figures(arrays, plant.seed)})
                advance(plant.length(distance))
    if parts.reused:
        notice(f"{parts.reused:,} of {len(rows):,} measurements were there already, in {parts.folder}.")
    return rows


class _Lazily:
    """The logits of a model that is made when they are first asked for."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._model = make, None

    def __call__(self, ids: Any) -> Any:
        if self._model is None:
            self._model = self._make()
        return self._model.predict_on_batch(ids)  # type: ignore[attr-defined]
