"""Options of training as data: recipes by name, the ranges of a sweep, and what was given."""

import json
import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from hyenadna_benchmarks.runner.tables import table
from hyenadna_core import HyenaDNAError

DEFAULT = "default"
ANY = "*"
OF_TASK = ("epochs", "pooling", "head_dropout", "reverse_complements", "balanced")  # the others are those of `train`
EPOCH = "epoch"  # a validation after each epoch
PASSES = ("steps", "epochs")  # each replaces the other
SHARE = 10  # a batch has at most this part of the training rows in a trial


def recipe_names() -> list[str]:
    """Return the names of all recipes."""
    return list(dict.fromkeys(row["recipe"] for row in table("recipes.tsv")))


def recipe(name: str, suite: str, set_name: str) -> dict[str, Any]:
    """Return the options of a recipe for a set; rows that name the set or its suite come last.

    Raises:
        HyenaDNAError: there is no such recipe, or not for this suite.
    """
    rows = [row for row in table("recipes.tsv") if row["recipe"] == name]
    if not rows:
        raise HyenaDNAError(f"There is no recipe {name!r}: choose one of {', '.join(recipe_names())}.")
    fitting = [row for row in rows if row["suite"] in (ANY, suite) and row["set"] in (ANY, set_name)]
    if not fitting:
        raise HyenaDNAError(f"The recipe {name!r} is not for {suite}: choose one of {', '.join(recipe_names())}.")
    fitting.sort(key=lambda row: (row["suite"] != ANY, row["set"] != ANY))
    return {row["option"]: value_of(row["value"]) for row in fitting if row["option"]}


def value_of(text: str) -> Any:
    """Return a number, true or false of a table, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def with_given(options: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options in which the given ones replace the others."""
    replaced = {name for name in PASSES if any(other in given for other in PASSES)}
    return {name: value for name, value in options.items() if name not in replaced} | dict(given)


def draw(trial: int, given: Collection[str] = ()) -> dict[str, Any]:
    """Draw the options of a trial from the ranges of the sweep; its number is the seed.

    Options that were given are left out; the others are the same as without them.
    """
    random, drawn = np.random.default_rng(trial), {}
    for row in table("sweep.tsv"):
        values = [value_of(text) for text in row["values"].split()]
        if row["kind"] == "choice":
            drawn[row["option"]] = values[int(random.integers(len(values)))]
        else:
            low, high = math.log(values[0]), math.log(values[1])
            drawn[row["option"]] = float(f"{math.exp(random.uniform(low, high)):.3g}")
    return {name: value for name, value in drawn.items() if name not in given}


def fitting_batch(options: Mapping[str, Any], rows: int) -> dict[str, Any]:
    """Return drawn options with a batch of at most a tenth of the training rows."""
    size = options.get("batch_size")
    return dict(options) if size is None else {**options, "batch_size": min(size, max(1, rows // SHARE))}


def text_of(options: Mapping[str, Any]) -> str:
    """Return options as text: learning_rate 0.0006, batch_size 128."""
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in options.items()
    )
