"""The splits of a run: their folds, and the probe of each."""

from collections.abc import Collection, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any

from hyenadna_biotype.figures import METRIC, WEIGHTED, read_probe
from hyenadna_biotype.folder import remove
from hyenadna_biotype.options import SPLITS
from hyenadna_biotype.selection import Selection
from hyenadna_core import HyenaDNAError, notice, probe_file, probe_folds

PROBE = ("probe.json", "predictions.tsv", "probe.png")  # of the folder of a split


def about(split: str, settings: Any) -> dict[str, Any]:
    """Return the settings of a split, which probe.json keeps."""
    names = ("folds", "block_size", "trees", "seed")
    return {"split": split} | {name: getattr(settings, name) for name in names}


def is_finished(folder: Path, vectors: Path, settings: Any) -> bool:
    """Return whether the folder of a split has all files, of these settings and vectors.

    Raises:
        HyenaDNAError: its probe.json is damaged.
    """
    if not vectors.exists() or not all((folder / name).exists() for name in PROBE):
        return False
    probe = read_probe(folder)
    if probe["settings"] != about(folder.name, settings):
        return False
    return bool(probe["inputs"]["vectors"]["sha256"] == sha256(vectors))


def sha256(path: Path) -> str:
    """Return the checksum of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def divided(split: str, settings: Any, selection: Selection) -> Any:
    """Divide the genes into folds.

    Raises:
        HyenaDNAError: they cannot be divided in this way.
    """
    genes = selection.genes
    columns: dict[str, Sequence[str]] = {
        name: [str(getattr(gene, name)) for gene in genes] for name in ("chrom", "start", "end")
    }
    labels = [gene.biotype for gene in genes]
    return probe_folds(labels, columns, split, settings.folds, settings.block_size, settings.seed)


def folds_of(finished: Collection[str], settings: Any, selection: Selection) -> dict[str, Any]:
    """Return the folds of each split, which are None for a finished one.

    Splits that are not named are left out, with a line, if they cannot be made.

    Raises:
        HyenaDNAError: a split that is named, or each of them, cannot be made.
    """
    folds: dict[str, Any] = {}
    reasons: dict[str, HyenaDNAError] = {}
    for split in settings.splits or SPLITS:
        try:
            folds[split] = None if split in finished else divided(split, settings, selection)
        except HyenaDNAError as error:
            if settings.splits:
                raise
            reasons[SPLITS[split]] = error
    if not folds:
        ways = (f"{way[0].upper()}{way[1:]}: {reason}" for way, reason in reasons.items())
        raise HyenaDNAError(f"No split can be made. {' '.join(ways)}")
    for way, reason in reasons.items():
        notice(f"Left out the split {way}: {reason}")
    return folds


def probe_split(folder: Path, files: Sequence[Path], folds: Any, settings: Any, trees: Any, kmers: Any) -> Any:
    """Probe vectors on the folds of a split, and return the counts of k-mers for the next split.

    `files` are the vectors, genes.tsv and genes.fa; `kmers` are the counts, or None.
    """
    vectors, genes, sequences = files
    remove(folder, PROBE)  # a stop between two files would leave an old one beside a new one
    notice(f"Probe: genes held out {SPLITS[folder.name]}")
    probed = probe_file(
        vectors,
        genes,
        label_column="biotype",
        kind="classes",
        folds=folds,
        models=("linear", trees),
        sequences=sequences,
        kmers=kmers,
        baselines={"length": ["log_length"]},
        metrics=[METRIC],
        compared_by=WEIGHTED,
        seed=settings.seed,
        out=folder,
        settings=about(folder.name, settings),
    )
    return probed.kmers
