"""Rows of GUE, and the command in this process, which computes the cells itself."""

import os
import shutil
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from hyenadna_core import HyenaDNAError

# One thread, as each process of a benchmark has if there are as many as cores: the same numbers.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

DATA = Path(__file__).parent / "data"


@pytest.fixture
def data():
    return DATA


@pytest.fixture
def own_data(data, tmp_path):
    """Return a copy of the data that a test may change."""
    return shutil.copytree(data, tmp_path / "data")


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """Return the environment of a process in which the plug-in is installed."""
    environment = dict(os.environ, HYENADNA_CACHE=str(tmp_path_factory.mktemp("cache")))
    if "benchmarks" not in {each.name for each in entry_points(group="hyenadna")}:
        info = tmp_path_factory.mktemp("site") / "hyenadna_benchmarks-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hyenadna-benchmarks\nVersion: 0.1.0\n")
        (info / "entry_points.txt").write_text("[hyenadna]\nbenchmarks = hyenadna_benchmarks\n")
        environment["PYTHONPATH"] = os.pathsep.join([environment.get("PYTHONPATH", ""), str(info.parent)])
    return environment


class HerePool:
    """A pool without processes: cells are computed in this one."""

    stops_before = None  # raises KeyboardInterrupt before this cell

    def __init__(self, plan, out, jobs, lock):
        self.plan, self.out = plan, out

    def run(self, pending, on_end, on_look):
        from hyenadna_benchmarks.runner import cells
        from hyenadna_benchmarks.runner.measured import measure

        for number, cell in enumerate(pending):
            if number == self.stops_before:
                raise KeyboardInterrupt
            folder, error = cell.folder(self.out), ""
            cells.clear(folder)
            try:
                measure(self.plan.spec(cell, self.out), folder)
            except HyenaDNAError as raised:
                error = str(raised)
                cells.write_json(folder / cells.ERROR, {"error": error})
            on_end(cell, error)


@pytest.fixture
def here(monkeypatch):
    """Compute cells in this process."""
    from hyenadna_benchmarks.runner import benchmark

    class Pool(HerePool):
        pass

    monkeypatch.setattr(benchmark, "Pool", Pool)
    return Pool


def backend_of(name):
    return SimpleNamespace(name=name, reason="--backend")


@pytest.fixture
def session():
    """Return the session of the command, whose backend is that of the tests."""
    return SimpleNamespace(backend=backend_of(os.environ.get("KERAS_BACKEND", "torch")))


@pytest.fixture
def bench(here, tmp_path, monkeypatch, session):
    """Return a function that runs the command here: (exit status or error, stdout, stderr)."""
    from hyenadna_benchmarks.commands.benchmark import benchmark

    from hyenadna_core.testing import tiny_backbone  # noqa: F401 (settles the backend)

    monkeypatch.chdir(tmp_path)

    def run(*arguments, suite="gue"):
        given = [suite, *map(str, arguments)]
        if "--folder" not in given:
            given += ["--folder", str(DATA)]
        result = CliRunner().invoke(benchmark, given, obj=session)
        if result.exception and not isinstance(result.exception, HyenaDNAError | SystemExit | KeyboardInterrupt):
            raise result.exception
        return result.exception if result.exception else 0, result.stdout, result.stderr

    return run
