"""Compare the two window shifts: the perplexity of a genome with each.

No published file of weights states its window shift.
"""

from pathlib import Path
from typing import Any, NamedTuple

from hyenadna_backends import Choice
from hyenadna_core.backend import check_backend
from hyenadna_core.evaluation.likelihood import Likelihood
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.tasks.causal_lm import CausalLMTask
from hyenadna_core.terminal import notice
from hyenadna_core.weights.sources import Weights

SHIFTS = {0.0: "the original's training code", 0.05: "its inference code and the hub's"}
LONGEST_WINDOW, BASES = 1 << 14, 1 << 18  # evenly spaced over the genome: minutes on a laptop
BATCH_BASES = 1 << 13


class Shifted(NamedTuple):
    """The likelihood of a genome with one window shift."""

    window_shift: float
    likelihood: Likelihood


def compare_shifts(choice: Choice, weights: Weights, fasta: Path) -> list[Shifted]:
    """Compute the likelihood of a genome's bases with each of the two window shifts.

    Raises:
        HyenaDNAError: the backend is not installed, or the genome cannot be read.
    """
    check_backend(choice)
    genome = open_genome(fasta)
    task = CausalLMTask(genome, [Interval(name, 0, length, "valid") for name, length in genome.contigs.items()])
    seq_len = min(weights.architecture["max_seq_len"] - 2, LONGEST_WINDOW)
    windows = task.held_out_windows(seq_len, BASES)
    notice(f"{len(windows)} windows of {seq_len:,} bases, evenly spaced over {genome.path.name}")
    from hyenadna_core.model.causal_lm import CausalLM
    from hyenadna_core.tasks.held_out import held_out_likelihood

    batch_size = max(1, BATCH_BASES // seq_len)
    return [
        Shifted(shift, held_out_likelihood(model, task, windows, seq_len, batch_size))
        for shift in SHIFTS
        for model in [CausalLM.from_weights(weights, window_shift=shift)]
    ]


def comparison_rows(compared: list[Shifted]) -> list[dict[str, Any]]:
    """Return one row for each window shift."""
    return [
        {
            "window_shift": shift,
            "perplexity": f"{likelihood.perplexity:.4f}",
            "bits_per_base": f"{likelihood.bits:.4f}",
            "bases": likelihood.bases,
            "who_takes_it": SHIFTS[shift],
        }
        for shift, likelihood in compared
    ]
