"""Datasets by name: licence, source, and how to fetch their files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.cache import cache_folder
from hyenadna_core.genome.fasta import bundled_genome
from hyenadna_core.registry import by_name, session_plugins
from hyenadna_plugins import PluginError, Plugins, collect, isolated, reason_of


@dataclass(frozen=True)
class Dataset:
    """Published files under one name; a plug-in registers it with `register_datasets`.

    `source` is an address or a paper. `fetch(folder)` puts the missing files into the folder, which
    belongs to the dataset and is kept between runs. It returns the paths by split: "train",
    "valid", "test", or "genome" for a genome that is split by position. `task` names the task that
    the files are for. The other fields describe labelled sequences, and are listed if they are
    given: their number over all splits, the number of classes, the median length in bases, and the
    metric of the published figures.
    """

    name: str
    description: str
    licence: str
    source: str
    fetch: Callable[[Path], Mapping[str, Path]]
    task: str | None = None
    sequences: int | None = None
    classes: int | None = None
    median_length: int | None = None
    metric: str | None = None


DATASETS = (
    Dataset(
        name="ecoli-k12",
        description="The genome of Escherichia coli K-12 MG1655: one contig of 4,639,675 bases, in the package",
        licence="public",
        source="GenBank U00096.2; Blattner et al., Science 1997, doi.org/10.1126/science.277.5331.1453",
        fetch=lambda folder: {"genome": bundled_genome()},
        task="causal-lm",
    ),
)


def dataset_folder(name: str) -> Path:
    """Return the folder of the cache in which `fetch_dataset` keeps the files of a dataset."""
    return cache_folder("datasets", name)


def fetch_dataset(name: str, plugins: Plugins | None = None) -> dict[str, Path]:
    """Return the paths of a dataset's files by split; fetch the files into the cache if necessary.

    The dataset is looked up in `plugins`, by default in those of this process.

    Raises:
        HyenaDNAError: the name is unknown, or the plug-in reports why fetching failed.
        PluginError: two plug-ins registered the name, or the plug-in failed.
    """
    registered = collect(plugins or session_plugins(), "register_datasets")
    dataset: Dataset = by_name(registered, name, "dataset")
    plugin = registered[name].plugin
    try:
        files = {split: Path(path) for split, path in isolated(dataset.fetch, dataset_folder(name)).items()}
    except HyenaDNAError:
        raise
    except Exception as error:  # whatever a plug-in may raise
        raise PluginError(f"Plug-in {plugin!r} failed to fetch dataset {name!r}: {reason_of(error)}.") from error
    if absent := [str(path) for path in files.values() if not path.exists()]:
        raise PluginError(f"Plug-in {plugin!r} gave {shown(absent[0])} for dataset {name!r}, but it does not exist.")
    return files
