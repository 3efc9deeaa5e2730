"""`hyenadna icl predict`."""

import csv
import io
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from hyenadna_icl.commands.icl import icl

from hyenadna_core import CausalLM, HyenaDNAError, save
from hyenadna_core.testing import tiny_backbone

PROMPT = Path(__file__).parent / "data" / "prompt.safetensors"
BACKEND = SimpleNamespace(name=os.environ.get("KERAS_BACKEND", "jax"), reason="test")
SESSION = SimpleNamespace(backend=BACKEND)


@pytest.fixture
def weights(tmp_path):
    model = CausalLM(tiny_backbone(130, n_layer=2))
    for variable in model.trainable_variables:  # as the prompt was trained on
        if variable.name in ("kernel", "taps", "embeddings"):
            variable.assign(5 * variable.value)
    save(model, tmp_path / "weights")
    return tmp_path / "weights"


def run(*words):
    result = CliRunner().invoke(icl, ["predict", *map(str, words)], obj=SESSION)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_new_sequences_are_predicted_on_stdout_and_into_a_file(weights, tmp_path):
    fasta = tmp_path / "new.fa"
    fasta.write_text(">a\nACGTTGCAACGTAC\n>b\nAC\n")
    printed = run(PROMPT, fasta, "--weights", weights)
    rows = list(csv.DictReader(io.StringIO(printed.stdout), dialect="excel-tab"))
    assert [row["name"] for row in rows] == ["a", "b"]
    assert {row["predicted"] for row in rows} <= {"no", "yes"}
    assert float(rows[0]["p_no"]) + float(rows[0]["p_yes"]) == pytest.approx(1, abs=1e-5)
    assert "Predicted 2 sequences." in printed.stderr
    run(PROMPT, fasta, "--weights", weights, "--batch-size", 1, "--out", tmp_path / "out.tsv")
    assert (tmp_path / "out.tsv").read_text() == printed.stdout


def test_a_run_folder_is_given_in_place_of_its_prompt(weights, tmp_path):
    (tmp_path / "t.csv").write_text("dna,id\nACGT,x\n")
    (tmp_path / "run").mkdir()
    with pytest.raises(HyenaDNAError, match=r"run has no prompt\.safetensors: give the folder of a finished run of"):
        run(tmp_path / "run", tmp_path / "t.csv", "--weights", weights)
    shutil.copy(PROMPT, tmp_path / "run" / "prompt.safetensors")
    of_folder, of_file = (run(path, tmp_path / "t.csv", "--weights", weights) for path in (tmp_path / "run", PROMPT))
    assert of_folder.stdout == of_file.stdout
    out = tmp_path / "run" / "prompt.safetensors"
    with pytest.raises(HyenaDNAError, match=r"prompt\.safetensors"):  # it would be overwritten
        run(tmp_path / "run", tmp_path / "t.csv", "--weights", weights, "--out", out)


def test_wrong_files_are_one_line(weights, tmp_path):
    (tmp_path / "t.csv").write_text("dna,id\nACGT,x\n")
    assert run(PROMPT, tmp_path / "t.csv", "--weights", weights).stdout.splitlines()[1].startswith("x\t")
    with pytest.raises(HyenaDNAError, match="it is not a file"):
        run(tmp_path / "nothing.safetensors", tmp_path / "t.csv", "--weights", weights)
    with pytest.raises(HyenaDNAError, match="belongs to a backbone with"):
        run(PROMPT, tmp_path / "t.csv", "--weights", "human-chr20-1k")
