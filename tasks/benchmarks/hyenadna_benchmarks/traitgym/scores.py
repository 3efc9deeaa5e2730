"""Scores of variants under a language model, as TraitGym defines them for HyenaDNA.

LLR is log P of the window with ALT minus that with REF, the mean of both strands. The vector of an
allele is the last hidden state of the last base of its window; the distance of both vectors is
computed on each strand, and the mean counts. The variant is at the base window // 2.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from hyenadna_benchmarks.kept_parts import Arrays, KeptParts
from hyenadna_core import Variant, progress

PART = 256  # variants that are kept together
BASES_AT_ONCE = 1 << 15
STRANDS = "+-"
DISTANCES = ("euclidean_distance", "cosine_distance", "inner_product")
ARRAYS = ("LLR", *DISTANCES, "inner_products")


def all_scores(
    parts: KeptParts, model: Any, genome: Any, variants: Sequence[Variant], window: int, pool: str
) -> dict[str, np.ndarray]:
    """Score all variants, part by part: LLR and distances (n,), inner_products (n, D)."""
    arrays = []
    with progress("Scoring variants", len(variants)) as advance:
        for number, first in enumerate(range(0, len(variants), PART)):
            some = variants[first : first + PART]
            arrays.append(parts.part(f"part-{number:05d}", ARRAYS, partial(score, model, genome, some, window, pool)))
            advance(len(some))
    return {name: np.concatenate([each[name] for each in arrays]) for name in arrays[0]}


def score(model: Any, genome: Any, variants: Sequence[Variant], window: int, pool: str = "last") -> Arrays:
    """Return the LLR, the distances and the inner products by channel of some variants."""
    from hyenadna_core import embed, score_variants

    at_once = max(1, BASES_AT_ONCE // window)
    llr = score_variants(model, genome, variants, window=window, batch_size=at_once)
    pairs = [haplotypes(genome, variant, window) for variant in variants]
    values = {name: np.zeros(len(pairs)) for name in DISTANCES}
    products: Any = 0.0
    for strand in STRANDS:
        ref, alt = (
            embed(model, side, pool=pool, strand=strand, window=window, batch_size=at_once).astype(np.float64)
            for side in zip(*pairs, strict=True)
        )
        product = ref * alt
        inner = product.sum(axis=1)
        values["inner_product"] += inner / len(STRANDS)
        values["euclidean_distance"] += np.linalg.norm(ref - alt, axis=1) / len(STRANDS)
        lengths = np.linalg.norm(ref, axis=1) * np.linalg.norm(alt, axis=1)
        values["cosine_distance"] += (1 - inner / np.maximum(lengths, np.finfo(float).tiny)) / len(STRANDS)
        products = products + product / len(STRANDS)
    return {"LLR": llr, **values, "inner_products": products}


def haplotypes(genome: Any, variant: Variant, window: int) -> tuple[bytes, bytes]:
    """Return the window with REF and with ALT; both begin and end at the same base of the genome.

    The variant has window // 2 bases before it, or fewer at the end of a contig. The window of the
    longer allele has `window` bases.
    """
    before = window // 2
    after = window - before - max(len(variant.ref), len(variant.alt))
    end = variant.start + len(variant.ref)
    left = genome.read(variant.chrom, max(0, variant.start - before), variant.start).tobytes()
    right = genome.read(variant.chrom, end, min(genome.contigs[variant.chrom], end + after)).tobytes()
    return left + variant.ref.encode() + right, left + variant.alt.encode() + right
