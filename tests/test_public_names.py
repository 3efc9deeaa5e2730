"""The template, the plug-in of the tests and the documents use only names that stay stable."""

import ast
import re
from pathlib import Path

import pytest

import hyenadna_core

ROOT = Path(__file__).parents[1]
MODULES = {f"hyenadna_core.{name}" for name in ("task", "tokens", "presets", "datasets", "recipe", "errors", "testing")}
NAMES = {
    "hyenadna_core": {*hyenadna_core.__all__, *(module.partition(".")[2] for module in MODULES)},
    "hyenadna_backends": {"FFTConv"},
    "hyenadna_plugins": {"hookimpl", "plugin_manager"},
}
OURS = tuple(NAMES)
OF_OUR_OWN = [
    *sorted(f"tasks/{path.parent.name}" for path in ROOT.glob("tasks/*/pyproject.toml")),
    "tests/data/outside",
]


def names_that_are_not_public(source):
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name not in {"hyenadna_core", *MODULES}]
        elif isinstance(node, ast.ImportFrom) and node.module not in MODULES:
            public = NAMES.get(node.module, ())
            names += [f"{node.module}.{alias.name}" for alias in node.names if alias.name not in public]
    return [name for name in names if name.startswith(OURS)]


def python_files(folder):
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "build" not in path.parts)


def names_for_type_checkers():
    """Return the module of each name that hyenadna_core imports only for type checkers."""
    tree = ast.parse(Path(hyenadna_core.__file__).read_text(encoding="utf-8"))
    (block,) = (
        node.body for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    imports = [(node.module, alias) for node in block for alias in node.names]
    assert all(alias.asname == alias.name for _, alias in imports)  # else mypy takes them as private
    return [(alias.name, module) for module, alias in imports]


def test_type_checkers_know_the_public_names():
    home = [(name, f"hyenadna_core.{module}") for name, module in hyenadna_core._HOME.items()]
    assert sorted(names_for_type_checkers()) == sorted(home)


@pytest.mark.parametrize("folder", OF_OUR_OWN)
def test_plugins_of_our_own_import_only_public_names(folder):
    files = python_files(folder)
    own = tuple(path.name for path in (ROOT / folder).glob("hyenadna_*"))
    names = {path.name: names_that_are_not_public(path.read_text(encoding="utf-8")) for path in files}
    assert len(files) > 1
    assert [name for of_file in names.values() for name in of_file if not name.startswith(own)] == []


@pytest.mark.parametrize("page", ["README.md", *sorted(path.name for path in (ROOT / "docs").glob("*.md"))])
def test_documents_import_only_public_names(page):
    path = ROOT / page if page == "README.md" else ROOT / "docs" / page
    blocks = re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert [name for block in blocks for name in names_that_are_not_public(block)] == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from hyenadna_core.tasks.causal_lm import CausalLMTask", ["hyenadna_core.tasks.causal_lm.CausalLMTask"]),
        ("import hyenadna_core.registry", ["hyenadna_core.registry"]),
        ("from hyenadna_core import registry", ["hyenadna_core.registry"]),
        ("from hyenadna_backends import choose", ["hyenadna_backends.choose"]),
        ("def f():\n    from hyenadna_core import load\n    from hyenadna_core.recipe import Recipe", []),
    ],
)
def test_a_name_that_is_not_public_is_found(source, names):
    assert names_that_are_not_public(source) == names
