"""The task `causal-lm`: predict each base of a genome from the bases before it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.input import InputPath
from hyenadna_core.genome.fasta import Genome, bundled_genome, open_genome
from hyenadna_core.genome.intervals import Interval, read_bed, shared_bases, split_by_position
from hyenadna_core.genome.joined import JoinedGenomes
from hyenadna_core.task import Batch, Draw, LanguageModel, Model, Run, RunSettings, Task
from hyenadna_core.tasks.genome_windows import (
    Places,
    batches_of_windows,
    consecutive_windows,
    original_batch,
    random_batch,
)
from hyenadna_core.tasks.held_out import (
    best_markov,
    held_out_json,
    held_out_likelihood,
    held_out_table,
    markov_likelihoods,
)
from hyenadna_core.terminal import notice
from hyenadna_core.tokens import TO_ID, A, T

WINDOWS = {"random": "default", "original": "original"}  # kinds of windows, and the encoding of each
READ_AT_ONCE = 1 << 20  # bases
EVALUATED_BASES = 1 << 21  # most bases of the held-out part that are measured when a run ends
TOO_SHORT = {
    "random": "and are padded on the right",
    "original": "and are extended by the bases around them, which may be held out",
}
PATH = InputPath()
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
        help="How often windows come from each FASTA, in proportion.  [default: by number of windows]",
    ),
    click.Option(
        ["--windows"],
        type=click.Choice(list(WINDOWS)),
        default="random",
        show_default=True,
        help="Windows at random positions of the intervals, or one window for each interval, as in the original.",
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
        help="Largest number of bases that a validation measures.",
    ),
)


class CausalLMTask(Task):
    """Predict each base of a genome from the bases before it.

    Args:
        genome, intervals: the source of windows; training windows come from intervals of the split
            "train".
        reverse_complements: whether half of the windows are read from the other strand.
        windows: "random": windows at any position of the intervals; only A, C, G and T count in the
            loss. "original": one window for each interval, as in the original; all targets count.
        seq_len, valid_bases: length of a window of `evaluate`, and most bases in all.
        weights: how often windows come from each genome, in proportion, if several genomes are
            joined; the names of their contigs begin with the name of the genome and a colon. By
            default windows are drawn evenly from all places.
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
        self._places: dict[tuple[str, int], dict[str, Places]] = {}

    @classmethod
    def from_options(cls, options: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> "CausalLMTask":
        """Make the task on the genomes that the options name.

        Raises:
            HyenaDNAError: a file cannot be read, or an option is not given once for each genome.
        """
        given = {name: tuple(options.get(name) or ()) for name in ("fasta", "bed", "fasta_weight")}
        paths = given["fasta"] or (bundled_genome(),)
        for name in ("bed", "fasta_weight"):
            if given[name] and len(given[name]) != len(paths):
                option = name.replace("_", "-")
                raise HyenaDNAError(
                    f"{len(given[name])} --{option} for {len(paths)} --fasta: give one for each, or none."
                )
        genomes = [open_genome(path) for path in paths]
        intervals = [
            read_bed(bed, genome) if bed else split_by_position(genome)
            for bed, genome in zip(given["bed"] or (None,) * len(genomes), genomes, strict=True)
        ]
        windows, both = options.get("windows", "random"), options.get("reverse_complements")
        rest = {"valid_bases": options["valid_bases"]} if "valid_bases" in options else {}
        both = windows == "random" if both is None else both
        if len(genomes) == 1:
            return cls(genomes[0], intervals[0], both, windows, **rest)
        joined = JoinedGenomes(genomes)
        weights = dict(zip(joined.names, given["fasta_weight"], strict=True)) if given["fasta_weight"] else None
        return cls(joined, joined.join(intervals), both, windows, weights=weights, **rest)

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
        """Set the length of the windows of `evaluate`.

        Raises:
            HyenaDNAError: nothing is held out, there is nothing to train on, or one of them has no
                base that counts.
        """
        self.seq_len = seq_len
        too_short, intervals = self.check(seq_len), len(self.intervals_of("train"))
        windows = self.held_out_windows(seq_len, EVALUATED_BASES)
        self.check_bases(f"{self.held_out_split} part", windows, 1)
        if self.windows == "random":
            self.check_bases("training part", self.intervals_of("train"), 0)
        short = f"{len(too_short)} of {intervals} training intervals are too short for the longest window"
        shared = {split: shared_bases(self.intervals, "train", split) for split in ("valid", "test")}
        return [f"{short} {TOO_SHORT[self.windows]}."] * bool(too_short) + [
            f"{count:,} bases lie in intervals of both train and {split}: the figures of {split} include them."
            for split, count in shared.items()
            if count
        ]

    def model(self, language_model: LanguageModel) -> Model:
        return language_model

    def report(self, model: Model, folder: Run, config: RunSettings) -> str:
        """Measure the held-out part, compared with Markov models fitted on the training part."""
        from hyenadna_core.training.curves import draw_run

        windows = self.held_out_windows(self.seq_len, EVALUATED_BASES)
        result = held_out_likelihood(model, self, windows, self.seq_len, self._batch_size)
        strands = markov_likelihoods(self.genome, self.intervals_of("train"), windows, self.reverse_complements)
        folder.write_run(folder.read_run() | {"held_out": held_out_json(result, strands)})
        levels = [(f"{config.preset}, held-out", result.bits), best_markov(strands)]
        draw_run(folder, config.stages, self, levels)
        return held_out_table(config.preset, result, strands, windows)

    @property
    def held_out_split(self) -> str:
        """The split that is measured when a run ends: valid, or test if there is no valid."""
        return "valid" if self.intervals_of("valid") else "test"

    def intervals_of(self, split: str) -> list[Interval]:
        return [interval for interval in self.intervals if interval.split == split]

    def check(self, seq_len: int) -> list[Interval]:
        """Return the training intervals that are too short for a window of `seq_len` targets.

        Raises:
            HyenaDNAError: nothing is held out, or there is nothing to train on.
        """
        if not self.intervals_of(self.held_out_split):
            raise HyenaDNAError("Nothing is held out: mark some intervals valid or test in column 4 of the BED.")
        train = self.intervals_of("train")
        if max(len(interval) for interval in train) < 2:
            raise HyenaDNAError(
                f"No training sequence of {self.genome.path} has two bases: there is nothing to predict."
            )
        needed = seq_len + 1 if self.windows == "random" else seq_len  # the last target is then [SEP]
        return [interval for interval in train if len(interval) < needed]

    def check_bases(self, part: str, intervals: Sequence[Interval], first: int) -> None:
        """Check that intervals have a base that counts, from the base number `first` of each on.

        Raises:
            HyenaDNAError: there is none.
        """
        table = TO_ID[WINDOWS[self.windows]]
        for interval in intervals:
            for start in range(interval.start + first, interval.end, READ_AT_ONCE):
                bases = table[self.genome.read(interval.chrom, start, min(start + READ_AT_ONCE, interval.end))]
                if ((bases >= A) & (bases <= T)).any():
                    return
        raise HyenaDNAError(f"The {part} of {self.genome.path} has no A, C, G or T: choose other intervals with --bed.")

    def batch(self, draw: Draw) -> Batch:
        """Return windows of a split: (B, L) ids, (B, L) targets, (B, L) weights."""
        if self.windows == "original":
            return original_batch(self.genome, draw, self.intervals_of(draw.split), self.reverse_complements)
        key = draw.split, draw.seq_len + 1
        if key not in self._places:
            intervals = self.intervals_of(draw.split)
            self._places[key] = {name: Places.of(intervals, draw.seq_len + 1, name) for name in self.weights}
        return random_batch(self.genome, draw, self._places[key], self.weights, self.reverse_complements)

    def evaluate(self, model: Model, split: str) -> dict[str, float]:
        """Measure bits per base and perplexity of a split.

        Raises:
            HyenaDNAError: no interval has this split.
        """
        windows = self.held_out_windows(self.seq_len, self.valid_bases, split)
        result = held_out_likelihood(model, self, windows, self.seq_len, self._batch_size)
        if not result.bases:
            notice(f"None of the bases of {split} that were measured is A, C, G or T: its figures are not defined.")
        return {"bits": result.bits, "perplexity": result.perplexity}

    @property
    def _batch_size(self) -> int:
        return max(1, self.evaluation_bases // self.seq_len)

    def held_out_windows(self, seq_len: int, most_bases: int, split: str | None = None) -> list[Interval]:
        """Return consecutive windows of the held-out split, or of `split`, spread evenly over it.

        Raises:
            HyenaDNAError: no interval has this split.
        """
        intervals = self.intervals_of(split or self.held_out_split)
        if not intervals:
            raise HyenaDNAError(f"No interval is marked {split}: mark some in column 4 of the BED.")
        return consecutive_windows(intervals, seq_len, most_bases)

    def held_out_batches(self, windows: Sequence[Interval], seq_len: int, batch_size: int) -> Iterator[Batch]:
        """Yield the windows in batches of the shape (batch_size, seq_len); the last is padded."""
        return batches_of_windows(self.genome, windows, seq_len, batch_size, WINDOWS[self.windows])
