"""The task `causal-lm`: predict each base of a genome from those before it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.fasta import Genome, bundled_genome, open_genome
from hyenadna_core.genome.intervals import Interval, read_bed, split_by_position
from hyenadna_core.genome.joined import JoinedGenomes
from hyenadna_core.genome.original_windows import window_bases, window_ids
from hyenadna_core.task import Batch, Draw, Task
from hyenadna_core.tokens import COMPLEMENT, PAD, TO_ID, A, T

TABLES = (TO_ID["default"], COMPLEMENT[TO_ID["default"]])
STRANDS = tuple(table.astype(np.uint8).tobytes() for table in TABLES)  # from byte to id, and to its complement
WINDOWS = {"random": "default", "original": "original"}  # where they are taken from: how they are encoded
EVALUATED_BASES = 1 << 21  # of the held-out part at most, when a run ends
TOO_SHORT = {
    "random": "and come whole, with padding behind",
    "original": "and are extended by the bases around them, held out or not",
}
PATH = click.Path(path_type=Path, resolve_path=True)
OPTIONS = (
    click.Option(
        ["--fasta"],
        type=PATH,
        multiple=True,
        help="Genome: FASTA, plain, gzip or bgzip; may be repeated.  [default: E. coli, in the package]",
    ),
    click.Option(
        ["--bed"],
        type=PATH,
        multiple=True,
        help="Intervals with train, valid or test in column 4, one BED for each FASTA.  [default: the last tenth of "
        "contigs is held out]",
    ),
    click.Option(
        ["--fasta-weight"],
        type=click.FloatRange(min=0, min_open=True),
        multiple=True,
        help="How often windows come from each FASTA, in proportion.  [default: by its bases]",
    ),
    click.Option(
        ["--windows"],
        type=click.Choice(list(WINDOWS)),
        default="random",
        show_default=True,
        help="Any position of the intervals, or the one window of each that the original repository takes.",
    ),
    click.Option(
        ["--reverse-complements/--forward-only"],
        default=None,
        help="Read half of the windows from the other strand, or none.  [default: half; none with --windows original]",
    ),
    click.Option(
        ["--valid-bases"],
        type=click.IntRange(min=1),
        default=1 << 20,
        show_default=True,
        help="Of a validation, at most.",
    ),
)


class CausalLMTask(Task):
    """Predict each base of a genome from those before it.

    Args:
        genome, intervals: where windows come from; the training windows from the intervals of split "train".
        weights: how often windows come from contigs of each genome, by the name before the colon, where several
            genomes are joined (joined_genomes.py); without them, as often as they have places for a window.
        reverse_complements: read every other window, by draw, from the other strand.
        windows: "random" takes any position of the intervals, and N and unknown characters bear no loss; "original"
            is the rule of the original's training code: rows of the intervals by draw, each with the one window that
            it has (original_windows.py), and all targets bear loss.
        seq_len, valid_bases: bases at a time, and how many in all, in `evaluate`.
    """

    name = "causal-lm"
    options = OPTIONS
    in_bits = True
    no_validation = "mark some intervals valid in column 4 of the BED"
    seq_len: int

    def __init__(
        self,
        genome: Genome,
        intervals: Sequence[Interval],
        reverse_complements: bool = True,
        windows: str = "random",
        seq_len: int = 1024,
        valid_bases: int = 1 << 20,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        if windows not in WINDOWS:
            raise HyenaDNAError(f"windows is {windows!r}: choose one of {', '.join(WINDOWS)}.")
        self.genome, self.intervals, self.reverse_complements = genome, intervals, reverse_complements
        self.windows, self.seq_len, self.valid_bases = windows, seq_len, valid_bases
        self.weights = dict(weights or {"": 1.0})
        self._places: dict[tuple[str, int, str], tuple[list[Interval], np.ndarray]] = {}

    @classmethod
    def from_options(cls, options: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> "CausalLMTask":
        """The task on the genomes that the options name.

        Raises:
            HyenaDNAError: a file cannot be read, or there are not as many of one kind as of another.
        """
        paths = several(options.get("fasta")) or (bundled_genome(),)
        for name in ("bed", "fasta_weight"):
            given = len(several(options.get(name)))
            if given and given != len(paths):
                option = name.replace("_", "-")
                raise HyenaDNAError(f"{given} --{option} for {len(paths)} --fasta: give one for each, or none.")
        genomes = [open_genome(path) for path in paths]
        beds = several(options.get("bed")) or (None,) * len(genomes)
        intervals = [
            read_bed(bed, genome) if bed else split_by_position(genome)
            for bed, genome in zip(beds, genomes, strict=True)
        ]
        windows, both = options.get("windows", "random"), options.get("reverse_complements")
        rest = {"valid_bases": options["valid_bases"]} if "valid_bases" in options else {}
        both = windows == "random" if both is None else both
        if len(genomes) == 1:
            return cls(genomes[0], intervals[0], both, windows, **rest)
        joined = JoinedGenomes(genomes)
        weights = several(options.get("fasta_weight"))
        share = dict(zip(joined.names, weights, strict=True)) if weights else None
        return cls(joined, joined.join(intervals), both, windows, weights=share, **rest)

    def state(self) -> dict[str, Any]:
        return {"reverse_complements": self.reverse_complements}

    @property
    def sha256(self) -> str:
        return self.genome.sha256

    @property
    def title(self) -> str:
        return f"{self.genome.path.name} ({sum(self.genome.contigs.values()):,} bases)"

    def has(self, split: str) -> bool:
        return bool(self.intervals_of(split))

    def prepare(self, seq_len: int) -> list[str]:
        """Measure in windows of `seq_len` from now on.

        Raises:
            HyenaDNAError: nothing is held out, or there is nothing to train on.
        """
        self.seq_len = seq_len
        too_short, of = self.check(seq_len), len(self.intervals_of("train"))
        short = f"{len(too_short)} of {of} training intervals are too short for the longest window"
        return [f"{short} {TOO_SHORT[self.windows]}."] if too_short else []

    def model(self, language_model: Any) -> Any:
        return language_model

    def report(self, model: Any, folder: Any, config: Any) -> str:
        """Bits per base of the held-out part, beside Markov models fitted on the training part."""
        from hyenadna_core.tasks.held_out import (
            best_markov,
            held_out_json,
            held_out_likelihood,
            held_out_table,
            markov_likelihoods,
        )
        from hyenadna_core.training.curves import draw_curves

        windows = self.held_out_windows(self.seq_len, EVALUATED_BASES)
        batch_size = max(1, self.evaluation_bases // self.seq_len)
        result = held_out_likelihood(model, self, windows, self.seq_len, batch_size)
        strands = markov_likelihoods(self.genome, self.intervals_of("train"), windows, self.reverse_complements)
        folder.write_run(folder.read_run() | {"held_out": held_out_json(result, strands)})
        levels = [(f"{config.preset}, held-out", result.bits), best_markov(strands)]
        draw_curves(folder.path / "curves.png", folder.read_log(), config.stages, levels, in_bits=True)
        return held_out_table(config.preset, result, strands, windows)

    @property
    def held_out_split(self) -> str:
        """The split that the figure at the end is measured on: valid, or test where there is no valid."""
        return "valid" if self.intervals_of("valid") else "test"

    def intervals_of(self, split: str) -> list[Interval]:
        return [interval for interval in self.intervals if interval.split == split]

    def check(self, seq_len: int) -> list[Interval]:
        """The training intervals that are too short for a window of `seq_len` targets; the original extends those.

        Raises:
            HyenaDNAError: nothing is held out, or there is nothing to train on.
        """
        if not self.intervals_of(self.held_out_split):
            raise HyenaDNAError("Nothing is held out: mark some intervals valid or test in column 4 of the BED.")
        train = self.intervals_of("train")
        if max(len(interval) for interval in train) < 2:
            raise HyenaDNAError(f"No sequence of {self.genome.path} to train on has two bases: nothing to predict.")
        needed = seq_len + 1 if self.windows == "random" else seq_len  # the last target is then [SEP]
        return [interval for interval in train if len(interval) < needed]

    def batch(self, draw: Draw) -> Batch:
        """Windows of the split: (B, L) ids, (B, L) targets, (B, L) weights."""
        return self._random_batch(draw) if self.windows == "random" else self._original_batch(draw)

    def _random_batch(self, draw: Draw) -> Batch:
        """Windows drawn evenly from all positions of the split; what is shorter than one comes whole, then padding."""
        random = draw.generator()
        width = draw.seq_len + 1  # the targets are the inputs moved on by one base
        windows = np.full((draw.batch_size, width), PAD, np.uint8)
        places = self._draw_places(random, draw, width)
        other_strand = random.random(draw.batch_size) < 0.5 if self.reverse_complements else np.zeros(len(places), bool)
        for row, (interval, place), other in zip(windows, places, other_strand, strict=True):
            start = interval.start + place if len(interval) >= width else interval.start
            end = min(start + width, interval.end)
            bases = self.genome.read(interval.chrom, start, end).tobytes().translate(STRANDS[bool(other)])
            row[: end - start] = np.frombuffer(bases, np.uint8)[:: -1 if other else 1]
        return next_base_batch(windows.astype(np.int32))

    def _draw_places(self, random: np.random.Generator, draw: Draw, width: int) -> list[tuple[Interval, int]]:
        """For each window its interval, and the number of its place among those that the interval has."""
        names = list(self.weights)
        if len(names) == 1:
            of_row = np.zeros(draw.batch_size, int)
        else:
            share = np.array([self.weights[name] for name in names])
            of_row = random.choice(len(names), size=draw.batch_size, p=share / share.sum())
        found: list[tuple[Interval, int]] = [None] * draw.batch_size  # type: ignore[list-item]
        for number, name in enumerate(names):
            rows = np.flatnonzero(of_row == number)
            if len(rows) == 0:
                continue
            intervals, places_until = self.places(draw.split, width, name)
            drawn = random.integers(places_until[-1], size=len(rows))
            for row, place, index in zip(rows, drawn, np.searchsorted(places_until, drawn, side="right"), strict=True):
                found[row] = intervals[index], int(place - (places_until[index - 1] if index else 0))
        return found

    def _original_batch(self, draw: Draw) -> Batch:
        """Intervals of the split by draw, each as the original cuts, ends and pads it; every target bears weight."""
        random = draw.generator()
        intervals = self.intervals_of(draw.split)
        rows = random.integers(len(intervals), size=draw.batch_size)
        other_strand = (random.random(draw.batch_size) < 0.5) & self.reverse_complements
        max_length = draw.seq_len + 1  # of which the last is [SEP]
        ids = np.empty((draw.batch_size, max_length), np.int32)
        for row, (index, other) in enumerate(zip(rows, other_strand, strict=True)):
            ids[row] = window_ids(window_bases(self.genome, intervals[index], max_length, other), max_length)
        return Batch(ids[:, :-1], ids[:, 1:], np.ones((draw.batch_size, draw.seq_len), np.float32))

    def places(self, split: str, width: int, genome: str = "") -> tuple[list[Interval], np.ndarray]:
        """The intervals, and how many places for a window of `width` bases there are up to and with each.

        One shorter than the window has as many as it has bases, so that each base is drawn about as often as others.
        """
        key = (split, width, genome)
        if key not in self._places:
            of_genome = f"{genome}:" if genome else ""
            intervals = [interval for interval in self.intervals_of(split) if interval.chrom.startswith(of_genome)]
            lengths = [len(interval) for interval in intervals]
            places = [length - width + 1 if length >= width else length for length in lengths]
            self._places[key] = intervals, np.cumsum(places)
        return self._places[key]

    def evaluate(self, model: Any, split: str) -> dict[str, float]:
        """Bits per base and perplexity of a split.

        Raises:
            HyenaDNAError: nothing is marked so.
        """
        from hyenadna_core.tasks.held_out import held_out_likelihood

        windows = self.held_out_windows(self.seq_len, self.valid_bases, split)
        batch_size = max(1, self.evaluation_bases // self.seq_len)
        found = held_out_likelihood(model, self, windows, self.seq_len, batch_size)
        return {"bits": found.bits, "perplexity": found.perplexity}

    def held_out_windows(self, seq_len: int, most_bases: int, split: str | None = None) -> list[Interval]:
        """The held-out split in consecutive windows of seq_len + 1 bases that share one base with the next.

        So each base is predicted once, but for the first of an interval. Where the split has more than `most_bases`,
        windows spread evenly over it.
        """
        intervals = self.intervals_of(split or self.held_out_split)
        if not intervals:
            raise HyenaDNAError(f"No interval is marked {split}: mark some in column 4 of the BED.")
        windows_until = np.cumsum([-(-(len(interval) - 1) // seq_len) for interval in intervals])
        chosen = np.arange(windows_until[-1])
        if len(chosen) > (most := max(1, most_bases // seq_len)):
            chosen = np.linspace(0, len(chosen) - 1, most).round().astype(np.int64)
        windows = []
        for index, number in zip(np.searchsorted(windows_until, chosen, side="right"), chosen, strict=True):
            interval = intervals[index]
            start = interval.start + seq_len * int(number - (windows_until[index - 1] if index else 0))
            windows.append(Interval(interval.chrom, start, min(start + seq_len + 1, interval.end), interval.split))
        return windows

    def held_out_batches(self, windows: Sequence[Interval], seq_len: int, batch_size: int) -> Iterator[Batch]:
        """The windows in batches of the shape (batch_size, seq_len); what the last of them lack is padding."""
        table = TO_ID[WINDOWS[self.windows]]
        for first in range(0, len(windows), batch_size):
            ids = np.full((batch_size, seq_len + 1), PAD, np.int32)
            for row, window in enumerate(windows[first : first + batch_size]):
                ids[row, : len(window)] = table[self.genome.read(window.chrom, window.start, window.end)]
            yield next_base_batch(ids)


def next_base_batch(windows: np.ndarray) -> Batch:
    """Windows of token ids, (B, L + 1), as inputs and targets (B, L); only A, C, G and T bear weight."""
    targets = windows[:, 1:]
    return Batch(windows[:, :-1], targets, ((targets >= A) & (targets <= T)).astype(np.float32))


def several(value: Any) -> tuple[Any, ...]:
    """One value, several or none; runs from before there could be several name one."""
    return () if value is None else tuple(value) if isinstance(value, (list, tuple)) else (value,)
