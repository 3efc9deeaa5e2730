"""Check the built distributions, and which packages import which."""

import ast
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

CHECKOUT = Path(__file__).parents[1]
PROJECTS = [CHECKOUT, *sorted(path.parent for path in CHECKOUT.glob("tasks/*/pyproject.toml"))]
NO_SOURCES = (".git", ".nox", ".venv", ".*_cache", "__pycache__", "*.egg-info", "build", "dist", "runs")
PACKAGES = {
    "hyenadna_core": CHECKOUT / "hyenadna_core",
    "hyenadna_backends": CHECKOUT / "backends" / "hyenadna_backends",
    "hyenadna_plugins": CHECKOUT / "plugins" / "hyenadna_plugins",
}
CHECKED_BY_MYPY = set(tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["mypy"]["packages"])
MAY_IMPORT = {
    "hyenadna_core": {"hyenadna_core", "hyenadna_backends", "hyenadna_plugins"},
    "hyenadna_backends": {"hyenadna_backends"},
    "hyenadna_plugins": {"hyenadna_plugins"},
}


def imported(path):
    """Return the top-level packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package):
    files = list(PACKAGES[package].rglob("*.py"))
    assert files
    for path in files:
        ours = {name for name in imported(path) if name.startswith("hyenadna")}
        assert ours <= MAY_IMPORT[package], path


def test_plugins_need_only_pluggy():
    names = {name for path in PACKAGES["hyenadna_plugins"].rglob("*.py") for name in imported(path)}
    assert names - set(sys.stdlib_module_names) == {"pluggy", "hyenadna_plugins"}


def test_the_model_does_not_ask_which_backend_runs():
    files = [
        *(PACKAGES["hyenadna_core"] / "model").glob("*.py"),
        *(PACKAGES["hyenadna_core"] / "training").glob("*.py"),
    ]
    assert len(files) > 20
    for path in files:
        assert "config.backend" not in path.read_text(encoding="utf-8"), path


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Return a function that builds a project once: sdist, wheel of the sdist, wheel."""
    for package in ("build", "setuptools", "twine"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    done = {}

    def build(source):
        if source not in done:
            folder = tmp_path_factory.mktemp("dists")
            copy = shutil.copytree(source, folder / "project", ignore=shutil.ignore_patterns(*NO_SOURCES))
            for out, options in (("sdist", []), ("wheel", ["--wheel"])):
                command = [sys.executable, "-m", "build", "--no-isolation", *options, "--outdir", folder / out, copy]
                subprocess.run(command, check=True, capture_output=True)
            (sdist,), (of_sdist,) = (folder / "sdist").glob("*.tar.gz"), (folder / "sdist").glob("*.whl")
            (wheel,) = (folder / "wheel").glob("*.whl")
            done[source] = SimpleNamespace(sdist=sdist, wheel_of_sdist=of_sdist, wheel=wheel)
        return done[source]

    return build


@pytest.fixture(params=PROJECTS, ids=lambda source: "core" if source == CHECKOUT else source.name)
def project(request, build):
    """Build each distribution."""
    return build(request.param)


@pytest.fixture
def core(build):
    """Build the distribution hyenadna."""
    return build(CHECKOUT)


def contents(wheel):
    """Return the files of a wheel and their checksums, except RECORD, which has no fixed order."""
    with zipfile.ZipFile(wheel) as archive:
        return {file.filename: file.CRC for file in archive.infolist() if not file.filename.endswith("/RECORD")}


def packages(wheel):
    """Return the names that a wheel adds to site-packages, except its metadata."""
    return {top for name in contents(wheel) if not (top := name.split("/")[0]).endswith((".dist-info", ".data"))}


def test_twine_has_nothing_against_it(project):
    command = [sys.executable, "-m", "twine", "check", "--strict", str(project.sdist), str(project.wheel)]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout


def test_the_wheel_of_the_sdist_is_that_of_the_project(project):
    assert contents(project.wheel_of_sdist) == contents(project.wheel)


def test_no_name_that_others_might_use_reaches_site_packages(project):
    assert packages(project.wheel)
    assert all(name.startswith("hyenadna_") for name in packages(project.wheel))


def test_the_sdist_installs(project, tmp_path):
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--quiet", "--target", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(project.sdist)], check=True)
    for name in packages(project.wheel):
        command = [sys.executable, "-P", "-c", f"import {name}; print({name}.__file__)"]
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        answer = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        assert Path(answer.stdout.strip()) == tmp_path / name / "__init__.py"


def test_type_checkers_read_the_packages_that_mypy_checks(project):
    typed = {name for name in packages(project.wheel) if f"{name}/py.typed" in contents(project.wheel)}
    assert typed == packages(project.wheel) & CHECKED_BY_MYPY


def test_the_core_holds_our_packages_and_nothing_else(core):
    assert packages(core.wheel) == set(PACKAGES)
    names = contents(core.wheel)
    data = {"ecoli_K12_MG1655.fa.gz", "README.md", "template/pyproject.toml", "template/hyenadna_template/__init__.py"}
    assert {f"hyenadna_core/data/{name}" for name in data} <= set(names)
    assert "hyenadna_backends/kernels/jax.py" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_of_the_core_has_the_whole_suite(core):
    with tarfile.open(core.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tests/conftest.py", "tests/data/toy_genome/toy.fa", "docs/plugins.md", "constraints.txt"} <= names
    assert not [name for name in names if name.endswith((".pyc", ".fai"))]
