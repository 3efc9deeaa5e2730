"""Run `hyenadna biotype` in a folder: genes, vectors, a probe for each split, a report."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from hyenadna_biotype.figures import f1_rows, figure_rows, read_probe
from hyenadna_biotype.folder import (
    check_vectors,
    claim_folder,
    locked_folder,
    read_settings,
    remove,
    renew_vectors,
    write_settings,
)
from hyenadna_biotype.genes import read_annotation
from hyenadna_biotype.genome import GenomeFiles
from hyenadna_biotype.options import SPLITS
from hyenadna_biotype.pictures import draw_map
from hyenadna_biotype.report import WEIGHTS, write_report, write_rows
from hyenadna_biotype.selection import Selection, Wanted, select
from hyenadna_biotype.splits import PROBE, folds_of, is_finished, probe_split, sha256
from hyenadna_biotype.trees import boosted_trees
from hyenadna_core import (
    HyenaDNAError,
    check_backend,
    check_outputs,
    embed_file,
    file_written_aside,
    find_preset,
    notice,
    read_weights,
)

FILES = GENES, SEQUENCES, VECTORS, FIGURES, REPORT, MAP = (
    "genes.tsv",
    "genes.fa",
    "vectors.npz",
    "figures.tsv",
    "report.md",
    "tsne.png",
)
RANDOM, PARTS = "random.safetensors", f"{VECTORS}.parts"
RESULTS = (FIGURES, REPORT, MAP, *(f"{split}/{name}" for split in SPLITS for name in PROBE))
OF_VECTORS = ("weights", "preset", "window", "overlap")  # the checksum of genes covers the files
LINE = 80  # bases of a line of the FASTA


@dataclass(frozen=True)
class Settings:
    """What a run does; `preset` names the shape of random weights."""

    gtf: Path
    fasta: Sequence[Path]
    wanted: Wanted
    weights: str | None = None
    preset: str | None = None
    window: int | None = None
    overlap: int = 0
    splits: Sequence[str] = ()
    folds: int = 5
    block_size: int = 5_000_000
    trees: str = "scikit-learn"
    seed: int = 0
    batch_size: int | None = None


@dataclass(frozen=True)
class Result:
    """The rows of figures.tsv, and the files that were written."""

    rows: Sequence[Mapping[str, Any]]
    files: Sequence[Path]


def run_biotype(session: Any, settings: Settings, out: Path) -> Result:
    """Run all steps which the folder does not have yet.

    Raises:
        HyenaDNAError: a file is faulty, or the folder has results of other settings.
    """
    trees = boosted_trees(settings.trees)
    check_weights(settings)
    check_outputs([out / name for name in FILES], [settings.gtf, *settings.fasta])
    genome = GenomeFiles(settings.fasta)
    selection = select(read_annotation(settings.gtf), genome, settings.wanted)
    for line in selection.lines:
        notice(line)
    files = [out / name for name in (VECTORS, GENES, SEQUENCES)]
    with locked_folder(out):
        claim_folder(out, [*FILES, RANDOM, PARTS, *SPLITS])
        weights = settled_weights(session, settings, selection, out)
        finished = [split for split in settings.splits or SPLITS if is_finished(out / split, out / VECTORS, settings)]
        folds = folds_of(finished, settings, selection)  # before what takes long
        if not all((out / name).exists() for name in (GENES, SEQUENCES)):
            write_genes(out, selection, genome)
        if (out / VECTORS).exists():
            notice(f"{out / VECTORS} is there already.")
        else:
            embed_file(
                session,
                out / SEQUENCES,
                out / VECTORS,
                weights=weights,
                window=settings.window,
                overlap=settings.overlap,
                strand="+",  # the sequences are on the strands of the genes
                batch_size=settings.batch_size,
                resume=(out / PARTS).exists(),
            )
        kmers = None  # are counted once
        for split, of_split in folds.items():
            if of_split is None:
                notice(f"{out / split} is there already.")
            else:
                kmers = probe_split(out / split, files, of_split, settings, trees, kmers)
        return write_results(out, list(folds), settings, selection)


def check_weights(settings: Settings) -> None:
    """Check that the weights, or the preset of random ones, exist.

    Raises:
        HyenaDNAError: they do not.
    """
    if settings.preset is None:
        read_weights(settings.weights or WEIGHTS)
    else:
        find_preset(settings.preset)


def settled_weights(session: Any, settings: Settings, selection: Selection, out: Path) -> str:
    """Return the source of the weights, when the settings of the vectors are those of the folder.

    Without vectors, the folder gets these settings, and loses the results of others.

    Raises:
        HyenaDNAError: the folder has vectors of other settings.
    """
    numbers = numbers_of(settings, selection)
    is_new = not any((out / name).exists() for name in (VECTORS, PARTS))
    if is_new:  # nothing that took long is there
        remove(out, (GENES, SEQUENCES, RANDOM))
    else:
        check_vectors(out, numbers)
    weights = weights_of(session, settings, out)
    numbers["weights_sha256"] = sha256(read_weights(weights).path)
    if is_new:
        renew_vectors(out, numbers, RESULTS)
    else:
        check_vectors(out, numbers)
    return weights


def weights_of(session: Any, settings: Settings, out: Path) -> str:
    """Return the source of the weights; random ones are written into the folder."""
    if settings.preset is None:
        return settings.weights or WEIGHTS
    path = out / RANDOM
    if not path.exists():
        check_backend(session.backend)
        from hyenadna_core import CausalLM, HyenaBackbone, save

        config = find_preset(settings.preset).hyena_config
        save(CausalLM(HyenaBackbone(**config.of_backbone | {"seed": settings.seed}), config.tie_embeddings), path)
    return str(path)


def numbers_of(settings: Settings, selection: Selection) -> dict[str, Any]:
    """Return what the vectors depend on beside the checksum of the weights, as JSON holds it."""
    numbers = {name: getattr(settings, name) for name in OF_VECTORS} | asdict(settings.wanted)
    numbers["weights"] = settings.weights or (None if settings.preset else WEIGHTS)
    if settings.preset:
        numbers["seed"] = settings.seed
    kept: dict[str, Any] = json.loads(json.dumps(numbers | {"genes": selection.sha256}))
    return kept


def write_genes(out: Path, selection: Selection, genome: GenomeFiles) -> None:
    """Write the sequences of the genes, then a table with their labels and places."""
    with file_written_aside(out / SEQUENCES) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        for gene in selection.genes:
            text = genome.sequence(gene).decode("ascii")
            lines = (text[start : start + LINE] for start in range(0, len(text), LINE))
            file.write(f">{gene.name}\n" + "".join(f"{line}\n" for line in lines))
    rows = []
    for gene in selection.genes:
        length = selection.lengths[gene.name]
        row = {"name": gene.name, "biotype": gene.biotype, "chrom": gene.chrom, "start": gene.start, "end": gene.end}
        rows.append(row | {"strand": gene.strand, "gene_length": length, "log_length": float(np.log(length))})
    write_rows(out / GENES, rows)


def write_results(out: Path, splits: Sequence[str], settings: Settings, selection: Selection) -> Result:
    """Write figures.tsv, the map and the report."""
    probes = {split: read_probe(out / split) for split in splits}
    rows = [row for split, probe in probes.items() for row in figure_rows(split, probe)]
    write_rows(out / FIGURES, rows)
    names = list(selection.counts)
    window = json.loads(str(arrays_of(out / VECTORS, ["settings"])["settings"]))["window"]
    draw_if_new(out, settings, selection)
    by_biotype = {split: f1_rows(out / split, names) for split in splits}
    write_report(out / REPORT, settings, window, selection, probes, rows, by_biotype)
    files = [out / name for name in FILES] + [out / split / name for split in splits for name in PROBE]
    return Result(rows, files)


def draw_if_new(out: Path, settings: Settings, selection: Selection) -> None:
    """Draw the map, unless it is there with these vectors and this seed."""
    kept, of_map = read_settings(out), {"vectors_sha256": sha256(out / VECTORS), "seed": settings.seed}
    if (out / MAP).exists() and kept.get("map") == of_map:
        return
    arrays = arrays_of(out / VECTORS, ["names", "mean"])
    vectors = dict(zip(arrays["names"].tolist(), arrays["mean"], strict=True))
    of_genes = np.array([vectors[gene.name] for gene in selection.genes])
    draw_map(out / MAP, of_genes, [gene.biotype for gene in selection.genes], list(selection.counts), settings.seed)
    write_settings(out, kept | {"map": of_map})


def arrays_of(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Read arrays of the vectors.

    Raises:
        HyenaDNAError: the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except (OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, BadZipFile, zlib.error):
        raise HyenaDNAError(f"{path} is damaged: remove it, and run the same command again.") from None
