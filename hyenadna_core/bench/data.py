"""Time how fast batches are made, without a model: `hyenadna bench --data`."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.intervals import split_by_position
from hyenadna_core.task import Batch, Draw
from hyenadna_core.tasks.causal_lm import CausalLMTask
from hyenadna_core.terminal import progress, tab_separated

BATCH_BASES = 1 << 18  # of a batch; a longer window is one batch
SECONDS = 0.5  # of a round, at least
COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A", "a": "t", "c": "g", "g": "c", "t": "a"}
IDS = {"A": 7, "C": 8, "G": 9, "T": 10, "N": 11}


@dataclass(frozen=True)
class Throughput:
    """Bases per second, by the task and string by string, and the median ratio."""

    seq_len: int
    batch_size: int
    bases_per_second: float
    by_strings: float
    ratio: float

    def to_json(self) -> dict[str, Any]:
        """Return the fields, for json.dumps."""
        return asdict(self)


def measure_data(fasta: Path, lengths: Sequence[int], rounds: int) -> Iterator[Throughput]:
    """Time batches of windows of each length as `hyenadna train` draws them, and string by string.

    Raises:
        HyenaDNAError: the genome cannot be read.
    """
    genome = open_genome(fasta)
    task = CausalLMTask(genome, split_by_position(genome))
    with progress("Batches", len(lengths) * rounds) as advance:
        for seq_len in lengths:
            batch_size = max(1, BATCH_BASES // seq_len)
            task.batch(Draw("train", 0, seq_len, batch_size, 0))
            speeds: dict[Any, list[float]] = {task.batch: [], string_by_string: []}
            for number in range(rounds):
                speeds[task.batch].append(_speed(task.batch, seq_len, batch_size, SECONDS, number))
                speeds[string_by_string].append(_speed(partial(string_by_string, task), seq_len, 1, 0.0, number))
                advance(1)
            ours, theirs = speeds.values()
            ratio = median(fast / slow for fast, slow in zip(ours, theirs, strict=True))
            yield Throughput(seq_len, batch_size, median(ours), median(theirs), ratio)


def string_by_string(task: CausalLMTask, draw: Draw) -> Batch:
    """Make a batch window by window as text, base by base, as the loader of the original does."""
    random = draw.generator()
    interval = task.intervals_of(draw.split)[0]
    rows = []
    for _ in range(draw.batch_size):
        start = int(random.integers(len(interval) - draw.seq_len))
        text = task.genome.read(interval.chrom, start, start + draw.seq_len + 1).tobytes().decode()
        if random.random() < 0.5:
            complement = ""
            for base in text[::-1]:
                complement += COMPLEMENT.get(base, base)
            text = complement
        rows.append([IDS.get(base, 6) for base in text])
    windows = np.array(rows, np.int32)
    return Batch(windows[:, :-1], windows[:, 1:], np.ones((draw.batch_size, draw.seq_len), np.float32))


def data_table(lengths: Sequence[Throughput]) -> str:
    """Return tab-separated lines, one for each length."""
    lines = [["bases", "batch", "bases/s", "bases/s by strings", "times as fast"]]
    for one in lengths:
        speeds = [f"{one.bases_per_second:,.0f}", f"{one.by_strings:,.0f}"]
        lines.append([f"{one.seq_len:,}", str(one.batch_size), *speeds, f"{one.ratio:.0f}"])
    return tab_separated(lines)


def _speed(make: Any, seq_len: int, batch_size: int, seconds: float, first: int) -> float:
    """Return bases per second over the batches that fill some seconds, at least one batch."""
    made, started = 0, time.perf_counter()
    while True:
        make(Draw("train", 1000 * first + made, seq_len, batch_size, 0))
        made += 1
        if (took := time.perf_counter() - started) >= seconds:
            return made * seq_len * batch_size / took
