"""The readers of files, and the damaged and hostile files that each gets."""

import gzip
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import strategies as st

from hyenadna_core.files.json_file import read_bytes
from hyenadna_core.genome.annotation import read_features
from hyenadna_core.genome.contig_names import contig_names
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.intervals import read_bed
from hyenadna_core.genome.scored_variants import write_scores
from hyenadna_core.genome.vcf import count_variants, read_variants
from hyenadna_core.genome.vcf_text import vcf_source
from hyenadna_core.inference.job import LARGEST, Input, Job
from hyenadna_core.inference.part_file import name_of, to_bytes
from hyenadna_core.inference.shard import Shard
from hyenadna_core.inference.shard_file import open_shard
from hyenadna_core.labelled.files import read_labelled
from hyenadna_core.presets import PRESETS
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.registry import session_plugins
from hyenadna_core.training.config import RunConfig, RunFile
from hyenadna_core.training.run_folder import read_run
from hyenadna_core.training.task_options import task_of_run
from hyenadna_core.training.warmup import Stage
from hyenadna_core.vectors.reading import read_vectors
from hyenadna_core.weights.sources import read_weights
from hyenadna_plugins import plugin_manager

TESTS = Path(__file__).parents[1]
WEIGHTS = TESTS.parent / "hyenadna_core" / "data" / "golden" / "tiny_order2.weights.safetensors"
CKPT = TESTS / "data" / "tiny_order2.lightning_layout.ckpt"
HUB = {"d_model": 16, "n_layer": 2, "d_inner": 64, "layer": {"emb_dim": 5, "filter_order": 64, "w": 10, "l_max": 66}}
CONTIGS = b">chr1 one\nACGTNacgtn\nACGT\n>chr2\nTTTT\n"
INTERVALS = b"chr1\t0\t8\ttrain\nchr1\t8\t14\tvalid\nchr2\t0\t4\ttrain\n"
VARIANTS = (
    b'##fileformat=VCFv4.2\n##contig=<ID=chr1>\n##INFO=<ID=DP,Number=1,Type=Integer,Description="d">\n'
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\nchr1\t3\trs1\tG\tC,<DEL>\t9.5\tPASS\tDP=1;XX\tGT\t0/1\n"
    b"chr1\t7\t.\tcg\tc\t.\tq10\t.\tGT\t.\nchr2\t4\t.\tT\t.\t.\t.\tXX=a,b\t.\t.\n"
)
GTF = b'#!x\nchr1\tT\tgene\t2\t9\t.\t+\t.\tgene_id "E1";\nchr1\tT\texon\t2\t4\t.\t+\t.\tgene_name "G";\n'
REGIONS = b"track name=x\nchr1\t0\t8\tgood\t0\t+\nchr2\t1\t4\tbad\t0\t-\n"
LABELLED = b">one 1\nACGT\nAC\n>two 0\nTTTT\n"
READS = b"@one x\nACGT\n+\n@@+I\n@two\nAC\nGT\n+two\nII\nII\n"
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


def lists():
    """Return the bytes of a small Parquet file with a column of vectors."""
    import pyarrow
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"name": ["a", "b"], "e0": [0.5, 1.0], "of": [[1.0], [2.0]]}), file)
    return file.getvalue()


def vectors():
    """Return the bytes of a small .npz of vectors."""
    file = io.BytesIO()
    np.savez(file, names=np.array(["a", "b"]), start=np.arange(2), mean=np.ones((2, 3), np.float32))
    return file.getvalue()


def bcf():
    """Return the bytes of a small BCF that is not compressed."""
    with TemporaryDirectory() as folder:
        source, out = Path(folder, "calls.vcf"), Path(folder, "calls.bcf")
        source.write_bytes(VARIANTS)
        with vcf_source(source) as opened:
            write_scores(opened, out, [0.5] * 4, [0] * 4, {})
        return gzip.decompress(out.read_bytes())


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


def read_vcf(path):
    """Read a VCF twice, and write its scores as text."""
    (path.parent / "genome.fa").write_bytes(CONTIGS)
    genome = open_genome(path.parent / "genome.fa")
    names = contig_names(genome)
    with vcf_source(path) as source:
        counts = count_variants(source, genome, names)
        reasons = [reason for record in read_variants(source, genome, names) for reason in record.reasons]
        assert len(reasons) == counts.alleles
        write_scores(source, path.parent / "out.vcf", [0.5] * len(reasons), reasons, {})


def read_annotation(path):
    read_features(path, "chr1", 0, 1000)


def read_regions(path):
    (path.parent / "genome.fa").write_bytes(CONTIGS)
    read_labelled(path, fasta=path.parent / "genome.fa")


def read_reads(path):
    read_labelled(path, needs_labels=False)


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


def fuzzed_job():
    """Return a job of two parts."""
    inputs = {"vcf": Input("in.vcf", "0" * 64)}
    return Job(command="score", inputs=inputs, options={"window": 1024}, parts=2, shard=Shard(1, 2))


def shard():
    """Return the bytes of the shard that has the first part of the job."""
    job, file = fuzzed_job(), io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("job.json", job.to_text())
        archive.writestr(name_of(0), to_bytes({"llr": np.zeros(3, np.float32)}, 0, job.sha256))
    return file.getvalue()


def read_shard(path):
    for _ in open_shard(path).arrays():
        pass


def read_job(path):
    Job.from_bytes(read_bytes(path, LARGEST), str(path))


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
    "VCF": Reader("calls.vcf", mutated([VARIANTS]), read_vcf),
    "compressed VCF": Reader("calls.vcf.gz", compressed(VARIANTS), read_vcf),
    "BCF": Reader("calls.bcf", st.deferred(lambda: mutated([bcf()], ODD)), read_vcf),
    "GTF": Reader("genes.gtf", mutated([GTF]), read_annotation),
    "labelled BED": Reader("regions.bed", mutated([REGIONS]), read_regions),
    "labelled FASTA": Reader("labelled.fa", mutated([LABELLED]), read_labelled),
    "FASTQ": Reader("reads.fq", mutated([READS]), read_reads),
    "compressed FASTQ": Reader("reads.fq.gz", compressed(READS), read_reads),
    "table": Reader("table.csv", mutated([TABLE]), read_labelled),
    "compressed table": Reader("table.tsv.gz", compressed(TABLE.replace(b",", b"\t")), read_labelled),
    "Parquet": Reader("table.parquet", st.deferred(lambda: mutated([parquet()], ODD)), read_labelled),
    "vectors": Reader("vectors.npz", st.deferred(lambda: mutated([vectors()], ODD)), read_vectors),
    "lists of vectors": Reader("vectors.parquet", st.deferred(lambda: mutated([lists()], ODD)), read_vectors),
    "safetensors": Reader("weights.safetensors", safetensors_like(), read_weights),
    "ckpt": Reader("weights.ckpt", checkpoint_like(), read_weights),
    "config.json": Reader("config.json", json_like(HUB), read_config),
    "entry points": Reader("fuzzed-1.0.dist-info/entry_points.txt", mutated([ENTRY_POINTS]), read_plugins),
    "shard": Reader("1.shard", st.deferred(lambda: mutated([shard()], ODD)), read_shard),
    "job.json": Reader("job.json", st.deferred(lambda: json_like(fuzzed_job().to_json())), read_job),
    "metadata": Reader("fuzzed-1.0.dist-info/METADATA", mutated([METADATA]), read_plugins),
    "run.json": Reader("run.json", st.deferred(lambda: json_like(run_json())), read_run_folder),
}
