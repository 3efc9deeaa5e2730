"""The figures at the end of a run, as its run.json keeps them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.training.config import edited

HELD_OUT = "held-out"


@dataclass(frozen=True)
class RunFigures:
    """The figures of a run, and the split that they measure.

    Args:
        split: "test", "valid", "train" or "held-out"; empty if the run has no figures.
        by_model: figures by name, by the name of the model; that of the run is first, baselines
            follow.
    """

    split: str
    by_model: dict[str, dict[str, float]]


def figures_of_run(run: Mapping[str, Any], folder: Path) -> RunFigures:
    """Return the figures in a run.json; a figure that is not defined is nan.

    Raises:
        HyenaDNAError: somebody edited them.
    """
    try:
        if "result" in run:  # of a SequenceTask
            result = run["result"]
            split, tables = str(result["split"]), dict(result["figures"])
        elif "held_out" in run:  # of causal-lm
            split, tables = HELD_OUT, _of_language_model(run["held_out"], str(run["config"]["preset"]))
        elif "test" in run:
            split, tables = "test", {str(run["config"]["preset"]): run["test"]}
        else:
            return RunFigures("", {})
        return RunFigures(split, {model: numbers_of(table) for model, table in tables.items()})
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise edited(folder, HyenaDNAError(f"its figures are damaged ({shown(error, 60)})")) from None


def numbers_of(table: Mapping[str, Any]) -> dict[str, float]:
    """Return figures as numbers: None and infinity become nan.

    Raises:
        ArithmeticError, TypeError: a value is no number.
    """
    return {name: math.nan if value is None else _number(value) for name, value in table.items()}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is no number")
    return float(value) if math.isfinite(value) else math.nan


def _of_language_model(held_out: Mapping[str, Any], preset: str) -> dict[str, Mapping[str, Any]]:
    """Return bits per base and perplexity of the model and of each Markov model."""
    tables: dict[str, Mapping[str, Any]] = {preset: {name: held_out[name] for name in ("bits_per_base", "perplexity")}}
    for strands, column in held_out["markov_bits_per_base"].items():
        for order, bits in enumerate(column):
            perplexity = None if bits is None else 2 ** _number(bits)
            tables[f"Markov order {order}, {strands}"] = {"bits_per_base": bits, "perplexity": perplexity}
    return tables
