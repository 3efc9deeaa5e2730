"""Plug-ins on the command line: the lists of their parts, and one line for each problem."""

import json
import subprocess
import sys

import pytest

from hyenadna_backends import BACKENDS
from hyenadna_core.cli import main
from hyenadna_core.tasks.causal_lm import CausalLMTask

PRESET = """
from hyenadna_core.presets import Preset
@hookimpl
def register_presets(register):
    register(Preset({name!r}, {{"n_layer": 2, "d_model": 8, "max_seq_len": 66}}, 1, "made up"))
"""
COMMAND = """
import click
@hookimpl
def register_commands(cli):
    @cli.command({name!r})
    @click.option("--loud", is_flag=True)
    def command(loud):
        \"\"\"Speaks.\"\"\"
        click.echo("said by " + __name__)
"""
BROKEN = "@hookimpl\ndef register_presets(register): raise RuntimeError('boom')"


@pytest.fixture
def hyenadna(capsys):
    """Return a function that runs the command with all plug-ins: (exit status, stdout, stderr)."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(list(arguments))
        return stop.value.code, *capsys.readouterr()

    return run


def listed(hyenadna, *arguments):
    status, stdout, _ = hyenadna(*arguments, "--json")
    assert status == 0
    return {row["name"]: row for row in json.loads(stdout)}


def test_plugins_are_listed_with_what_they_registered(hyenadna, install_plugin):
    install_plugin("mine", PRESET.format(name="my-preset") + COMMAND.format(name="speak"), version="2.1")
    rows = listed(hyenadna, "plugins")
    assert rows["mine"] == {
        "name": "mine",
        "distribution": "mine",
        "version": "2.1",
        "hooks": ["register_commands", "register_presets"],
        "registered": {"presets": ["my-preset"], "commands": ["speak"]},
        "problems": [],
    }
    assert rows["builtin"]["distribution"] == "hyenadna"
    assert rows["builtin"]["registered"]["datasets"] == ["ecoli-k12"]
    header, *lines = hyenadna("plugins")[1].splitlines()
    assert header == "name\tdistribution\tversion\thooks\tregistered\tproblems"
    assert lines[1] == "mine\tmine\t2.1\tregister_commands, register_presets\tpresets: my-preset; commands: speak\t"


PARTS = {  # what the hook registers, and the reason that the warning gives
    "presets": ("Preset('odd', {}, 0, 'here')", "n_layer is missing"),
    "tasks": ("SimpleNamespace(name='odd', __doc__=3)", "'int' object has no attribute 'strip'"),
    "datasets": ("SimpleNamespace(name='odd')", "'types.SimpleNamespace' object has no attribute 'description'"),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_thing_that_cannot_be_described_is_left_out_and_the_others_are_listed(hyenadna, install_plugin, part):
    thing, reason = PARTS[part]
    source = "from types import SimpleNamespace\nfrom hyenadna_core.presets import Preset\n"
    install_plugin("mine", f"{source}@hookimpl\ndef register_{part}(register): register({thing})")
    status, stdout, stderr = hyenadna(part)
    assert status == 0
    assert len(stdout.splitlines()) > 1
    assert "odd" not in stdout
    (line,) = stderr.splitlines()
    assert line.startswith(f"Warning: Plug-in 'mine': 'odd' is left out: {reason}")


def test_plugins_that_went_wrong_are_listed_with_the_reason(hyenadna, install_plugin):
    install_plugin("absent", "import not_there")
    install_plugin("broken", BROKEN)
    install_plugin("future", "", version="3.1", group="hyenadna.2")
    rows = listed(hyenadna, "plugins")
    assert rows["absent"]["problems"] == ["left out: No module named 'not_there'"]
    assert (rows["absent"]["hooks"], rows["absent"]["registered"]) == ([], {})
    assert rows["broken"]["problems"] == ["presets: boom"]
    assert rows["future"]["version"] == "3.1"
    assert rows["future"]["problems"][0].startswith("left out: it was made for version 2 of the hooks")


def test_names_that_two_plugins_want_are_listed_for_both(hyenadna, install_plugin):
    install_plugin("one", PRESET.format(name="same"))
    install_plugin("two", PRESET.format(name="same"))
    presets = [row for row in json.loads(hyenadna("presets", "--json")[1]) if row["name"] == "same"]
    assert [(row["plugin"], row["clashes_with"]) for row in presets] == [("one", ["two"]), ("two", ["one"])]
    rows = listed(hyenadna, "plugins")
    for name in ("one", "two"):
        (problem,) = rows[name]["problems"]
        assert problem.startswith("'same' is registered by plug-ins 'one' and 'two': leave out all but one")
    status, _, stderr = hyenadna("doctor", "--preset", "same")
    assert (status, stderr.splitlines()[-1]) == (1, f"Error: {problem}")


def test_tasks_are_listed_with_the_first_line_of_their_docstring(hyenadna):
    first, _, _ = CausalLMTask.__doc__.partition("\n")
    assert listed(hyenadna, "tasks")["causal-lm"] == {
        "name": "causal-lm",
        "description": first,
        "plugin": "builtin",
        "clashes_with": [],
    }


def test_a_task_without_a_docstring_is_listed_too(hyenadna, install_plugin):
    source = "class MyTask:\n    name = 'mine'\n@hookimpl\ndef register_tasks(register): register(MyTask)"
    install_plugin("one", source)
    assert listed(hyenadna, "tasks")["mine"]["description"] == ""


def test_datasets_are_listed(hyenadna):
    row = listed(hyenadna, "datasets")["ecoli-k12"]
    facts = ["sequences", "classes", "median_length", "metric"]
    assert list(row) == ["name", "description", "licence", "source", "task", *facts, "plugin", "clashes_with"]
    assert (row["task"], row["plugin"]) == ("causal-lm", "builtin")


MANY_SETS = """
from hyenadna_core.datasets import Dataset
@hookimpl
def register_datasets(register):
    for number in range(40):
        register(Dataset(f"suite/set_{number}", "made up", "CC0-1.0", "nowhere", None, task="mine", sequences=1234))
"""


def test_datasets_are_chosen_by_a_part_of_their_name_or_task(hyenadna, install_plugin):
    install_plugin("one", MANY_SETS)
    names = [[row["name"] for row in json.loads(hyenadna("datasets", text, "--json")[1])] for text in ("SET_3", "mine")]
    assert names[0] == ["suite/set_3", *(f"suite/set_{number}" for number in range(30, 40))]
    assert len(names[1]) == 40
    status, _, stderr = hyenadna("datasets", "yeast")
    assert (status, stderr.splitlines()[-1]) == (
        1,
        "Error: No dataset has 'yeast' in its name or task: `hyenadna datasets` lists all.",
    )


def test_a_plugin_with_many_parts_has_a_short_line_at_a_terminal():
    from hyenadna_core.commands.plugins import COLUMNS

    registered = next(column for column in COLUMNS if column.heading == "registered")
    names = [f"set_{number}" for number in range(40)]
    row = {"registered": {"tasks": ["mine"], "datasets": names}, "hooks": ["register_datasets"]}
    assert registered.of(row) == {"tasks": ["mine"], "datasets": f"{', '.join(names[:8])} and 32 more"}
    assert registered.of(row | {"registered": {}}) == ["register_datasets"]


def test_a_long_list_of_datasets_has_a_line_each_at_a_terminal(monkeypatch, capsys):
    from hyenadna_core.commands import datasets
    from hyenadna_core.terminal import print_table

    monkeypatch.setenv("COLUMNS", "120")
    row = {
        "name": "genomic-benchmarks/demo_coding_vs_intergenomic_seqs",
        "description": "long " * 9,
        "source": "x" * 90,
    }
    row |= {"licence": "CC-BY-NC-SA-4.0", "task": "mine", "sequences": 100_000, "classes": 2, "median_length": 200}
    row |= {"metric": "accuracy", "plugin": "benchmarks", "clashes_with": []}
    print_table([row] * 80, datasets.SHORT)
    assert len(capsys.readouterr().out.splitlines()) == 81


def test_a_dataset_is_fetched(hyenadna):
    header, row = hyenadna("datasets", "--fetch", "ecoli-k12")[1].splitlines()
    assert header == "split\tpath"
    assert row.startswith("genome\t")
    assert row.endswith("ecoli_K12_MG1655.fa.gz")


def test_each_warning_is_one_line_however_often_it_is_raised(hyenadna, install_plugin):
    install_plugin("absent", "import not_there")
    install_plugin("broken", BROKEN)
    status, _, stderr = hyenadna("doctor", "--preset", "tiny-1k")  # it looks up plug-ins more than once
    assert status == 0
    assert stderr.splitlines() == [
        "Warning: Plug-in 'absent' was left out: No module named 'not_there'",
        "Warning: Plug-in 'broken' failed in register_presets: boom",
        "Python and the backend need 0.3 to 0.6 GB more.",
    ]


def test_other_warnings_are_as_they_are(hyenadna, install_plugin):
    command = COMMAND.format(name="warn").replace("click.echo(", "import warnings; warnings.warn(")
    install_plugin("one", command)
    with pytest.warns(UserWarning, match="said by one"):
        assert hyenadna("warn") == (0, "", "")


def test_a_plugin_that_fails_in_register_commands_adds_none(hyenadna, install_plugin):
    install_plugin("broken", COMMAND.format(name="speak") + "    raise RuntimeError('boom')")
    install_plugin("sound", COMMAND.format(name="say"))
    assert hyenadna("say") == (0, "said by sound\n", "Warning: Plug-in 'broken' failed in register_commands: boom\n")
    assert hyenadna("speak")[0] == 2


def test_a_command_that_two_plugins_add_is_an_error_when_it_is_called(hyenadna, install_plugin):
    install_plugin("one", COMMAND.format(name="speak"))
    install_plugin("two", COMMAND.format(name="speak"))
    install_plugin("three", COMMAND.format(name="say"))
    line = "'speak' is registered by plug-ins 'one' and 'two': leave out all but one of them, "
    line += "as with HYENADNA_PLUGINS=one,three in the environment."
    for options in ([], ["--loud"], ["--help"]):
        assert hyenadna("speak", *options) == (1, "", f"Error: {line}\n")
    assert hyenadna("say")[1] == "said by three\n"
    stdout = hyenadna("--help")[1]
    assert "  speak      Not available: registered by one, two.\n" in stdout
    assert "  say        Speaks.\n" in stdout


def test_a_command_of_ours_is_not_replaced(hyenadna, install_plugin):
    install_plugin("one", COMMAND.format(name="presets"))
    status, stdout, stderr = hyenadna("presets")
    assert (status, stdout) == (1, "")
    assert stderr.startswith("Error: 'presets' is registered by plug-ins 'builtin' and 'one': leave out all but one")


@pytest.mark.parametrize("command", ["plugins", "tasks", "datasets", "presets"])
def test_lists_start_no_backend(command):
    modules = sorted({name for backend in BACKENDS.values() for name in backend.modules})
    code = (
        "import sys\n"
        "from hyenadna_core.cli import main\n"
        f"try: main([{command!r}])\n"
        "except SystemExit as stop: status = stop.code\n"
        f"print(status, sorted(set({modules}) & set(sys.modules)), file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stderr == "0 []\n"
