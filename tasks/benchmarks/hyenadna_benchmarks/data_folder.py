"""Where the data of a set lie, how they get there, and the error if they are missing.

The folder of a suite is the one that the user names, else HYENADNA_BENCHMARKS/SUITE, else that of
the dataset in the cache, to which `fetch` downloads.
"""

import hashlib
import os
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_benchmarks.layouts import Layout, find_split
from hyenadna_core import HyenaDNAError, dataset_folder, fetch_dataset, file_written_aside, notice, text_lines

VARIABLE = "HYENADNA_BENCHMARKS"
CORE_SPLITS = {"train": "train", "dev": "valid", "test": "test"}  # the core's name of a published split


def suite_folder(benchmark: BenchmarkSet, folder: Path | str | None) -> Path:
    """Return the folder in which the set is looked for; without the user's, it may be downloaded.

    Raises:
        HyenaDNAError: the set is not there and cannot be downloaded.
    """
    if folder is not None:
        return Path(folder)
    if os.environ.get(VARIABLE):
        return _of_variable(benchmark)
    cached = dataset_folder(benchmark.full_name)
    if missing_splits(benchmark, cached):
        fetch_dataset(benchmark.full_name)
    return cached


def split_path(benchmark: BenchmarkSet, folder: Path, split: str) -> tuple[Layout, Path]:
    """Return the layout and the path of a published split.

    Raises:
        HyenaDNAError: it is missing. The message says where it is looked for, how many splits are
            there, and where to get them.
    """
    place = find_split(benchmark, folder, split)
    if place is None:
        raise missing_data(benchmark, folder)
    return place


def missing_splits(benchmark: BenchmarkSet, folder: Path) -> list[str]:
    """Return the published splits that the folder does not have."""
    return [split for split in benchmark.splits if find_split(benchmark, folder, split) is None]


def missing_data(benchmark: BenchmarkSet, folder: Path, download: str = "") -> HyenaDNAError:
    """Return the error of a set that is not in a folder, with where to get it.

    `download` says why it was not downloaded.
    """
    splits, missing = benchmark.splits, missing_splits(benchmark, folder)
    where = f"{folder} has {len(splits) - len(missing)} of {len(splits)} files of {benchmark.full_name}"
    first = missing[0] if missing else splits[0]
    place = folder / benchmark.folder / (first if benchmark.suite == "genomic-benchmarks" else f"{first}.csv")
    way = download or f"or run `hyenadna datasets --fetch {benchmark.full_name}` and leave out --folder and {VARIABLE}"
    return HyenaDNAError(
        f"{where}: {', '.join(missing)} missing, such as {place}. Get it from {benchmark.source}; {way}."
    )


def fetch(benchmark: BenchmarkSet, folder: Path) -> dict[str, Path]:
    """Return the files of a set by split of the core: train, valid, test.

    They are in HYENADNA_BENCHMARKS, or in `folder`, or are downloaded from the Hugging Face hub to
    it.

    Raises:
        HyenaDNAError: the set cannot be downloaded; the message says where to get it.
    """
    places = [_of_variable(benchmark)] if os.environ.get(VARIABLE) else []
    place = next((each for each in (*places, folder) if not missing_splits(benchmark, each)), None)
    if place is None:
        download(benchmark, folder)
        place = folder
    return {CORE_SPLITS[split]: split_path(benchmark, place, split)[1] for split in benchmark.splits}


def download(benchmark: BenchmarkSet, folder: Path) -> None:
    """Download the missing splits of a set from the Hugging Face hub into a folder.

    Raises:
        HyenaDNAError: huggingface_hub is not installed, the hub does not answer, or has not one
            file for a split.
    """
    try:
        import huggingface_hub
    except ModuleNotFoundError:
        way = "or run pip install 'hyenadna-benchmarks[hub]' to download it"
        raise missing_data(benchmark, folder, way) from None
    repository, _, pattern = benchmark.hub.partition(":")
    for split in missing_splits(benchmark, folder):
        try:
            file = _file_of_hub(huggingface_hub, repository, pattern.format(split=split))
            copy = Path(huggingface_hub.hf_hub_download(repository, file, repo_type="dataset"))
        except Exception as error:  # failures of a network have many classes
            way = f"the download from huggingface.co/datasets/{repository} failed ({error})"
            raise missing_data(benchmark, folder, way) from None
        suffix = file.rpartition("/")[2].partition(".")[2]
        with file_written_aside(folder / benchmark.folder / f"{split}.{suffix}") as aside:
            shutil.copyfile(copy, aside)
        notice(f"Downloaded {split} of {benchmark.full_name} from huggingface.co/datasets/{repository}.")


def changed_file(benchmark: BenchmarkSet, path: Path, split: str) -> str:
    """Return a sentence if a file is not the published one by its checksum, else nothing.

    The checksum is that of the uncompressed CSV file, so a file that was compressed is the same.
    """
    known = benchmark.sha256.get(f"{benchmark.folder}/{split}.csv")
    if known is None or not path.name.endswith((f"{split}.csv", f"{split}.csv.gz")):
        return ""
    digest = hashlib.sha256()
    for line in text_lines(path, lambda done: None):
        digest.update(line.encode())
    if digest.hexdigest() == known:
        return ""
    return (
        f"{path} is not the published {split} file of {benchmark.full_name}: its SHA-256 is {digest.hexdigest()}, not "
        f"{known}. It is used as it is; download it again if you did not change it."
    )


def cautions_of(benchmark: BenchmarkSet, path: Path, split: str, rows: int) -> dict[str, str]:
    """Return how a split differs from the published one: a sentence each, by its short form."""
    cautions = {}
    if sentence := changed_file(benchmark, path, split):
        cautions[f"{split} is not the published file"] = sentence
    if rows != (published := benchmark.rows.get(split, rows)):
        cautions[f"{split} has {rows:,} of {published:,} rows"] = (
            f"{benchmark.full_name}: {split} has {rows:,} sequences here, and {published:,} as published."
        )
    return cautions


def _of_variable(benchmark: BenchmarkSet) -> Path:
    return Path(os.environ[VARIABLE]).absolute() / benchmark.suite


def _file_of_hub(hub: Any, repository: str, pattern: str) -> str:
    """Return the one file of a repository that matches a pattern.

    Raises:
        HyenaDNAError: there is none, or there are several.
    """
    if "*" not in pattern:
        return pattern
    files = sorted(name for name in hub.list_repo_files(repository, repo_type="dataset") if fnmatchcase(name, pattern))
    if len(files) != 1:
        raise HyenaDNAError(f"it has {len(files)} files {pattern}, not one")
    return str(files[0])
