"""Small files in both published formats, and a genome for them."""

import numpy as np
import pytest

LABELS = 919


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Keep converted rows in a folder of the test."""
    monkeypatch.setenv("HYENADNA_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def write_coordinates():
    """Return a function that writes a coordinate table: rows are (Chr_No, Start, End, labels)."""

    def write(path, rows, names=None):
        names = [f"y_{number}" for number in range(LABELS)] if names is None else names
        lines = [",".join(["Chr_No", "Start", "End", *names])]
        lines += [",".join([*map(str, place), *map(str, labels)]) for *place, labels in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def random_labels():
    """Return a function that draws labels (n, K), a third of them 1."""

    def draw(count, labels=LABELS, seed=0):
        return (np.random.default_rng(seed).random((count, labels)) < 1 / 3).astype(np.uint8)

    return draw


@pytest.fixture
def random_bases():
    """Return a function that draws sequences as bytes of letters: (n, L) uint8."""

    def draw(count, length=1000, seed=0):
        return np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(seed).integers(4, size=(count, length))]

    return draw


@pytest.fixture
def one_hot():
    """Return a function that makes one-hot bases one by one: (n, L) -> (n, 4, L)."""

    def of(bases):
        array = np.zeros((len(bases), 4, bases.shape[1]), np.uint8)
        for row, letters in enumerate(bases):
            for base, letter in enumerate(letters.tobytes().decode()):
                if letter in "AGCT":
                    array[row, "AGCT".index(letter), base] = 1
        return array

    return of


@pytest.fixture
def write_hdf5():
    """Return a function that writes MATLAB v7.3: HDF5 with the axes reversed."""
    import h5py

    def write(path, bases, labels, prefix="train", chunks=None):
        with h5py.File(path, "w", userblock_size=512) as file:
            file.create_dataset(f"{prefix}xdata", data=bases.transpose(2, 1, 0), chunks=chunks, compression="gzip")
            file.create_dataset(f"{prefix}data", data=labels.T)
        with path.open("r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
        return path

    return write


@pytest.fixture
def write_v5():
    """Return a function that writes MATLAB v5."""
    from scipy.io import savemat

    def write(path, bases, labels, prefix="valid"):
        savemat(path, {f"{prefix}xdata": bases, f"{prefix}data": labels})
        return path

    return write


@pytest.fixture
def genome_files(tmp_path, tiny_fasta, write_coordinates, random_labels):
    """Write a genome with chr1, chr7, chr8 and chr9, and a table with four windows on each."""
    fasta = tiny_fasta(contigs={f"chr{number}": 5_000 for number in (1, 7, 8, 9)})
    labels = iter(random_labels(16))
    rows = [(number, 900 * at, 900 * at + 1000, next(labels)) for number in (0, 6, 7, 8) for at in range(4)]
    return {"coords": write_coordinates(tmp_path / "coords.csv", rows), "fasta": fasta}


@pytest.fixture
def own_files(tmp_path, tiny_fasta, write_coordinates, random_labels):
    """Write a genome and a table of 16 windows with three labels of two groups."""
    (tmp_path / "labels.tsv").write_text("name\tgroup\na\tTF\nb\tTF\nc\tHM\n")
    rows = [
        (number, 900 * at, 900 * at + 1000, labels)
        for (number, at), labels in zip(
            ((n, at) for n in (0, 6, 7, 8) for at in range(4)), random_labels(16, 3), strict=True
        )
    ]
    return {
        "coords": write_coordinates(tmp_path / "own.csv", rows, ["y_a", "y_b", "y_c"]),
        "fasta": tiny_fasta(contigs={f"chr{number}": 5_000 for number in (1, 7, 8, 9)}),
        "labels": tmp_path / "labels.tsv",
    }


@pytest.fixture
def own(tmp_path, write_coordinates):
    """Return a function that writes a table with the labels a, b and c."""
    (tmp_path / "labels.tsv").write_text("name\tgroup\na\tTF\nb\tTF\nc\tHM\n")

    def write(name, rows):
        return write_coordinates(tmp_path / name, rows, ["y_a", "y_b", "y_c"])

    write.labels = tmp_path / "labels.tsv"
    return write
