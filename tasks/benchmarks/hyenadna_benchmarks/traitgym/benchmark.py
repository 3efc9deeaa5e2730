"""Run TraitGym on a file of variants: score, divide into blocks, measure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_benchmarks.kept_parts import KeptParts
from hyenadna_benchmarks.traitgym.figures import average_precision, block_rows, random_order, summary_rows
from hyenadna_benchmarks.traitgym.probe import features, probe
from hyenadna_benchmarks.traitgym.scores import PART, all_scores
from hyenadna_benchmarks.traitgym.variants import BLOCK, LabelledVariants, block_names, counts_of
from hyenadna_core import HyenaDNAError, model_sha256, notice

PROBE = "LogisticRegression"
KEPT = "scores"  # the folder of kept scores, in that of the results


@dataclass(frozen=True)
class Result:
    """The measurements of a run.

    Args:
        rows: a row for each block.
        summary: a row for each score.
        scores: the scores of the m variants that have one: (m,) by name; higher is more causal.
        blocks: the block of each of the m variants.
        notes: sentences for the report.
    """

    rows: Sequence[Mapping[str, Any]]
    summary: Sequence[Mapping[str, Any]]
    scores: Mapping[str, np.ndarray]
    blocks: np.ndarray
    notes: Sequence[str]


def run_traitgym(
    model: Any,
    genome: Any,
    variants: LabelledVariants,
    *,
    window: int,
    block_size: int | None = None,
    pool: str = "last",
    seed: int = 0,
    folder: Path | None = None,
    backend: str = "",
) -> Result:
    """Score the variants that can have a score, and measure how each score finds the causal ones.

    Args:
        block_size: bases of a block; None for whole chromosomes, or 5 Mb if there is only one.
        folder: keeps the scores, so that a stopped run goes on.

    Raises:
        HyenaDNAError: no variant is positive or negative, all are in one block, or the folder has
            the scores of other variants, weights or settings.
    """
    is_scored = variants.scored
    labels = variants.labels[is_scored]
    _check_classes(labels)
    used = [each for each, keep in zip(variants.variants, is_scored, strict=True) if keep]
    blocks, unit, notes = _blocks(variants, block_size, genome)
    blocks = blocks[is_scored]
    names = block_names(blocks, genome)
    _check_blocks(names, blocks, labels, block_size or BLOCK)
    text = repr([tuple(each) for each in used]).encode()
    job = {"runner": "traitgym", "variants": sha256(text).hexdigest(), "fasta": genome.sha256}
    job |= {"weights": model_sha256(model), "window": window, "pool": pool, "part": PART, "backend": backend}
    parts = KeptParts(folder and folder / KEPT, job)
    arrays = all_scores(parts, model, genome, used, window, pool)
    if parts.reused:
        notice(f"{parts.reused:,} parts of {PART} variants were there already, in {parts.folder}.")
    scores = {"LLR.minus": -arrays["LLR"], "absLLR.plus": np.abs(arrays["LLR"])}
    scores |= {f"{name}.plus": arrays[name] for name in ("euclidean_distance", "cosine_distance")}
    scores["inner_product.minus"] = -arrays["inner_product"]
    probed = probe(features(arrays["LLR"], arrays["inner_products"]), labels, blocks)
    if probed is None:
        notes.append(f"{PROBE} needs three blocks, with variants of both classes outside of each: it is left out.")
    else:
        scores[PROBE] = probed
    scores |= {f"{name}.minus": -values[is_scored] for name, values in variants.distances.items()}
    rows = block_rows(blocks, names, labels, scores)
    random_rows = block_rows(blocks, names, labels, scores, random_order)
    used_rows = [row for row in rows if row["chance"] is not None]
    overall = {"chance": float(labels.mean()), "random_order": random_order(labels, np.arange(len(labels)))}
    overall |= {name: average_precision(labels, values) for name, values in scores.items()}
    notes += _notes(variants, rows, used_rows, unit)
    return Result(rows, summary_rows(rows, random_rows, overall, seed), scores, blocks, notes)


def _check_classes(labels: np.ndarray) -> None:
    for kind, count in (("positive", int(labels.sum())), ("negative", int((~labels).sum()))):
        if not count:
            raise HyenaDNAError(
                f"None of the {len(labels):,} variants with a score is {kind}: AUPRC needs both, so check the labels "
                "and --positive."
            )


def _blocks(variants: LabelledVariants, size: int | None, genome: Any) -> tuple[np.ndarray, str, list[str]]:
    """Return the block of each variant, the unit of blocks, and a note about the choice."""
    if size is not None:
        return variants.blocks(size, genome), f"blocks of {size:,} bases", []
    chromosomes = variants.blocks(None, genome)
    if len(np.unique(chromosomes[variants.scored])) > 1:
        return chromosomes, "chromosomes", []
    note = f"All variants are on one chromosome: blocks of {BLOCK:,} bases stand in for chromosomes."
    return variants.blocks(BLOCK, genome), f"blocks of {BLOCK:,} bases", [note]


def _check_blocks(names: Sequence[str], blocks: np.ndarray, labels: np.ndarray, size: int) -> None:
    if len(names) < 2:
        raise HyenaDNAError(
            f"All {len(labels):,} variants are in the block {names[0]}, and a standard error needs two: give a "
            f"--block-size below {size:,}."
        )
    usable = [name for name in names if len(np.unique(labels[blocks == name])) == 2]
    if len(usable) < 2:
        raise HyenaDNAError(
            f"{len(usable):,} of {len(names):,} blocks have positive and negative variants, and a standard error "
            "needs two: give another --block-size."
        )


def _notes(variants: LabelledVariants, rows: Sequence[Any], used_rows: Sequence[Any], unit: str) -> list[str]:
    """Return sentences about the variants and blocks that count, and those that do not."""
    n, positives = sum(row["n"] for row in rows), sum(row["positives"] for row in rows)
    notes = [f"{n:,} variants have a score, {positives:,} positive, in {len(rows):,} {unit}."]
    if without := len(variants.variants) - n:
        notes.append(f"{without:,} variants have no score and do not count: {counts_of(variants)}.")
    for name, count in variants.incomplete.items():
        notes.append(f"{name} is left out: {count:,} of the variants with a score have no number there.")
    if variants.other_labels:
        others = ", ".join(f"{label} {count:,}" for label, count in variants.other_labels.items())
        notes.append(f"Rows with other labels do not count: {others}.")
    if repeated := n - len({each[:4] for each, ok in zip(variants.variants, variants.scored, strict=True) if ok}):
        notes.append(f"{repeated:,} variants stand in the file more than once: each row counts.")
    if left := len(rows) - len(used_rows):
        count = n - sum(row["n"] for row in used_rows)
        notes.append(
            f"{left:,} blocks with {count:,} variants have one class only: they have no AUPRC, and do not count."
        )
    return notes
