import csv
import json

import pytest

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("trains")]
OPTIONS = ("--target", "bases", "--both-directions", "--stages", "24x8@2", "--baseline", "none", "--out", "run")


@pytest.fixture
def data(tmp_path, random_bases):
    """Write tables of sequences whose labels mark the C of each CG, and return the options."""
    options = []
    for number, split in enumerate(("train", "valid", "test")):
        sequences = [random_bases(20 + row % 5, 100 * number + row) for row in range(24)]
        labels = (text.replace("CG", "mG").translate(str.maketrans("ACGTm", "ooooc")) for text in sequences)
        rows = [f"{text}\t{label}" for text, label in zip(sequences, labels, strict=True)]
        path = tmp_path / f"{split}.tsv"
        path.write_text("\n".join(["sequence\tlabel", *rows]) + "\n")
        options += [f"--{split}", path]
    return options


def test_a_run_with_both_directions_is_measured_and_predicts_with_both(cli, data, tmp_path):
    status, _, stderr = cli("train", "--task", "classify", *data, *OPTIONS)
    assert status == 0, stderr
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["config"]["options"]["both_directions"] is True
    figures = json.loads(cli("evaluate", "run", "--json")[1])
    assert figures.pop("split") == "test"
    assert figures == pytest.approx(run["result"]["figures"]["human-chr20-1k"], abs=1e-6)
    status, stdout, _ = cli("predict", "run", tmp_path / "test.tsv")
    with (tmp_path / "run" / "predictions.tsv").open(newline="") as file:
        expected = [row["predicted"] for row in csv.DictReader(file, dialect="excel-tab")]
    assert (status, [row["predicted"] for row in csv.DictReader(stdout.splitlines(), dialect="excel-tab")]) == (
        0,
        expected,
    )
    from safetensors.numpy import load_file

    head = load_file(tmp_path / "run" / "checkpoints" / "best" / "model.safetensors")["head.0.kernel"]
    assert head.shape == (2 * 128, 2)
