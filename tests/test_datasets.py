import pytest

from hyenadna_core.datasets import dataset_folder, fetch_dataset
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import cache_folder
from hyenadna_core.genome.fasta import open_genome
from hyenadna_plugins import PluginError, plugin_manager

SOURCE = """
from pathlib import Path
from hyenadna_core.datasets import Dataset
from hyenadna_core.errors import HyenaDNAError
def fetch(folder):
    {fetch}
@hookimpl
def register_datasets(register):
    register(Dataset("mine", "made up", "CC0-1.0", "nowhere", fetch))
"""


def test_the_bundled_genome_is_a_dataset():
    files = fetch_dataset("ecoli-k12", plugin_manager(names=[]))
    assert list(files) == ["genome"]
    assert sum(open_genome(files["genome"]).contigs.values()) == 4_639_675


@pytest.mark.parametrize("name", ["mine", "suite/set"])
def test_a_dataset_has_a_folder_of_its_own(install_plugin, name):
    fetch = "(folder / 'train.fa').touch(); return {'train': folder / 'train.fa'}"
    install_plugin("one", SOURCE.format(fetch=fetch).replace('"mine"', repr(name)))
    assert dataset_folder(name) == cache_folder("datasets") / name
    assert fetch_dataset(name) == {"train": dataset_folder(name) / "train.fa"}


@pytest.mark.parametrize(
    ("fetch", "kind", "message"),
    [
        ("raise HyenaDNAError('No network.')", HyenaDNAError, "No network."),
        ("raise OSError('no network.')", PluginError, "Plug-in 'one' failed to fetch dataset 'mine': no network."),
        (
            "return {'train': Path('gone.fa')}",
            PluginError,
            "Plug-in 'one' gave gone.fa for dataset 'mine', but it does not exist.",
        ),
        ("return None", PluginError, "Plug-in 'one' failed to fetch dataset 'mine': .*'items'.*"),
    ],
)
def test_a_dataset_that_cannot_be_had_is_one_line(install_plugin, fetch, kind, message):
    install_plugin("one", SOURCE.format(fetch=fetch))
    with pytest.raises(kind, match=f"^{message}$"):
        fetch_dataset("mine")


def test_an_unknown_dataset_lists_those_that_there_are():
    with pytest.raises(HyenaDNAError, match=r"^Unknown dataset 'yeast': choose one of ecoli-k12"):
        fetch_dataset("yeast", plugin_manager(names=[]))
