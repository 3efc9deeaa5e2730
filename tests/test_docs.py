"""Check README and docs against the code: Python blocks run and commands parse."""

import importlib
import importlib.util
import inspect
import re
import shlex
from pathlib import Path

import click
import pytest

from hyenadna_backends import BACKENDS, Choice
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.tasks.template import write_task
from hyenadna_plugins import hookspecs, manager, plugin_manager, tracing

CHECKOUT = Path(__file__).parents[1]
PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
DISTRIBUTIONS = sorted({path.parent.name for path in CHECKOUT.glob("tasks/*/pyproject.toml")} - {"template"})
HOOKS = [name for name, spec in vars(hookspecs).items() if hasattr(spec, "hyenadna_spec")]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def write_package(page, folder):
    """Write the Python blocks of a page that begin with the path of a file, as its reader does."""
    for block in blocks(page, "python"):
        first, _, text = block.partition("\n")
        if match := re.fullmatch(r"# (\S+/\S+\.py)", first):
            (folder / match[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / match[1]).write_text(text, encoding="utf-8")


@pytest.mark.one_backend
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
@pytest.mark.usefixtures("trains")  # the README's custom head is fitted
def test_python_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_package(page, tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "hyenadna-kmers")
    namespace = {"__name__": page.stem}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), namespace)


def commands():
    for page in PAGES:
        for block in blocks(page, "bash"):
            for line in block.replace("\\\n", " ").splitlines():
                for part in line.split("&&"):
                    words = [
                        word for word in shlex.split(part, comments=True) if not re.fullmatch(r"[A-Z_]+=\S*", word)
                    ]
                    if words[:1] == ["hyenadna"]:
                        yield pytest.param(words[1:], id=f"{page.name}: {' '.join(words)}")


@pytest.fixture
def kmers(tmp_path, monkeypatch):
    """Write the plug-in of the tutorial on rows that stream; return its module."""
    write_package(CHECKOUT / "docs" / "tutorial_bed.md", tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "hyenadna-kmers")
    return importlib.import_module("hyenadna_kmers")


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """Write the plug-in of the tutorial; return its folder and its module."""
    folder = write_task("shuffled", tmp_path_factory.mktemp("tutorial") / "hyenadna-shuffled")
    path = folder / "hyenadna_shuffled" / "__init__.py"
    spec = importlib.util.spec_from_file_location("hyenadna_shuffled", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return folder, module


def test_the_tutorial_shows_what_new_task_writes(tutorial):
    page, (folder, _) = CHECKOUT / "docs" / "tutorial.md", tutorial
    assert blocks(page, "python") == [(folder / "hyenadna_shuffled" / "__init__.py").read_text(encoding="utf-8")]
    (lines,) = blocks(page, "toml")
    assert lines in (folder / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", list(commands()))
def test_commands_have_the_options_that_the_docs_give_them(words, tutorial, kmers, monkeypatch):
    session = Session(plugin_manager(names=[]), Choice("jax", "test"))
    session.plugins.register(tutorial[1], name="shuffled")
    session.plugins.register(kmers, name="kmers")
    for name in DISTRIBUTIONS:
        monkeypatch.syspath_prepend(CHECKOUT / "tasks" / name)
        session.plugins.register(importlib.import_module(f"hyenadna_{name}"), name=name)
    command = make_cli(session)
    if words[0].startswith("--"):
        assert words[0] in ("--help", "--version")
        return
    while isinstance(command, click.Group):
        command, words = command.commands[words[0]], words[1:]
    with click.Context(command, info_name=command.name, obj=session) as context:
        command.parse_args(context, [word for word in words if word != "--help"])


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_is_documented_with_its_signature(hook):
    arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    assert f"## `{hook}({arguments})`" in (CHECKOUT / "docs" / "plugins.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_has_a_user(hook):
    assert getattr(plugin_manager(names=[]).hook, hook).get_hookimpls()


def test_what_plugins_read_in_the_environment_is_documented():
    text = (CHECKOUT / "docs" / "plugins.md").read_text(encoding="utf-8")
    for name in (manager.ENVIRONMENT, tracing.ENVIRONMENT):
        assert f"`{name}=" in text


def test_the_readme_lists_every_backend_that_is_tested():
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    for name, backend in BACKENDS.items():
        if "hyenadna[" in backend.install:
            assert f"`{name}`" in text
