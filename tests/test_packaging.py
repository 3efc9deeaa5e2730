"""What is built, and which way imports point."""

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PACKAGES = {
    "hyenadna_core": CHECKOUT / "hyenadna_core",
    "hyenadna_backends": CHECKOUT / "backends" / "hyenadna_backends",
    "hyenadna_plugins": CHECKOUT / "plugins" / "hyenadna_plugins",
}
MAY_IMPORT = {
    "hyenadna_core": {"hyenadna_core", "hyenadna_backends", "hyenadna_plugins"},
    "hyenadna_backends": {"hyenadna_backends"},
    "hyenadna_plugins": {"hyenadna_plugins"},
}


def imported(path):
    """The top-level packages that a file imports, anywhere in it."""
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


def test_plugins_need_pluggy_alone():
    names = {name for path in PACKAGES["hyenadna_plugins"].rglob("*.py") for name in imported(path)}
    assert names - set(sys.stdlib_module_names) == {"pluggy", "hyenadna_plugins"}


def test_the_model_does_not_ask_which_backend_runs():
    for module in ("initializers", "filters", "hyena", "attention", "backbone", "causal_lm", "optimizer", "trainer"):
        assert "config.backend" not in (PACKAGES["hyenadna_core"] / f"{module}.py").read_text(encoding="utf-8")


def test_the_wheel_holds_our_packages_and_nothing_else(tmp_path):
    pytest.importorskip("build", reason="build is not installed")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(CHECKOUT)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert {"hyenadna_core/data/ecoli_K12_MG1655.fa.gz", "hyenadna_core/data/README.md"} <= set(names)
    assert "hyenadna_backends/kernels/jax.py" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
