"""Each reader gets damaged and hostile files, and gives a value or an error of one short line.

The suite gives each reader a few seconds; `nox -s fuzz -- MINUTES` runs for as long as it is told.
"""

import gzip
import io
import json
import os
import shutil
import signal
import sys
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from hyenadna_core.errors import MESSAGE, HyenaDNAError
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.intervals import read_bed
from hyenadna_core.labelled.files import read_labelled
from hyenadna_core.presets import PRESETS
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.registry import session_plugins
from hyenadna_core.training.config import RunConfig, RunFile
from hyenadna_core.training.run_folder import read_run
from hyenadna_core.training.task_options import task_of_run
from hyenadna_core.training.warmup import Stage
from hyenadna_core.weights.sources import read_weights
from hyenadna_plugins import plugin_manager

TESTS = Path(__file__).parents[1]
WEIGHTS = TESTS.parent / "hyenadna_core" / "data" / "golden" / "tiny_order2.weights.safetensors"
CKPT = TESTS / "data" / "tiny_order2.lightning_layout.ckpt"
HUB = {"d_model": 16, "n_layer": 2, "d_inner": 64, "layer": {"emb_dim": 5, "filter_order": 64, "w": 10, "l_max": 66}}
SUITE = 30.0  # seconds for all readers in the suite
HANG = 20.0  # seconds that a file of a few kilobytes may take
ROUND = 50  # examples drawn from one seed
CONTIGS = b">chr1 one\nACGTNacgtn\nACGT\n>chr2\nTTTT\n"
INTERVALS = b"chr1\t0\t8\ttrain\nchr1\t8\t14\tvalid\nchr2\t0\t4\ttrain\n"
REGIONS = b"track name=x\nchr1\t0\t8\tgood\t0\t+\nchr2\t1\t4\tbad\t0\t-\n"
LABELLED = b">one 1\nACGT\nAC\n>two 0\nTTTT\n"
ENTRY_POINTS = b"[hyenadna]\nfuzzed = json\n"
METADATA = b"Metadata-Version: 2.1\nName: fuzzed\nVersion: 1.0\n"
TABLE = b'name,sequence,label\na,ACGT,0\nb,TTTT,1\n"c",GGCC,1\n'
ENDS = (b"\r", b"\n", b"\t", b" ", "\u2028".encode(), b"\xc2\xa0")
ODD = (*ENDS, b"\x1b[31m", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf")
TEXT = (*ODD, b"9" * 5000, b"-1", b"1e400", b"nan", b"x" * 3000, b"../../up", b"/dev/null", b'"', b"'", b"[", b"{")
NUMBERS = (True, -1, 0, 7, 10**9, 10**400, 1.5, float("nan"), 1e308)
VALUES = (*NUMBERS, None, "", "x", "\x1b[2J", "../up", "y" * 5000, [], {})


@st.composite
def mutated(draw, originals, tokens=TEXT):
    """Draw an original with up to four changes: bytes replaced, put in, removed or repeated."""
    content = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(0, 4))):
        start, length = draw(st.integers(0, len(content))), draw(st.sampled_from((0, 1, 2, 8, 64, len(content))))
        middle = content[start : start + length]
        new = draw(st.one_of(st.sampled_from(tokens), st.binary(max_size=8), st.just(b""), st.just(middle * 3)))
        content = content[:start] + new + content[start + length :]
    return content


def compressed(original):
    """Draw a mutated text that is compressed, or its compressed form that is mutated."""
    return st.one_of(mutated([original]).map(gzip.compress), mutated([gzip.compress(original, mtime=0)], ODD))


@st.composite
def json_like(draw, original):
    """Draw a JSON file: an original with some values replaced, with mutated bytes, or too deep."""
    value = json.loads(json.dumps(original))
    for _ in range(draw(st.integers(0, 3))):
        place = value
        while isinstance(place, dict | list) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw(st.sampled_from(keys))
            if not (isinstance(place[key], dict | list) and place[key] and draw(st.booleans())):
                place[key] = draw(st.sampled_from(VALUES))
                break
            place = place[key]
    text = json.dumps(value).encode()
    deep = st.just(b"[" * 20000 + b"]" * 20000)
    return draw(st.one_of(st.just(text), st.just(text), mutated([text]), deep))


@st.composite
def safetensors_like(draw):
    """Draw a .safetensors file with a mutated header, or with mutated bytes."""
    content = WEIGHTS.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = draw(json_like(json.loads(content[8 : 8 + size])))
    changed = len(header).to_bytes(8, "little") + header + content[8 + size :]
    return draw(st.one_of(st.just(changed), mutated([content])))


@st.composite
def checkpoint_like(draw):
    """Draw a weights.ckpt with one mutated file in its zip, or with mutated bytes."""
    if draw(st.integers(0, 3)) == 0:
        return draw(mutated([CKPT.read_bytes()]))
    target = io.BytesIO()
    with zipfile.ZipFile(CKPT) as old, zipfile.ZipFile(target, "w") as new:
        changed = draw(st.sampled_from(["data.pkl", "data.pkl", "version", "byteorder", "data/0"]))
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry.filename, draw(mutated([content])) if entry.filename.endswith(changed) else content)
    return target.getvalue()


def parquet():
    """Return the bytes of a small Parquet file."""
    import pyarrow
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"sequence": ["ACGT", "TTTT"], "label": ["0", "1"]}), file)
    return file.getvalue()


def run_json():
    """Return the run.json of a run of the language model."""
    stages = (Stage(64, 2, 2),)
    model = dict(PRESETS[0].config)
    config = RunConfig(preset="hyenadna-tiny-1k", model=model, options={}, stages=stages, recipe=DEFAULT)
    return {"config": config.to_json(), "task": {}, "splits": {}, "data_sha256": "0" * 64, "versions": {}}


def read_genome(path):
    genome = open_genome(path)
    for contig, length in genome.contigs.items():
        genome.read(contig, 0, length)


def read_intervals(path):
    (path.parent / "genome.fa").write_bytes(CONTIGS)
    read_bed(path, open_genome(path.parent / "genome.fa"))


def read_regions(path):
    (path.parent / "genome.fa").write_bytes(CONTIGS)
    read_labelled(path, fasta=path.parent / "genome.fa")


def read_config(path):
    shutil.copy(WEIGHTS, path.parent / "model.safetensors")
    read_weights(path.parent)


def read_plugins(path):
    """Load the plug-ins of all distributions, with the one of this metadata before the others."""
    beside = {"METADATA": METADATA, "entry_points.txt": ENTRY_POINTS}
    beside.pop(path.name)
    for name, content in beside.items():
        path.with_name(name).write_bytes(content)
    sys.path.insert(0, str(path.parents[1]))
    try:
        assert plugin_manager().has_plugin("builtin")
    finally:
        del sys.path[0]


def read_run_folder(path):
    kept, config = RunFile.of(read_run(path.parent), path.parent)
    task_of_run(session_plugins(), config, path.parent, kept.task)


@dataclass
class Reader:
    """A file name, the contents to draw, and what reads them."""

    name: str
    contents: st.SearchStrategy
    read: Callable[[Path], object]


READERS = {
    "FASTA": Reader("genome.fa", mutated([CONTIGS]), read_genome),
    "compressed FASTA": Reader("genome.fa.gz", compressed(CONTIGS), read_genome),
    "BED": Reader("splits.bed", mutated([INTERVALS]), read_intervals),
    "compressed BED": Reader("splits.bed.gz", compressed(INTERVALS), read_intervals),
    "labelled BED": Reader("regions.bed", mutated([REGIONS]), read_regions),
    "labelled FASTA": Reader("labelled.fa", mutated([LABELLED]), read_labelled),
    "table": Reader("table.csv", mutated([TABLE]), read_labelled),
    "compressed table": Reader("table.tsv.gz", compressed(TABLE.replace(b",", b"\t")), read_labelled),
    "Parquet": Reader("table.parquet", st.deferred(lambda: mutated([parquet()], ODD)), read_labelled),
    "safetensors": Reader("weights.safetensors", safetensors_like(), read_weights),
    "ckpt": Reader("weights.ckpt", checkpoint_like(), read_weights),
    "config.json": Reader("config.json", json_like(HUB), read_config),
    "entry points": Reader("fuzzed-1.0.dist-info/entry_points.txt", mutated([ENTRY_POINTS]), read_plugins),
    "metadata": Reader("fuzzed-1.0.dist-info/METADATA", mutated([METADATA]), read_plugins),
    "run.json": Reader("run.json", st.deferred(lambda: json_like(run_json())), read_run_folder),
}


@contextmanager
def limited(seconds):
    """Raise an error in code that takes longer than `seconds`."""

    def stop(*_):
        raise TimeoutError(f"it took over {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcome(reader, content, parent):
    """Return "value" or "refused"; fail if the reader does or writes anything else."""
    path = parent / "outer" / "given" / reader.name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    messages = []
    try:
        with limited(HANG), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            reader.read(path)
    except HyenaDNAError as error:
        messages = [str(error)]
    finally:
        beside = [path.name for path in (parent / "outer").iterdir()] + list(Path.cwd().iterdir())
        shutil.rmtree(parent / "outer")
    messages += [str(each.message) for each in caught if issubclass(each.category, UserWarning)]
    assert [message for message in messages if not message.isprintable() or len(message) > MESSAGE] == []
    assert beside == ["given"]
    return "refused" if messages else "value"


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # a long file that it found
@pytest.mark.parametrize("name", READERS)
def test_a_reader_gives_a_value_or_an_error_of_one_line(name, tmp_path, monkeypatch):
    seconds = float(os.environ.get("HYENADNA_FUZZ_SECONDS", SUITE)) / len(READERS)
    reader, outcomes, end = READERS[name], Counter(), time.monotonic() + seconds
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setenv("HYENADNA_CACHE", str(tmp_path / "cache"))
    first = int(time.time()) if "HYENADNA_FUZZ_SECONDS" in os.environ else 0

    @settings(max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(reader.contents)
    def examine(content):
        if time.monotonic() < end or not outcomes:
            outcomes[outcome(reader, content, tmp_path)] += 1

    for number in count(first):
        seed(number)(examine)()
        if time.monotonic() >= end:
            break
    print(f"{name}: {sum(outcomes.values()):,} files, {outcomes['refused']:,} refused")
