"""`hyenadna icl sweep`: points in folders, the table, and going on."""

import csv
import fcntl
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from hyenadna_icl.commands.icl import icl
from hyenadna_icl.commands.sweep import Numbers
from hyenadna_icl.context_task import SELECTS_ON_TEST
from hyenadna_icl.sweep.points import LINES, Point, points_of, result_of
from hyenadna_icl.sweep.report import means, picture

from hyenadna_core import CausalLM, HyenaDNAError, save
from hyenadna_core.testing import tiny_backbone

BACKEND = SimpleNamespace(name=os.environ.get("KERAS_BACKEND", "jax"), reason="test")
SESSION = SimpleNamespace(backend=BACKEND)


def run(*words):
    result = CliRunner().invoke(icl, ["sweep", *map(str, words)], obj=SESSION)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_points_have_folders_of_their_own():
    points = points_of((2, 32), (0, 1), (0, 16), 2, ("fine-tuned", "kmer"))
    assert [point.name for point in points[:4]] == [
        "kmer_seed-0",
        "fine-tuned_seed-0",
        "fine-tuned_seed-1",
        "few-shot_shots-0_tune-0_seed-0",
    ]
    assert points[-1] == Point("soft-prompt", 1, 32)
    assert len({point.name for point in points}) == len(points) == 3 + 8 + 4


def test_the_table_has_means_and_the_picture_both_panels():
    results = [
        (Point("kmer"), {"accuracy": 0.75, "mcc": 0.5}),
        (Point("soft-prompt", 0, 2), {"accuracy": 0.5, "mcc": 0.0}),
        (Point("soft-prompt", 1, 2), {"accuracy": 0.75, "mcc": 0.25}),
        (Point("few-shot", 0, None, 1, 16), {"note": "too long"}),
        (Point("few-shot", 0, None, 0, 16), {"accuracy": 0.625, "mcc": 0.25}),
    ]
    assert means(results) == [
        ["kmer", "", "", "", "1", "0.7500", "0.5000"],
        ["soft-prompt", "2", "", "", "2", "0.6250", "0.1250"],
        ["few-shot", "", "1", "16", "1", "does not fit", "does not fit"],
        ["few-shot", "", "0", "16", "1", "0.6250", "0.2500"],
    ]
    left, right = picture(results, "title").axes
    np.testing.assert_array_equal(left.lines[0].get_ydata(), [0.625])
    assert [line.get_label() for line in right.lines if line.get_label()[0] != "_"] == [
        "0 examples of each class",
        "1 example of each class",
        "kmer",
    ]


def test_a_sweep_is_measured_and_goes_on(tables, tmp_path):
    save(CausalLM(tiny_backbone(100)), tmp_path / "weights")
    data = (
        "--of",
        tables["of"],
        "--valid",
        tables["valid"],
        "--test",
        tables["test"],
        "--weights",
        tmp_path / "weights",
    )
    points = ("--prompt-lengths", "2,99", "--shots", 1, "--tune", 0, "--steps", 2, "--batch-size", 4)
    lines = ("--line", "kmer", "--line", "majority", "--precision", "bfloat16")
    words = (*data, *points, *lines, "--out", tmp_path / "out")
    first = run(*words, "--micro-batch", 2)
    for name, parts in {"few-shot_shots-1_tune-0_seed-0": None, "soft-prompt_length-2_seed-0": 2}.items():
        given = json.loads((tmp_path / "out" / name / "run" / "run.json").read_text())["given"]
        assert (given["precision"], given.get("micro_batch")) == ("bfloat16", parts)
    rows = list(csv.DictReader((tmp_path / "out" / "sweep.tsv").open(), dialect="excel-tab"))
    assert [row["kind"] for row in rows] == ["majority", "kmer", "few-shot", "soft-prompt", "soft-prompt"]
    assert float(rows[0]["accuracy"]) == 0.5
    assert rows[-1]["accuracy"] == ""
    assert "--prompt-length 99 and [SEP] leave no room" in rows[-1]["note"]
    assert "is left out: --prompt-length 99" in first.stderr
    assert first.stdout == (tmp_path / "out" / "sweep.md").read_text() + "\n" * first.stdout.endswith("\n\n")
    assert (tmp_path / "out" / "sweep.png").stat().st_size > 5_000
    kept = tmp_path / "out" / "kmer_seed-0" / "result.json"
    kept.write_text(json.dumps({"accuracy": 0.25, "mcc": 0.0, "seconds": 1.0, "note": ""}))
    assert "0.2500" in run(*words).stdout
    with pytest.raises(HyenaDNAError, match="has points of another sweep: --steps was 2, and is now 3"):
        run(*words, "--steps", 3)
    with pytest.raises(
        HyenaDNAError, match="has points of another sweep: --reverse-complements was None, and is now F"
    ):
        run(*words, "--forward-only")
    without_test = [word for at, word in enumerate(words) if "--test" not in words[max(0, at - 1) : at + 1]]
    with pytest.raises(HyenaDNAError, match="has no test rows, and a sweep measures on them: give --test"):
        run(*without_test, "--out", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with pytest.raises(HyenaDNAError, match="is not empty and is no sweep: give another --out"):
        run(*words, "--out", tmp_path)
    for wrong in ("0,2", "2,8kb", "-1", "1.5"):
        assert "are not whole numbers from 1 on, as in 2,32,512,8k" in run(*words, "--prompt-lengths", wrong).output


def test_points_are_added_to_those_of_a_folder(tables, tmp_path):
    data = [word for name in tables for word in (f"--{name}", tables[name])]
    words = (*data, "--prompt-lengths", "", "--shots", "", "--tune", "", "--out", tmp_path / "out", "--line")
    run(*words, "kmer")
    (tmp_path / "out" / "notes").mkdir()
    (tmp_path / "out" / "notes" / "result.json").write_text("{}")
    assert [line.split(" | ")[0] for line in run(*words, "majority").stdout.splitlines()[2:]] == [
        "| majority",
        "| kmer",
    ]
    rows = (tmp_path / "out" / "sweep.tsv").read_text().splitlines()
    assert [row.split("\t")[0] for row in rows] == ["kind", "majority", "kmer"]


def test_a_point_is_known_by_the_name_of_its_folder():
    points = points_of([2, 512], [0, 3], [0, 16], 2, LINES)
    assert len(points) == 18
    assert [Point.of_name(point.name) for point in points] == points
    for name in ("notes", "kmer", "few-shot_shots-x", "soft-prompt_length-2_seed-0_more-1", "kmer_seed-00"):
        assert Point.of_name(name) is None


def test_numbers_of_a_sweep_may_be_thousands():
    assert Numbers(0).convert("0, 32,8k,32k", None, None) == (0, 32, 8192, 32768)


def test_rows_or_weights_that_changed_since_the_sweep_began_are_one_line(tables, tmp_path):
    weights = tmp_path / "weights"
    save(CausalLM(tiny_backbone(100)), weights)
    tables = {name: shutil.copy(path, tmp_path / f"my_{name}.csv") for name, path in tables.items()}
    data = [str(word) for name in tables for word in (f"--{name}", tables[name])]
    words = (
        *data,
        "--prompt-lengths",
        "",
        "--shots",
        "",
        "--tune",
        "",
        "--line",
        "majority",
        "--weights",
        weights,
        "--out",
        tmp_path / "out",
    )
    assert run(*words).exit_code == 0
    assert run(*words).exit_code == 0
    shutil.move(weights, tmp_path / "first")
    save(CausalLM(tiny_backbone(100, seed=1)), weights)
    with pytest.raises(HyenaDNAError, match=r"The weights changed since .* has points: give another --out"):
        run(*words)
    shutil.rmtree(weights)
    shutil.move(tmp_path / "first", weights)
    assert run(*words).exit_code == 0
    rows = Path(tables["valid"]).read_text().splitlines(keepends=True)
    Path(tables["valid"]).write_text("".join(rows[:-1]))
    with pytest.raises(HyenaDNAError, match=r"The valid rows changed since .* has points: give another --out"):
        run(*words)


def test_a_sweep_reads_columns_of_other_names(tables, tmp_path):
    save(CausalLM(tiny_backbone(100)), tmp_path / "weights")
    for name, path in tables.items():
        text = Path(path).read_text().replace("sequence,label", "dna_1,kind")
        (tmp_path / f"{name}.csv").write_text(text)
    data = [word for name in tables for word in (f"--{name}", tmp_path / f"{name}.csv")]
    columns = ("--sequence-column", "dna_1", "--label-column", "kind", "--label-tokens", "T,12")
    points = ("--prompt-lengths", 2, "--shots", 1, "--tune", 0, "--steps", 1, "--line", "kmer", "--weights")
    run(*data, *columns, *points, tmp_path / "weights", "--out", tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "sweep.tsv").open(), dialect="excel-tab"))
    assert [row["kind"] for row in rows] == ["kmer", "few-shot", "soft-prompt"]
    assert all(row["accuracy"] for row in rows)
    for kind in ("few-shot_shots-1_tune-0", "soft-prompt_length-2"):
        kept = json.loads((tmp_path / "out" / f"{kind}_seed-0" / "run" / "run.json").read_text())
        assert kept["config"]["options"]["label_tokens"] == "T,12"


def test_a_sweep_by_the_protocol_of_the_paper_says_that_it_selects_on_test(tables, tmp_path):
    save(CausalLM(tiny_backbone(100)), tmp_path / "weights")
    data = [str(word) for name in ("of", "test") for word in (f"--{name}", tables[name])]
    points = ("--prompt-lengths", 2, "--shots", 0, "--tune", 0, "--steps", 1, "--line", "kmer")
    printed = run(*data, *points, "--protocol", "paper", "--weights", tmp_path / "weights", "--out", tmp_path / "out")
    assert printed.stdout.startswith(SELECTS_ON_TEST)
    assert (tmp_path / "out" / "sweep.md").read_text().startswith(SELECTS_ON_TEST)
    rows = list(csv.DictReader((tmp_path / "out" / "sweep.tsv").open(), dialect="excel-tab"))
    assert [(row["kind"], bool(row["mcc"])) for row in rows] == [
        ("kmer", True),
        ("few-shot", False),
        ("soft-prompt", False),
    ]
    assert "does not fit" not in printed.stdout
    kept = json.loads((tmp_path / "out" / "soft-prompt_length-2_seed-0" / "run" / "run.json").read_text())
    assert kept["config"]["options"]["protocol"] == "paper"
    with pytest.raises(HyenaDNAError, match="--protocol paper validates on test, and there is no --test: give one"):
        result_of(Point("kmer"), tmp_path / "run", {"of": tables["of"], "protocol": "paper"}, {})


def test_a_point_that_was_killed_before_its_run_began_is_measured(tables, tmp_path):
    save(CausalLM(tiny_backbone(100)), tmp_path / "weights")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").touch()
    result = result_of(Point("few-shot", 0, None, 1, 0), tmp_path / "run", tables, {"weights": tmp_path / "weights"})
    assert result["note"] == ""
    assert 0 <= result["accuracy"] <= 1


def test_a_point_without_a_checkpoint_begins_again_with_another_part_of_a_step(tables, tmp_path):
    save(CausalLM(tiny_backbone(100)), tmp_path / "weights")
    settings = {"weights": tmp_path / "weights", "steps": 2, "batch_size": 4, "micro_batch": 4}
    point, run = Point("soft-prompt", 0, 2), tmp_path / "run"
    parts = []
    for settings["micro_batch"], kept in ((4, "latest"), (2, "latest"), (1, "none")):
        if kept == "none":
            (run / "checkpoints" / "latest").unlink()
        result_of(point, run, tables, settings)
        parts.append(json.loads((run / "run.json").read_text())["config"]["micro_batches"])
    assert parts == [[4], [4], [1]]
    (run / "checkpoints" / "latest").unlink()
    with (run / ".lock").open() as lock:  # of another process
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(HyenaDNAError, match="is in use by another run"):
            result_of(point, run, tables, settings)
    assert (run / "run.json").exists()


def test_a_sweep_without_test_rows_is_one_line(tables, tmp_path):
    data = {name: tables[name] for name in ("of", "valid")}
    with pytest.raises(HyenaDNAError, match="has no test rows, and a sweep measures on them: give --test"):
        result_of(Point("kmer"), tmp_path / "run", data, {})
