"""The index of a genome: another program's index is not used, and a changed cache is made anew."""

import gzip
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from hyenadna_core import HyenaDNAError, open_genome
from hyenadna_core.files.cache import cache_folder
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.genome import index as index_module

CONTIGS = {"a": "ACGTACGTAC" * 3, "b": "GGGGCCCCAA" * 2 + "TTT"}
ROWS = [["a", 30, 3, 10, 11], ["b", 23, 39, 10, 11]]  # of the right .fai


@pytest.fixture
def genome(tmp_path, monkeypatch):
    """Write a genome, plain; the cache is empty."""
    monkeypatch.setenv("HYENADNA_CACHE", str(tmp_path / "cache"))
    lines = "".join(
        f">{name}\n" + "".join(text[i : i + 10] + "\n" for i in range(0, 30, 10)) for name, text in CONTIGS.items()
    )
    path = tmp_path / "genome.fa"
    path.write_text(lines)
    return path


def contigs_of(path):
    genome = open_genome(path)
    return {name: genome.read(name, 0, length).tobytes().decode() for name, length in genome.contigs.items()}


def changed(row, column, value):
    """Return the right .fai with another value in one place."""
    rows = [list(each) for each in ROWS]
    rows[row][column] = value
    return rows


INDEXES = {
    "right": ROWS,
    "offset too large": changed(0, 2, 4),
    "offset too small": changed(1, 2, 38),
    "offset in the header": changed(0, 2, 0),
    "offset past the end": changed(1, 2, 900),
    "offset of the other contig": changed(0, 2, 39),
    "contig too short": changed(0, 1, 29),
    "contig too long": changed(0, 1, 36),
    "contig much too long": changed(1, 1, 9000),
    "contig without bases": changed(0, 1, 0),
    "fewer bases in a line": changed(0, 3, 9),
    "more bases in a line": changed(0, 3, 11),
    "no bases in a line": changed(0, 3, 0),
    "fewer bytes in a line": changed(0, 4, 10),
    "more bytes in a line": changed(0, 4, 12),
    "another name": changed(0, 0, "c"),
    "swapped names": [["b", *ROWS[0][1:]], ["a", *ROWS[1][1:]]],
    "another order": ROWS[::-1],
    "a missing contig": ROWS[:1],
    "one contig more": [*ROWS, ["c", 5, 50, 10, 11]],
    "a contig twice": [*ROWS, ROWS[0]],
    "negative": changed(0, 2, -3),
    "columns missing": [row[:3] for row in ROWS],
    "text": [["hello"]],
    "empty": [],
}


@pytest.mark.parametrize("age", [-1000, 1000], ids=["older", "newer"])
@pytest.mark.parametrize("rows", INDEXES.values(), ids=INDEXES)
def test_an_index_of_another_program_changes_nothing_and_is_not_changed(genome, rows, age):
    fai = genome.with_name("genome.fa.fai")
    fai.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    os.utime(fai, (time.time() + age,) * 2)
    before = fai.read_bytes(), fai.stat().st_mtime_ns
    assert contigs_of(genome) == CONTIGS
    assert (fai.read_bytes(), fai.stat().st_mtime_ns) == before


def test_a_genome_that_was_replaced_is_read_anew(genome):
    old = genome.stat()
    assert contigs_of(genome) == CONTIGS
    genome.write_text(">other\nACGT\n")
    os.utime(genome, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert contigs_of(genome) == {"other": "ACGT"}


def cached(suffix):
    return next(cache_folder("genomes").glob(f"*{suffix}"))


def flip(path, position):
    """Change one byte of a file in place; keep its dates."""
    dates = path.stat()
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)
        file.seek(position)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(dates.st_atime_ns, dates.st_mtime_ns))


DAMAGE = {
    "a byte of the bases": lambda: flip(cached(".bases"), 7),
    "the last base": lambda: flip(cached(".bases"), 52),
    "bases cut off": lambda: os.truncate(cached(".bases"), 50),
    "bases added": lambda: cached(".bases").write_bytes(cached(".bases").read_bytes() + b"A"),
    "no bases left": lambda: os.truncate(cached(".bases"), 0),
    "bases removed": lambda: cached(".bases").unlink(),
    "index removed": lambda: cached(".json").unlink(),
    "index empty": lambda: os.truncate(cached(".json"), 0),
    "index cut off": lambda: os.truncate(cached(".json"), 100),
    "a byte of the checksum": lambda: flip(cached(".json"), 5),
    "a byte of the index": lambda: flip(cached(".json"), 85),
    "index not UTF-8": lambda: cached(".json").write_bytes(b"\xff\xfe\n{}"),
    "index without content": lambda: cached(".json").write_text(json.dumps({"contigs": {}, "bases": None})),
    "all removed": lambda: shutil.rmtree(cache_folder("genomes")),
}


@pytest.mark.parametrize("settled", [True, False], ids=["later", "at once"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_changed_cache_is_made_anew(genome, monkeypatch, damage, settled):
    path = genome.with_name("genome.fa.gz")
    path.write_bytes(gzip.compress(genome.read_bytes()))
    if settled:
        monkeypatch.setattr(index_module, "CLOCK_TICK", -1)  # as if the cache were old
    assert contigs_of(path) == CONTIGS
    time.sleep(0.02 if settled else 0)  # a tick of the clock
    damage()
    assert contigs_of(path) == CONTIGS
    monkeypatch.setattr(index_module, "fasta_pieces", None)  # the cache is whole again
    assert contigs_of(path) == CONTIGS


@pytest.mark.parametrize("suffix", [".json", ".bases"])
def test_a_folder_in_the_place_of_a_file_of_the_cache_is_one_line(genome, suffix):
    path = genome.with_name("genome.fa.gz")
    path.write_bytes(gzip.compress(genome.read_bytes()))
    open_genome(path)
    file = cached(suffix)
    file.unlink()
    file.mkdir()
    with pytest.raises(HyenaDNAError, match=f"Cannot write the cache .*{suffix}.*: set HYENADNA_CACHE to a folder"):
        open_genome(path)


def test_bases_that_did_not_change_are_checked_once(genome, monkeypatch):
    path = genome.with_name("genome.fa.gz")
    path.write_bytes(gzip.compress(genome.read_bytes()))
    monkeypatch.setattr(index_module, "CLOCK_TICK", -1)
    open_genome(path)
    copy = shutil.copyfile(cached(".bases"), genome.with_name("copy"))
    Path(copy).replace(cached(".bases"))  # the same content in another file, as after a copy of the cache
    checksums = []
    monkeypatch.setattr(index_module, "sha256_of", lambda file: checksums.append(file.name) or sha256_of(file))
    for _ in range(3):
        assert contigs_of(path) == CONTIGS
    assert checksums == [cached(".bases").name]


def test_a_cache_with_a_plain_genome_holds_no_bases(genome):
    open_genome(genome)
    assert [path.suffix for path in cache_folder("genomes").iterdir()] == [".json"]
