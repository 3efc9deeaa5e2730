"""What finished measurements were made with: other options are refused, and cells can be added."""

import csv
import json
import shutil

import pytest
from hyenadna_benchmarks.runner import cells

from hyenadna_core import CausalLM, find_preset, load, save

SET = ("--datasets", "prom_core_tata", "--no-audit")
SCRATCH = (*SET, "--steps", 1, "--seeds", 2, "--contenders", "scratch", "--weights", "none")
SIMPLE = (*SET, "--contenders", "majority,kmer")
PLACE = "o/cells/prom_core_tata"


def table(out):
    return list(csv.DictReader((out / "table.tsv").read_text().splitlines(), dialect="excel-tab"))


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Return the path of a copy of a finished folder, which the first test makes."""
    return tmp_path_factory.mktemp("measured") / "o"


@pytest.fixture
def started(bench, tmp_path, measured):
    """Return a function that goes on in the folder o, which has two measurements of a network."""
    if measured.exists():
        shutil.copytree(measured, tmp_path / "o")
    else:
        assert bench(*SCRATCH, "--out", "o")[0] == 0
        shutil.copytree(tmp_path / "o", measured)

    def go_on(*options):
        status, _, stderr = bench(*SCRATCH, *options, "--out", "o")
        return stderr if status == 0 else str(status)

    return go_on


OTHERS = {
    "--protocol holdout, and now it is paper": ["--protocol", "paper"],
    "the options of training steps 1, and now it is steps 3": ["--steps", 3],
    "--preset tiny-1k, and now it is tiny-16k-d128": ["--preset", "tiny-16k-d128"],
    "--trials of a sweep: 0, and now it is 1": ["--sweep", "--trials", 1],
}


@pytest.mark.parametrize("has_plan", [True, False])  # False: as in a folder of published measurements
def test_measurements_of_other_options_are_refused(started, tmp_path, has_plan):
    if not has_plan:
        (tmp_path / "o/benchmark.json").unlink()
    for difference, options in OTHERS.items():
        assert started(*options) == (
            f"prom_core_tata, scratch, seed 0: measured with {difference}: remove {PLACE}/scratch/seed-0 (and 1 other "
            "measurement), or choose another --out."
        )
    assert "All 2 measurements in o are finished." in started()


def test_a_measurement_of_another_backend_is_refused(bench, session):
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    before = session.backend.name
    session.backend.name = "numpy"
    assert str(bench(*SIMPLE, "--out", "o")[0]) == (
        f"prom_core_tata, majority: measured with the backend {before}, and now it is numpy: remove "
        f"{PLACE}/majority/once (and 1 other measurement), or choose another --out."
    )


def test_one_measurement_of_other_options_is_named(started, tmp_path):
    edit(tmp_path / PLACE / "scratch/seed-1/cell.json", options={"steps": 3})
    assert started() == (
        "prom_core_tata, scratch, seed 1: measured with the options of training steps 3, and now it is steps 1: "
        f"remove {PLACE}/scratch/seed-1, or choose another --out."
    )


def test_published_measurements_that_do_not_tell_their_preset_and_trials_are_used(started, tmp_path):
    (tmp_path / "o/benchmark.json").unlink()
    for seed in range(2):
        path = tmp_path / PLACE / f"scratch/seed-{seed}/cell.json"
        kept = json.loads(path.read_text())
        path.write_text(json.dumps({name: kept[name] for name in kept if name not in ("preset", "trials", "cropped")}))
    assert "All 2 measurements in o are finished." in started()
    assert "--trials of a sweep: 0, and now it is 1" in started("--sweep", "--trials", 1)


def test_other_weights_of_the_same_name_are_refused(bench, tmp_path):
    options = (*SET, "--contenders", "probe", "--weights")
    for folder in "ab":
        save(load("human-chr20-1k"), tmp_path / folder / "mine")
    assert bench(*options, "a/mine", "--out", "o")[0] == 0
    shutil.copytree(tmp_path / "a", tmp_path / "c")
    assert "All 1 measurements in o are finished." in bench(*options, "c/mine", "--out", "o")[2]
    random = CausalLM.from_hyena_config(find_preset("tiny-1k").hyena_config)
    shutil.rmtree(tmp_path / "b")
    save(random, tmp_path / "b/mine")
    assert str(bench(*options, "b/mine", "--out", "o")[0]) == (
        f"prom_core_tata, mine, frozen: measured with the weights {tmp_path}/a/mine, and now it is {tmp_path}/b/mine: "
        f"remove {PLACE}/probe-mine/once, or choose another --out."
    )


def test_sets_contenders_and_seeds_are_added_to_a_folder(started, tmp_path):
    path = tmp_path / PLACE / "scratch/seed-0/cell.json"
    kept = path.stat().st_mtime_ns
    assert "4 measurements of 1 set. 2 are finished." in started("--contenders", "kmer,scratch", "--seeds", 3)
    assert "4 measurements of 2 sets. 1 is finished." in started(
        "--datasets", "tf_0,prom_core_tata", "--contenders", "scratch,majority", "--seeds", 1
    )
    assert [(row["set"], row["contender"]) for row in table(tmp_path / "o")] == [
        *(("tf_0", "scratch"), ("tf_0", "majority"), ("prom_core_tata", "scratch"), ("prom_core_tata", "majority"))
    ]
    assert path.stat().st_mtime_ns == kept
    started("--seeds", 3)
    assert [(row["contender"], row["n"]) for row in table(tmp_path / "o")] == [("scratch", "3")]


def test_options_of_training_do_not_change_simple_models(bench):
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    assert "All 2 measurements in o are finished." in bench(*SIMPLE, "--steps", 3, "--out", "o")[2]


def test_moved_data_are_used_if_their_rows_are_the_same(bench, tmp_path, own_data):
    assert bench(*SIMPLE, "--folder", own_data, "--out", "o")[0] == 0
    own_data.rename(tmp_path / "moved")
    assert "All 2 measurements in o are finished." in bench(*SIMPLE, "--folder", "moved", "--out", "o")[2]
    path = tmp_path / "moved/prom/prom_core_tata/test.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    (tmp_path / "moved").rename(tmp_path / "changed")
    assert "The test rows of prom_core_tata have changed" in str(bench(*SIMPLE, "--folder", "changed", "--out", "o")[0])


def test_rows_of_a_set_that_the_last_command_did_not_name_are_compared(bench, tmp_path):
    others = ("--no-audit", "--contenders", "majority", "--datasets")
    assert bench(*others, "tf_0", "--out", "o")[0] == 0
    assert bench(*SIMPLE, "--out", "published")[0] == 0
    shutil.copytree(tmp_path / "published/cells/prom_core_tata", tmp_path / PLACE)
    path = tmp_path / PLACE / "kmer/once/cell.json"
    edit(path, rows_sha256=json.loads(path.read_text())["rows_sha256"] | {"test": "0"})
    edit(tmp_path / PLACE / "majority/once/cell.json", rows_sha256={})
    assert str(bench(*SIMPLE, "--out", "o")[0]).startswith("The test rows of prom_core_tata have changed")


def test_another_suite_in_the_same_folder_is_one_line(bench):
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    other = ("--datasets", "human_enhancers_cohn", "--contenders", "majority", "--out", "o")
    assert str(bench(*other, suite="genomic-benchmarks")[0]) == (
        "o has results of GUE, and now the suite is GenomicBenchmarks: choose another --out."
    )


def test_a_wrong_folder_does_not_lock_the_results(bench, tmp_path):
    assert "wrong has 0 of 3 files" in str(bench(*SIMPLE, "--folder", "wrong", "--out", "o")[0])
    assert not (tmp_path / "o/benchmark.json").exists()
    assert bench(*SIMPLE, "--out", "o")[0] == 0


def test_a_plan_without_a_finished_measurement_is_replaced(bench, tmp_path):
    cells.write_json(tmp_path / "o/benchmark.json", {"suite": "nt-revised", "threads": 77})
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    kept = json.loads((tmp_path / "o/benchmark.json").read_text())
    assert kept["suite"] == "gue"
    assert kept["threads"] != 77


def test_the_threads_of_a_folder_stay(bench, tmp_path):
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    edit(tmp_path / "o/benchmark.json", threads=77)
    edit(tmp_path / PLACE / "majority/once/cell.json", threads=1)
    cells.write_json(tmp_path / PLACE / "kmer/once/cell.json", None)
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    assert json.loads((tmp_path / PLACE / "kmer/once/cell.json").read_text())["threads"] == 77
    assert "made with 1 thread: the last digits may differ" in table(tmp_path / "o")[0]["caution"]
    assert "made with" not in table(tmp_path / "o")[1]["caution"]


def test_other_versions_of_packages_are_a_caution(bench, tmp_path, session):
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    for name, numpy in (("majority", "1.0"), ("kmer", "2.0")):
        other = {"jax": numpy, "torch": numpy, "mlx": numpy} | {session.backend.name: "9"}
        edit(tmp_path / PLACE / name / "once/cell.json", versions=other | {"numpy": numpy, "keras": "3"})
    status, printed, _ = bench(*SIMPLE, "--out", "o")
    assert status == 0
    cautions = [row["caution"].split("; ")[-1] for row in table(tmp_path / "o")]
    assert cautions == [f"made with numpy {number}: the last digits may differ" for number in ("1.0", "2.0")]
    assert cautions[0] in printed
