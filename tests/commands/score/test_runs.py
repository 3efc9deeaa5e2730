"""Runs of `hyenadna score`: pipes, shards, --resume, bad inputs; nothing is left half-written."""

import gzip
import re
import resource
import shutil
import sys
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest

from hyenadna_core.files.lock import locked


@pytest.mark.one_backend
def test_a_pipe_gets_the_bytes_of_a_file(cli, score, tmp_path, fasta, weights, snvs, names, stdin_from):
    score(snvs(20, 30), out="out.vcf")
    with stdin_from(tmp_path / "in.vcf"):
        status, stdout, _ = cli("score", "-", fasta, "--weights", weights)
    assert (status, stdout) == (0, (tmp_path / "out.vcf").read_text())
    with stdin_from(tmp_path / "in.vcf"):
        status, _, stderr = cli("score", "-", fasta, "--weights", weights, "--out", "in.vcf")
    assert (status, "in.vcf is the input" in stderr) == (1, True)
    assert names() == ["in.vcf", "out.vcf"]


BAD = {  # how the text of a VCF is changed, options, and the message
    "another build": (lambda text: re.sub("\t([ACGT])\t([ACGT])\t", r"\t\2\t\1\t", text), (), "of another build"),
    "no header": (lambda text: text[text.index("\nchr1") + 1 :], (), "has no header"),
    "no columns": (lambda text: text.replace("#CHROM", "##CHROM"), (), "in.vcf:5: expected the line of the columns"),
    "empty": (lambda text: "", (), "is not a VCF: it is empty"),
    "truncated": (lambda text: gzip.compress(text.encode())[:-9], (), "in.vcf is truncated or damaged"),
    "short record": (lambda text: text + "chr1\t5\n", (), "in.vcf:7: the record has 2 columns"),
    "unknown contig": (lambda text: text.replace("\nchr1", "\nx"), (), "the VCF has x, the FASTA chr1, chr2"),
    "longer": (str, ("--window", "65"), "--window 65 is longer than the 64 bases of the training"),
    "no weights": (str, ("--weights", "nowhere"), "Unknown file, folder or preset 'nowhere'"),
    "no model": (str, ("--weights", "in.vcf"), "in.vcf: neither a .safetensors file nor"),
    "own input": (str, ("--out", "in.vcf"), "in.vcf is the input in.vcf: name another file"),
    "own aliases": (str, ("--aliases", "a.tsv", "--out", "a.tsv"), "a.tsv is the input a.tsv"),
    "aliases": (str, ("--aliases", "in.vcf"), "in.vcf:1: "),
    "no format": (str, ("--out", "out.txt"), "no format has this suffix: end the name with .vcf"),
    "folder": (str, ("--out", "folder.vcf"), "folder.vcf is a folder"),
    "read-only": (str, ("--out", "/proc/out.vcf"), "Cannot make the folder /proc/out.vcf.parts"),
    "no shard": (str, ("--shard", "1/2"), "--shard 1/2 writes a file of type .shard"),
    "shard": (str, ("--out", "out.shard"), "no format has this suffix"),
    "nothing to resume": (str, ("--out", "-", "--resume"), "--resume needs a file"),
    "no FASTA": (str, (), "in.vcf is not a FASTA"),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("name", BAD)
def test_a_bad_input_is_one_line_and_leaves_nothing(score, tmp_path, snvs, fasta, vcf_of, one_line, name, names):
    content, options, message = BAD[name]
    (tmp_path / "folder.vcf").mkdir()
    (tmp_path / "a.tsv").write_text("1\tchr1\n")
    content = content(vcf_of(snvs(20, 30)))
    status, stdout, stderr = score(content, *options, genome="in.vcf" if name == "no FASTA" else fasta)
    assert message in one_line(stderr)
    assert (status, stdout) == (1, "")
    assert names() == ["a.tsv", "folder.vcf", "in.vcf"]
    assert (tmp_path / "a.tsv").read_text() == "1\tchr1\n"


@pytest.mark.one_backend
def test_weights_whose_numbers_overflow_are_one_line(score, weights, tmp_path, snvs, one_line, names):
    from safetensors.numpy import load_file, save_file

    tensors = load_file(weights / "model.safetensors")
    tensors["backbone.layers.0.mixer.in_proj.weight"] *= np.float32(1e30)  # the gates multiply its outputs
    large = shutil.copytree(weights, tmp_path / "large")
    save_file(tensors, large / "model.safetensors", {"format": "pt"})
    status, _, stderr = score(snvs(20), "--weights", large)
    assert one_line(stderr).startswith("Error: The model gives nan or infinity: its weights are damaged")
    assert (status, names()) == (1, ["in.vcf", "large"])


@pytest.mark.one_backend
def test_a_run_gives_its_longest_sequences_unless_it_is_of_another_task(score, weights, tmp_path, snvs, monkeypatch):
    from safetensors.numpy import load_file, save_file

    from hyenadna_core.inference import model

    step = shutil.copytree(weights, tmp_path / "run" / "checkpoints" / "step-1")
    (tmp_path / "run" / "run.json").write_text("{}")
    config = SimpleNamespace(task="classify", stages=[SimpleNamespace(seq_len=16), SimpleNamespace(seq_len=32)])
    monkeypatch.setattr(model, "RunFile", SimpleNamespace(of=lambda run, folder: (None, config)))
    assert "windows of 32 bases" in score(snvs(20), "--weights", step / "model.safetensors")[2]
    tensors = load_file(step / "model.safetensors") | {"head.0.kernel": np.ones((8, 2), np.float32)}
    save_file(tensors, step / "model.safetensors", {"format": "pt"})
    status, _, stderr = score(snvs(20), "--weights", step / "model.safetensors")
    message = f"Error: {tmp_path / 'run'} is a run of the task classify, not a language model: choose other --weights."
    assert (status, stderr) == (1, f"{message}\n")


def test_a_backend_that_is_not_there_is_one_line_before_keras_is_imported(cli):
    status, _, stderr = cli("score", "in.vcf", "genome.fa", backend="nope")
    lines = stderr.splitlines()
    assert (status, len(lines)) == (1, 2)
    assert lines[0].startswith("Weights: human-chr20-1k (small, trained on chromosome 20 alone); windows of 1,024")
    assert lines[1].startswith("Error: Unknown backend 'nope': choose one of")


@pytest.fixture
def small_parts(monkeypatch):
    """Cut jobs into parts of two records."""
    monkeypatch.setattr("hyenadna_core.inference.score_job.RECORDS", 2)


@pytest.mark.one_backend
def test_shards_are_merged_to_the_bytes_of_the_whole(score, cli, tmp_path, snvs, small_parts, one_line, vcf_of):
    records = [*snvs(*range(20, 60, 5)), "chr2 7 A *"]
    assert score(records, "--allow-mismatch", out="whole.vcf")[0] == 0
    for number in (1, 2):
        options = ("--allow-mismatch", "--shard", f"{number}/2")
        assert f"alleles of shard {number}/2" in score(records, *options, out=f"{number}.shard")[2]
    assert cli("merge", "merged.vcf", "2.shard", "1.shard")[0] == 0
    assert (tmp_path / "merged.vcf").read_bytes() == (tmp_path / "whole.vcf").read_bytes()
    status, _, stderr = cli("merge", "in.vcf", "1.shard", "2.shard")
    assert (status, "in.vcf is the input" in one_line(stderr)) == (1, True)
    assert (tmp_path / "in.vcf").read_text() == vcf_of(records)
    assert "Shards are missing: 2/2" in one_line(cli("merge", "other.vcf", "1.shard")[2])


@pytest.mark.one_backend
def test_a_killed_run_is_resumed_to_the_same_bytes(score, cli, tmp_path, fasta, weights, snvs, names):
    crash = SimpleNamespace(**run_path(str(Path(__file__).parents[2] / "inference" / "crash.py")))
    assert score(snvs(*range(1, 301)), "--window", "16", out="whole.vcf")[0] == 0
    command = ["score", "in.vcf", fasta, "--weights", weights, "--window", "16", "--out", "out.vcf"]
    crash.run_and_kill([sys.executable, "-m", "hyenadna_core", *command], tmp_path / "out.vcf", 0)
    assert not (tmp_path / "out.vcf").exists()
    assert len(list((tmp_path / "out.vcf.parts").glob("part-*"))) >= 1
    status, _, stderr = cli(*command)
    assert (status, "out.vcf.parts has parts of an earlier run: add --resume" in stderr) == (1, True)
    status, _, stderr = cli(*command, "--resume", "--strand", "+")
    assert (status, "--strand is both there, and + now" in stderr) == (1, True)
    status, _, stderr = cli(*command, "--resume")
    assert (status, "Continuing with out.vcf.parts: " in stderr) == (0, True)
    assert stderr.endswith("Scored 300 of 300 alleles.\n")
    assert (tmp_path / "out.vcf").read_bytes() == (tmp_path / "whole.vcf").read_bytes()
    assert names() == ["in.vcf", "out.vcf", "whole.vcf"]


@pytest.mark.one_backend
def test_a_second_run_with_the_same_output_is_refused(score, tmp_path, snvs, one_line):
    (tmp_path / "out.tsv.parts").mkdir()
    with (tmp_path / "out.tsv.parts" / ".lock").open("w") as file:
        assert locked(file, tmp_path)
        status, _, stderr = score(snvs(20))
    assert (status, "out.tsv is being written by another process: wait for it" in one_line(stderr)) == (1, True)
    assert not (tmp_path / "out.tsv").exists()
    assert score(snvs(20))[0] == 0


@pytest.mark.one_backend
@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit files otherwise")
def test_a_full_disk_keeps_the_parts_and_says_how_to_go_on(score, tmp_path, snvs, one_line, names, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a truncated .pyc would stay
    records = snvs(*range(20, 120))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit, message, left in (
        (100, "out.vcf.parts/job.json: File too large", ["in.vcf"]),
        (2500, "Cannot write out.vcf: File too large; 1 of 1 parts are done: make room", ["in.vcf", "out.vcf.parts"]),
    ):
        score(records, out="out.tsv")  # writes in.vcf
        (tmp_path / "out.tsv").unlink()
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            status, _, stderr = score(None, out="out.vcf")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert message in one_line(stderr)
        assert (status, names()) == (1, left)
    assert score(records, "--resume", out="out.vcf")[0] == 0
    assert names() == ["in.vcf", "out.vcf"]


@pytest.mark.one_backend
def test_nothing_is_written_into_the_folder_of_the_genome(score, fasta, snvs):
    assert score(snvs(20))[0] == 0
    assert [path.name for path in fasta.parent.iterdir()] == ["genome.fa"]
