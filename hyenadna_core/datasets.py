"""Data by name: what it is, whose, and how its files come to be here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pluggy

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import cache_folder
from hyenadna_core.genome.fasta import bundled_genome
from hyenadna_core.registry import by_name
from hyenadna_plugins import PluginError, collect, reason_of


@dataclass(frozen=True)
class Dataset:
    """A name for files that somebody published; a plug-in registers it with `register_datasets`.

    `licence` is the one that they are under, `source` an address or a paper. `fetch(folder)` returns their paths by
    split ("train", "valid", "test"; "genome" for one that is split by position), and puts into the folder, which is the
    dataset's own and stays, what is not there yet. `task` names the task that they are for.
    """

    name: str
    description: str
    licence: str
    source: str
    fetch: Callable[[Path], Mapping[str, Path]]
    task: str | None = None


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


def fetch_dataset(plugins: pluggy.PluginManager, name: str) -> dict[str, Path]:
    """The files of the dataset that is registered under a name, by split; fetched into the cache if need be.

    Raises:
        HyenaDNAError: there is no such dataset, or its plug-in says in one line why it cannot be had.
        PluginError: two plug-ins registered the name, or the one that did failed.
    """
    registered = collect(plugins, "register_datasets")
    dataset: Dataset = by_name(registered, name, "dataset")
    plugin = registered[name].plugin
    try:
        files = {split: Path(path) for split, path in dataset.fetch(cache_folder("datasets", name)).items()}
    except HyenaDNAError:
        raise
    except Exception as error:  # whatever a plug-in may raise
        raise PluginError(f"Plug-in {plugin!r} failed to fetch dataset {name!r}: {reason_of(error)}.") from error
    if absent := [str(path) for path in files.values() if not path.exists()]:
        raise PluginError(f"Plug-in {plugin!r} said that dataset {name!r} is in {absent[0]}, which does not exist.")
    return files
