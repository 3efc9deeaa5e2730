r"""Print how fast variants are scored and tracks are computed, beside whole forward passes.

    KERAS_BACKEND=jax python docs/experiments/genome_speed.py chr20.fa.gz chr20 score
    KERAS_BACKEND=jax python docs/experiments/genome_speed.py chr20.fa.gz chr20 track-1k --pairs 10

- score: isolated substitutions in windows of 1,024 bases, the weights in the package; beside two
  whole passes for each strand and variant.
- snap: a substitution every 100 bases, `--snap`, windows of 16,384 bases, new weights of the shape
  of tiny-16k-d128; beside the same.
- track-1k, track-16k: windows of 1,024 bases with a context of 512, and 16,384 with 4,096, one
  strand; beside whole passes of the same windows.
- embed-1k, embed-mixed: mean vectors of sequences of 1,024 bases, or of 100 to 1,024, one strand;
  beside hidden states of as many bases in windows of 1,024.

With `--exact N`, snap prints how far N of the scores, and those of whole passes, are from the
float64 definition of the model.

Both sides run in turn. The first run of each, in which JAX compiles, does not count.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from scipy.special import log_softmax

from hyenadna_backends.blocks import backend
from hyenadna_backends.forward import without_gradients
from hyenadna_core import CausalLM, definition, embed
from hyenadna_core.genome.fasta import Genome, open_genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.genome.variants import ACGT, Variant, bases_of
from hyenadna_core.inference.model import windows_at_once
from hyenadna_core.inference.options import DEFAULT_WEIGHTS
from hyenadna_core.inference.score import GRID, place, variant_scores
from hyenadna_core.inference.track import track_values
from hyenadna_core.inference.windows import BASES, Window, log_p_of_bases, padded, predictions, read_window
from hyenadna_core.model.spectra import forward
from hyenadna_core.tokens import encode, reverse_complement
from hyenadna_core.weights.state_dict import state_dict

LONG = 16_384
OTHER = dict(zip("ACGT", "CGTA", strict=True))
Side = Callable[[], Any]


def substitutions(genome: Genome, chrom: str, positions: Iterable[int]) -> list[Variant]:
    """Return A>C, C>G, G>T or T>A at each position that is no N."""
    variants = []
    for position in positions:
        ref = bases_of(genome, chrom, position, position + 1)
        if ref in ACGT:
            variants.append(Variant(chrom, position, ref, OTHER[ref]))
    return variants


def by_whole_passes(model: Any, genome: Genome, variants: Sequence[Variant], batch: int, **window: Any) -> np.ndarray:
    """Score substitutions by whole passes over both windows on both strands: (n,) float64."""
    rows = list(windows_of(genome, variants, **window))
    sums = []
    for first in range(0, len(rows), batch):
        some = rows[first : first + batch]
        predicted = predictions(model, forward(model.backbone, padded(some, window["window"], batch)))
        for one, row in zip(predicted, some, strict=False):
            sums.append(np.nansum(log_p_of_bases(one[: len(row)], row), dtype=np.float64))
    return differences(np.array(sums)[:, None])


def windows_of(genome: Genome, variants: Sequence[Variant], **window: Any) -> Iterator[np.ndarray]:
    """Yield four windows of each substitution: with REF and ALT, on the + and on the - strand."""
    for variant in variants:
        start, end = place(variant, genome.contigs[variant.chrom], **window)
        ref = read_window(genome, Window(variant.chrom, start, end))
        alt = ref.copy()
        alt[variant.start - start] = encode(variant.alt)[0]
        yield from (ref, alt, reverse_complement(ref), reverse_complement(alt))


def differences(values: np.ndarray) -> np.ndarray:
    """Return scores from the log-likelihoods of the four windows of each: (4 n, L) -> (n,)."""
    ref, alt, turned_ref, turned_alt = np.moveaxis(values.reshape(-1, 4, values.shape[-1]), 1, 0)
    scores: np.ndarray = (np.nansum(alt - ref, axis=-1) + np.nansum(turned_alt - turned_ref, axis=-1)) / 2
    return scores


def by_definition(model: Any, genome: Genome, variants: Sequence[Variant], **window: Any) -> np.ndarray:
    """Score substitutions by the float64 definition of the model: (n,) float64."""
    config, tensors = model.hyena_config, state_dict(model)
    values = []
    for ids in windows_of(genome, variants, **window):
        logits = definition.forward(tensors, ids[None, :-1], config.window_shift, config.filter_layout)[1]
        log_probs = log_softmax(logits[0], axis=-1)[:, BASES]
        values.append(log_p_of_bases(np.pad(log_probs, ((1, 0), (0, 0)), constant_values=np.nan), ids))
    return differences(np.stack(values))


def in_turn(sides: Sequence[Side], pairs: int) -> np.ndarray:
    """Return the seconds of each run: (sides, pairs)."""
    seconds = np.zeros((pairs + 1, len(sides)))
    for pair in range(pairs + 1):
        for number in range(len(sides)) if pair % 2 else reversed(range(len(sides))):
            started = time.perf_counter()
            sides[number]()
            seconds[pair, number] = time.perf_counter() - started
    return seconds[1:].T


def score_sides(genome: Genome, chrom: str, count: int) -> tuple[Side, Side, int]:
    """Return both sides for isolated substitutions, and their number."""
    model = CausalLM.from_preset(DEFAULT_WEIGHTS)
    step = genome.contigs[chrom] // count
    variants = substitutions(genome, chrom, range(step // 2, genome.contigs[chrom], step))
    return (*_scored(model, genome, variants, window=1_024, snap=False), len(variants))


def snap_sides(genome: Genome, chrom: str, count: int) -> tuple[Side, Side, int]:
    """Return both sides for substitutions every 100 bases, and their number.

    They are those of `count` steps of the grid of windows, from the middle of the contig on.
    """
    model, variants = dense(genome, chrom, count)
    return (*_scored(model, genome, variants, window=LONG, snap=True), len(variants))


def dense(genome: Genome, chrom: str, count: int) -> tuple[Any, list[Variant]]:
    """Return an untrained model, and substitutions 100 bases apart in `count` steps of the grid."""
    middle = genome.contigs[chrom] // 2 // LONG * LONG
    variants = substitutions(genome, chrom, range(middle, middle + count * LONG // GRID, 100))
    return CausalLM.from_preset("tiny-16k-d128", weights=None), variants


def print_errors(genome: Genome, chrom: str, count: int) -> None:
    """Print how far scores are from the float64 definition."""
    model, variants = dense(genome, chrom, 2)
    some = variants[:: max(1, len(variants) // count)][:count]
    window: dict[str, Any] = {"window": LONG, "snap": True}
    exact = by_definition(model, genome, some, **window)
    for name, scores in (
        ("scores", variant_scores(model, genome, some, batch_size=2, **window)),
        ("whole passes", by_whole_passes(model, genome, some, 2, **window)),
    ):
        print(f"{backend()}, {len(some)} {name}: at most {np.abs(scores - exact).max():.1e} nats from float64")


def _scored(model: Any, genome: Genome, variants: Sequence[Variant], **window: Any) -> tuple[Side, Side]:
    batch = windows_at_once(model.hyena_config, window["window"])

    def ours() -> np.ndarray:
        return variant_scores(model, genome, variants, batch_size=batch, **window)

    def other() -> np.ndarray:
        return by_whole_passes(model, genome, variants, batch, **window)

    print(f"largest difference of a score: {np.abs(ours() - other()).max():.1e} nats")
    return ours, other


def track_sides(
    genome: Genome, chrom: str, count: int, window: int, context: int, preset: str
) -> tuple[Side, Side, int]:
    """Return both sides for a track of `count` windows, and its bases."""
    model = CausalLM.from_preset(preset, weights="published" if preset == DEFAULT_WEIGHTS else None)
    step, batch = window - context, windows_at_once(model.hyena_config, window)
    start = genome.contigs[chrom] // 2 // step * step
    piece = Interval(chrom, start, start + count * step)
    places = [(first - context, first + step) for first in range(start, piece.end, step)]
    rows = [read_window(genome, Window(chrom, *edges)) for edges in places]

    def ours() -> np.ndarray:
        return track_values(model, genome, [piece], window=window, context=context, strand="+", batch_size=batch)

    def other() -> None:
        for first in range(0, count, batch):
            ids = padded(rows[first : first + batch], window, batch)
            ops.convert_to_numpy(model.head(forward(model.backbone, ids)))

    return ours, other, len(piece)


def embed_sides(genome: Genome, chrom: str, count: int, shortest: int) -> tuple[Side, Side, int]:
    """Return both sides for `count` sequences of `shortest` to 1,024 bases, and their bases."""
    model = CausalLM.from_preset(DEFAULT_WEIGHTS)
    first = genome.contigs[chrom] // 2
    lengths = np.exp(np.random.default_rng(0).uniform(np.log(shortest), np.log(1024), count)).round().astype(int)
    sequences = [
        genome.read(chrom, first + 1024 * row, first + 1024 * row + length) for row, length in enumerate(lengths)
    ]
    ids = encode(genome.read(chrom, first, first + lengths.sum() // 1024 * 1024)).reshape(-1, 1024)
    batch = windows_at_once(model.hyena_config, 1024)

    def ours() -> np.ndarray:
        return embed(model, sequences, strand="+", window=1024)

    def other() -> None:
        for row in range(0, len(ids), batch):
            ops.convert_to_numpy(forward(model.backbone, ids[row : row + batch]))

    return ours, other, int(lengths.sum())


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fasta", type=Path)
    parser.add_argument("chrom")
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--count", type=int, help="Variants, steps of the grid or windows.")
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--exact", type=int, metavar="N")
    arguments = parser.parse_args()
    if arguments.exact:
        with without_gradients():
            print_errors(open_genome(arguments.fasta), arguments.chrom, arguments.exact)
        return
    unit, count, sides_of = WHAT[arguments.what]
    with without_gradients():
        *sides, done = sides_of(open_genome(arguments.fasta), arguments.chrom, arguments.count or count)
        ours, other = in_turn(sides, arguments.pairs)
    ratios = other / ours
    print(
        f"{backend()} {arguments.what}: {done:,} {unit} in {np.median(ours):.2f} s, {done / np.median(ours):,.1f} a "
        f"second; whole passes {np.median(other):.2f} s; ratio {np.median(ratios):.2f} "
        f"[{ratios.min():.2f}, {ratios.max():.2f}]"
    )


# The unit, the default count, and the sides.
WHAT: dict[str, tuple[str, int, Callable[[Genome, str, int], tuple[Side, Side, int]]]] = {
    "score": ("variants", 256, score_sides),
    "snap": ("variants", 2, snap_sides),
    "track-1k": ("bases", 256, partial(track_sides, window=1_024, context=512, preset=DEFAULT_WEIGHTS)),
    "track-16k": ("bases", 16, partial(track_sides, window=LONG, context=4_096, preset="tiny-16k-d128")),
    "embed-1k": ("bases", 256, partial(embed_sides, shortest=1_024)),
    "embed-mixed": ("bases", 1024, partial(embed_sides, shortest=100)),
}

if __name__ == "__main__":
    main()
