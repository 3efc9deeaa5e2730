"""Each line of LAYERS imports only from lines above it and from its own folder, without circles."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import hyenadna_core

CHECKOUT = Path(__file__).parents[1]
SOURCES = {
    "hyenadna_plugins": CHECKOUT / "plugins",
    "hyenadna_backends": CHECKOUT / "backends",
    "hyenadna_core": CHECKOUT,
}
# Files and folders of hyenadna_core. An import inside a function counts.
LAYERS = """
errors fields recipe tokens hyena_config presets registry keras_classes
definition
terminal markdown
files
genome
labelled
vectors
weights
model
task_types
task fitted_task backend child datasets
evaluation
probe
training
tasks
inference
checks
bench
testing pytest_plugin
cli
commands
builtin
""".strip().splitlines()
LAYER = {name: number for number, line in enumerate(LAYERS) for name in line.split()}
REACH_ALL = {"__init__": "lazily, by name", "__main__": "starts the command"}
LINES_AT_MOST = 300


def module_of(path, root):
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_of(path, root): path
    for package, root in SOURCES.items()
    for path in sorted((root / package).rglob("*.py"))
    if "data" not in path.relative_to(root).parts
}


def imported(module):
    """Return our modules that a module imports, anywhere in its file."""
    names = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {resolve(node.module, alias.name) for alias in node.names}
    return {name for name in names if name in MODULES} - {module}


def resolve(source, name):
    """Return the module that holds a name; `hyenadna_core` finds its public names lazily."""
    if source == "hyenadna_core" and name in hyenadna_core._HOME:
        return f"hyenadna_core.{hyenadna_core._HOME[name]}"
    return f"{source}.{name}" if f"{source}.{name}" in MODULES else source


IMPORTS = {module: imported(module) for module in MODULES}


def part(module):
    """Return the file or folder of hyenadna_core that holds a module."""
    return module.split(".")[1] if "." in module else "__init__"


def folder(module):
    """Return the folder of a module, or the module if it is directly in a package."""
    return ".".join(module.split(".")[:2])


def circle(graph):
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " <- ".join(error.args[1])
    return None


CORE = [module for module in MODULES if module.startswith("hyenadna_core.") and part(module) not in REACH_ALL]


def test_each_file_and_folder_has_a_place_in_the_order():
    assert {part(module) for module in CORE} <= LAYER.keys()


@pytest.mark.parametrize("module", CORE)
def test_a_module_imports_from_lines_above_and_from_its_own_folder(module):
    others = [name for name in IMPORTS[module] if name.startswith("hyenadna_core") and part(name) != part(module)]
    below = {name for name in others if LAYER.get(part(name), len(LAYERS)) >= LAYER[part(module)]}
    same_line = {name for name in below if part(name) in LAYERS[LAYER[part(module)]].split()}
    assert below - same_line == set()


def test_no_circle_between_files():
    assert circle(IMPORTS) is None


def test_no_circle_between_folders():
    graph = {}
    for module, names in IMPORTS.items():
        graph.setdefault(folder(module), set()).update({folder(name) for name in names} - {folder(module)})
    assert circle(graph) is None


def test_only_programs_make_a_plugin_manager():
    makers = {module for module in CORE if "plugin_manager(" in MODULES[module].read_text(encoding="utf-8")}
    assert makers <= {"hyenadna_core.cli", "hyenadna_core.registry", "hyenadna_core.bench.worker"}


def test_no_file_is_too_long_to_read_in_one_sitting():
    folders = ("backends", "docs", "hyenadna_core", "plugins", "tasks", "tests")
    paths = [CHECKOUT / "noxfile.py", *(path for name in folders for path in sorted((CHECKOUT / name).rglob("*.py")))]
    lines = {str(path.relative_to(CHECKOUT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {path: count for path, count in lines.items() if count > LINES_AT_MOST} == {}
