import json
import subprocess
import sys

from hyenadna_outside import OutsideTask


def hyenadna(*arguments):
    command = [sys.executable, "-m", "hyenadna_core", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_task_keeps_its_promises(check_task):
    figures = check_task(OutsideTask())
    assert "specificity" in figures["valid"]


def test_all_that_it_brings_is_there_under_its_name():
    for command, name in (("presets", "outside-tiny"), ("tasks", "outside"), ("datasets", "outside-pairs")):
        (row,) = [row for row in json.loads(hyenadna(command, "--json")) if row["name"] == name]
        assert row["plugin"] == "outside"
    (plugin,) = [plugin for plugin in json.loads(hyenadna("plugins", "--json")) if plugin["name"] == "outside"]
    assert plugin["version"] == "1.2.3"


def test_it_trains_measures_and_predicts(tmp_path):
    run, new = tmp_path / "run", tmp_path / "new.csv"
    stages = ("--preset", "outside-tiny", "--stages", "40x20@60", "--baseline", "none", "--out", run)
    assert "specificity" in hyenadna("train", "--task", "outside", *stages)
    figures = json.loads(hyenadna("evaluate", run, "--json"))
    assert figures.pop("split") == "test"
    assert figures == json.loads((run / "run.json").read_text())["result"]["figures"]["outside-tiny"]
    assert figures["accuracy"] > 0.9
    new.write_text("sequence\n" + "AACC" * 8 + "\n" + "GTGT" * 8 + "\n")
    rows = [line.split("\t") for line in hyenadna("predict", run, new).splitlines()]
    assert [row[1] for row in rows] == ["predicted", "ac", "gt"]
