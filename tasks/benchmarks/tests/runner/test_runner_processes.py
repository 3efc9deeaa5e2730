"""The command in its own process, with processes for its cells."""

import csv
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hyenadna_benchmarks.runner.plan import Plan
from hyenadna_benchmarks.runner.pool import Pool

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
OPTIONS = ("--steps", 20, "--batch-size", 8, "--seeds", 1, "--no-audit", "--jobs", max(2, CORES), "--weights", "none")
SEVERAL = (*OPTIONS, "--datasets", "prom_core_tata,tf_0", "--contenders", "majority,kmer")
# Ctrl-C may be ignored in the background. preexec_fn is not safe where libraries have threads.
HEED_CTRL_C = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "os.execv(sys.executable, [sys.executable, '-m', 'hyenadna_core', *sys.argv[1:]])"
)

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the children of a process in /proc")


@pytest.fixture
def start(environment, tmp_path, data):
    """Return a function that starts the command in tmp_path; all processes end with the test."""
    started = []

    def start_command(*arguments):
        given = ["benchmark", "gue", *map(str, arguments), "--folder", str(data)]
        command = [sys.executable, "-c", HEED_CTRL_C, *given]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, env=environment, cwd=tmp_path, **pipes))
        return started[-1]

    yield start_command
    for process in started:
        kill_all(process)
        process.communicate()


def children(process):
    with suppress(OSError):
        return list(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))
    return []


def kill_all(process):
    """Kill the command and its workers at once, as a machine that loses its power does."""
    if process.poll() is None:
        process.send_signal(signal.SIGSTOP)  # it must not start another worker now
    workers = children(process)
    with suppress(ProcessLookupError):
        process.kill()
    for worker in workers:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def wait_until(condition, process, seconds=600):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


def numbers(folder):
    rows = csv.DictReader((folder / "table.tsv").read_text().splitlines(), dialect="excel-tab")
    return [{name: text for name, text in row.items() if name != "seconds"} for row in rows]


def test_a_suite_that_was_killed_between_its_cells_has_the_numbers_of_an_unbroken_one(start, bench, tmp_path):
    killed, kept = start(*SEVERAL, "--out", "killed"), tmp_path / "killed/cells"
    wait_until(lambda: list(kept.glob("*/*/*/cell.json")), killed)
    assert len(children(killed)) <= max(2, CORES)
    kill_all(killed)
    killed.communicate()
    times = {path: path.stat().st_mtime_ns for path in kept.glob("*/*/*/cell.json")}
    assert 1 <= len(times) < 4
    again = start(*SEVERAL, "--out", "killed")
    _, stderr = again.communicate(timeout=600)
    assert again.returncode == 0, stderr
    assert f"4 measurements of 2 sets. {len(times)} {'is' if len(times) == 1 else 'are'} finished." in stderr
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert bench(*SEVERAL, "--out", "unbroken")[0] == 0
    assert numbers(tmp_path / "killed") == numbers(tmp_path / "unbroken")


def test_a_run_killed_in_training_and_one_with_another_suite_running_equal_one_alone(start, bench, tmp_path):
    options = (*OPTIONS, "--datasets", "prom_core_tata", "--contenders", "scratch")
    killed, other = start(*options, "--out", "killed"), start(*options, "--out", "other")
    run = tmp_path / "killed/cells/prom_core_tata/scratch/seed-0/run"
    wait_until(lambda: list(run.glob("checkpoints/step-*")), killed)
    kill_all(killed)
    killed.communicate()
    assert not (run.parent / "cell.json").exists()
    again = start(*options, "--out", "killed")
    _, stderr = again.communicate(timeout=600)
    assert again.returncode == 0, stderr
    assert other.wait(timeout=600) == 0
    assert bench(*options, "--out", "alone")[0] == 0
    alone = numbers(tmp_path / "alone")
    assert numbers(tmp_path / "killed") == alone
    assert numbers(tmp_path / "other") == alone


def test_python_files_of_the_current_folder_are_not_imported(tmp_path, data, monkeypatch):
    (tmp_path / "random.py").write_text("raise SystemExit(7)\n")
    monkeypatch.chdir(tmp_path)
    options = {"suite": "gue", "sets": ("tf_0",), "weights": ("none",), "contenders": ("majority",), "seeds": 1}
    options |= {"protocol": "holdout", "recipe": "default", "options": {}, "trials": 0, "preset": "tiny-1k"}
    options |= {"folder": str(data), "task": {}, "backend": os.environ.get("KERAS_BACKEND", "torch")}
    plan, ended = Plan(**options, threads=1, audit=False), []
    with (tmp_path / "lock").open("w") as lock:
        Pool(plan, tmp_path / "o", 1, lock).run(plan.cells(), lambda _, error: ended.append(error), lambda _: None)
    assert ended == [""]


def test_ctrl_c_stops_the_workers_with_a_checkpoint_and_one_line(start, tmp_path):
    process = start(*OPTIONS, "--datasets", "tf_0", "--contenders", "scratch", "--steps", 4000, "--out", "o")
    run = tmp_path / "o/cells/tf_0/scratch/seed-0/run"
    wait_until(lambda: (run / "log.tsv").exists(), process)
    workers = children(process)
    assert len(workers) == 1
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=600)
    assert process.returncode == 130
    assert stderr.strip().splitlines()[-2:] == [
        "Stopped; what is finished stays in o, and the same command goes on.",
        "Interrupted.",
    ]
    assert not Path(f"/proc/{workers[0]}").exists()
    assert list(run.glob("checkpoints/step-*")), stderr + (run.parent / "log.txt").read_text()
