"""The figures at the end of a run: the held-out part under the model and under Markov models."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from hyenadna_core.evaluation.likelihood import Likelihood, likelihood
from hyenadna_core.evaluation.markov import MarkovModels
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.task import Batch, Model
from hyenadna_core.terminal import progress

Strands = dict[str, list[Likelihood]]  # the likelihoods by order, for each choice of counted strands


class HeldOutTask(Protocol):
    """A task with held-out windows of a genome."""

    def held_out_batches(self, windows: Sequence[Interval], seq_len: int, batch_size: int) -> Iterator[Batch]:
        """Yield the windows in batches of one shape."""


def held_out_likelihood(
    model: Model, task: HeldOutTask, windows: Sequence[Interval], seq_len: int, batch_size: int
) -> Likelihood:
    """Compute the likelihood of the held-out windows under a model, with a progress bar."""
    import keras

    with progress("Held-out part", len(windows)) as advance:

        def batches() -> Iterator[Batch]:
            for batch in task.held_out_batches(windows, seq_len, batch_size):
                yield batch
                advance(batch_size)

        return likelihood(lambda ids: keras.ops.convert_to_numpy(model.predict_on_batch(ids)), batches())


def markov_likelihoods(
    genome: Genome, train: Sequence[Interval], windows: Sequence[Interval], both_strands: bool
) -> Strands:
    """Fit Markov models on the training intervals; return the held-out likelihood by order.

    With `both_strands` there is a second column: models that count the reverse complements too.
    """
    models = MarkovModels.fit(genome, train)
    strands = {"forward strand": models.likelihoods(genome, windows)}
    if both_strands:
        models.count_both_strands()
        strands["both strands"] = models.likelihoods(genome, windows)
    return strands


def best_markov(strands: Strands) -> tuple[str, float]:
    """Return a label for the best Markov model, and its bits per base."""
    bits, order, name = min(
        (likelihood.bits, order, name) for name, column in strands.items() for order, likelihood in enumerate(column)
    )
    return f"best Markov model, order {order}, {name}", bits


def held_out_json(result: Likelihood, strands: Strands) -> dict[str, Any]:
    """Return the figures of a report for run.json."""
    return {
        "bases": result.bases,
        "bits_per_base": result.bits,
        "perplexity": result.perplexity,
        "markov_bits_per_base": {name: [likelihood.bits for likelihood in column] for name, column in strands.items()},
    }


def held_out_table(preset: str, result: Likelihood, strands: Strands, windows: Sequence[Interval]) -> str:
    """Return bits per base and perplexity of the model and of the Markov models, as text."""
    label, best = best_markov(strands)
    skipped = sum(len(window) - 1 for window in windows) - result.bases  # the first base is not predicted
    not_bases = f"; {skipped:,} that are not A, C, G or T are skipped" if skipped else ""
    if only_ours := next(iter(strands.values()))[0].bases - result.bases:
        not_bases += f", {only_ours:,} of them (lower case, U) only by {preset}"
    lines = [
        f"Held-out part: {result.bases:,} bases in {len(windows):,} windows{not_bases}",
        "",
        f"{'':<20}{'bits per base':>15}{'perplexity':>12}",
        f"{preset:<20}{_cells(result)}",
        "",
        f"{'':<20}" + "".join(f"{name:^27}" for name in strands).rstrip(),
    ]
    for order, by_strand in enumerate(zip(*strands.values(), strict=True)):
        lines.append(f"{f'Markov order {order}':<20}" + "".join(_cells(likelihood) for likelihood in by_strand))
    difference = f"{abs(result.bits - best):.4f} bits {'below' if result.bits < best else 'above'}"
    return "\n".join([*lines, "", f"{preset} is {difference} the {label}."])


def _cells(likelihood: Likelihood) -> str:
    return f"{likelihood.bits:>15.4f}{likelihood.perplexity:>12.4f}"
