"""The figures at the end of a run: the held-out part under the model and under Markov models."""

from typing import Any

from hyenadna_core.markov import MarkovModels
from hyenadna_core.metrics import Likelihood


def markov_likelihoods(task, windows) -> dict[str, list[Likelihood]]:
    """The held-out likelihood of Markov models by order, fitted on the strands that the training reads."""
    models = MarkovModels.fit(task.genome, task.intervals_of("train"))
    strands = {"forward strand": models.likelihoods(task.genome, windows)}
    if task.reverse_complements:
        strands["both strands"] = models.both_strands().likelihoods(task.genome, windows)
    return strands


def best_markov(strands: dict[str, list[Likelihood]]) -> tuple[str, float]:
    """The line to beat: a label for the best of the Markov models, and its bits per base."""
    bits, order, name = min(
        (likelihood.bits, order, name) for name, column in strands.items() for order, likelihood in enumerate(column)
    )
    return f"best Markov model, order {order}, {name}", bits


def held_out_json(result: Likelihood, strands: dict[str, list[Likelihood]]) -> dict[str, Any]:
    """The figures of a report for run.json."""
    return {
        "bases": result.bases,
        "bits_per_base": result.bits,
        "perplexity": result.perplexity,
        "markov_bits_per_base": {name: [likelihood.bits for likelihood in column] for name, column in strands.items()},
    }


def held_out_table(preset: str, result: Likelihood, strands: dict[str, list[Likelihood]], windows) -> str:
    """Bits per base and perplexity of the model beside the Markov models, as text."""
    rows = [("", "bits per base", "perplexity")]
    rows.append((preset, f"{result.bits:.4f}", f"{result.perplexity:.4f}"))
    for name, column in strands.items():
        rows += [
            (f"Markov order {order}, {name}", f"{likelihood.bits:.4f}", f"{likelihood.perplexity:.4f}")
            for order, likelihood in enumerate(column)
        ]
    width = max(len(row[0]) for row in rows)
    lines = [f"{name:<{width}}  {bits:>13}  {perplexity:>10}" for name, bits, perplexity in rows]
    return "\n".join([f"Held-out part: {result.bases:,} bases in {len(windows):,} windows", *lines])
