"""Plug-ins that exit, interrupt, print or have damaged metadata cost one line each."""

import json
import signal
import sys
from functools import partial

import pytest

from hyenadna_core.cli import main
from hyenadna_core.errors import MESSAGE
from hyenadna_plugins import PluginError, PluginWarning, call, collect, isolated, plugin_manager

PRESET = """
from hyenadna_core.presets import Preset
@hookimpl
def register_presets(register):
    {first}
    register(Preset({name!r}, {{"n_layer": 2, "d_model": 8, "max_seq_len": 66}}, 1, "made up"))
"""
SOUND = PRESET.format(first="", name="sound")
UNPRINTABLE = """
class Silent(Exception):
    def __str__(self): raise {}
"""
# What the code of a plug-in does, and the reason that is printed.
FAULTS = {
    "exit": ("import sys; sys.exit(0)", "it raised SystemExit: 0"),
    "exit without a code": ("raise SystemExit", "it raised SystemExit"),
    "interrupt": ("raise KeyboardInterrupt", "it raised KeyboardInterrupt"),
    "end of a generator": ("raise GeneratorExit", "it raised GeneratorExit"),
    "base": ("raise BaseException('base')", "it raised BaseException: base"),
    "end of an iteration": ("raise StopIteration", "StopIteration"),
    "without a text": (UNPRINTABLE.format("ValueError") + "raise Silent", "Silent"),
    "whose text exits": (UNPRINTABLE.format("SystemExit(0)") + "raise Silent", "Silent"),
    "escapes": (r"raise ValueError('\x1b[2Jgone')", r"\x1b[2Jgone"),
}


def indented(source):
    return "\n    ".join(source.splitlines())


def in_the_hook(source):
    return PRESET.format(first=indented(source), name="broken")


@pytest.fixture
def hyenadna(capsys):
    """Return a function that runs the command with all plug-ins: (exit status, stdout, stderr)."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(list(arguments))
        return stop.value.code, *capsys.readouterr()

    return run


def names(manager):
    return [name for name, _ in manager.list_name_plugin()]


@pytest.mark.parametrize(("source", "reason"), FAULTS.values(), ids=FAULTS)
def test_whatever_an_import_raises_costs_one_line(install_plugin, hyenadna, source, reason):
    install_plugin("broken", source)
    install_plugin("sound", SOUND)
    status, stdout, stderr = hyenadna("presets", "--json")
    assert (status, stderr) == (0, f"Warning: Plug-in 'broken' was left out: {reason}\n")
    assert json.loads(stdout)[-1]["name"] == "sound"


@pytest.mark.parametrize(("source", "reason"), FAULTS.values(), ids=FAULTS)
def test_whatever_a_hook_raises_costs_one_line(install_plugin, hyenadna, source, reason):
    install_plugin("broken", in_the_hook(source))
    install_plugin("sound", SOUND)
    status, stdout, stderr = hyenadna("presets", "--json")
    assert (status, stderr) == (0, f"Warning: Plug-in 'broken' failed in register_presets: {reason}\n")
    assert json.loads(stdout)[-1]["name"] == "sound"


@pytest.mark.parametrize("place", [str, in_the_hook], ids=["import", "hook"])
def test_a_megabyte_of_text_is_a_short_line(install_plugin, hyenadna, place):
    install_plugin("broken", place("raise ValueError('x' * 10**6)"))
    status, _, stderr = hyenadna("presets")
    assert status == 0
    assert stderr.count("\n") == 1
    assert len(stderr) < MESSAGE


def test_prints_of_a_plugin_do_not_reach_the_result(install_plugin, hyenadna):
    loud = "import sys\nprint('imported')\nsys.stdout.write('written\\n')\n" + in_the_hook("print('called')")
    install_plugin("loud", loud)
    status, stdout, stderr = hyenadna("presets", "--json")
    assert status == 0
    assert json.loads(stdout)[-1]["name"] == "broken"
    assert stderr == "imported\nwritten\ncalled\n"


def test_a_command_of_a_plugin_prints_on_stdout(install_plugin, hyenadna):
    source = "@hookimpl\ndef register_commands(cli):\n    @cli.command('speak')\n    def speak(): print('spoken')"
    install_plugin("one", source)
    assert hyenadna("speak") == (0, "spoken\n", "")


@pytest.mark.parametrize("place", [str, in_the_hook], ids=["import", "hook"])
@pytest.mark.parametrize("swallowed", [False, True])
def test_an_interrupt_by_the_user_goes_through(install_plugin, place, swallowed, request):
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has none
    source = "import signal\nsignal.raise_signal(signal.SIGINT)"
    if swallowed:
        source = "import signal\ntry: signal.raise_signal(signal.SIGINT)\nexcept BaseException: raise ValueError"
    install_plugin("slow", place(source))
    with pytest.raises(KeyboardInterrupt):
        collect(plugin_manager(), "register_presets")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_handlers_of_a_signal_keep_their_meaning():
    came = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        assert isolated(lambda: signal.raise_signal(signal.SIGINT) or "done") == "done"
    finally:
        signal.signal(signal.SIGINT, before)
    assert came == [signal.SIGINT]


def test_a_hook_with_an_answer_that_exits_is_an_error(install_plugin):
    install_plugin("broken", "import sys\n@hookimpl\ndef fetch_weights(uri): sys.exit(0)")
    with pytest.raises(PluginError, match=r"^it raised SystemExit: 0$"):
        call(plugin_manager(), "fetch_weights", "broken", uri="s3://x", cache_dir=None)


def test_a_trace_has_the_place_of_an_exit(install_plugin, monkeypatch, capsys):
    install_plugin("broken", "import sys; sys.exit(0)")
    monkeypatch.setenv("HYENADNA_TRACE_PLUGINS", "1")
    with pytest.warns(PluginWarning):
        plugin_manager()
    assert 'broken.py", line' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "content", "warnings"),
    [
        ("entry_points.txt", b"[hyenadna]\nno equals sign\n", 1),
        ("entry_points.txt", b"[hyenadna]\nbroken = \xff\xfe\n", 1),
        ("entry_points.txt", b"broken = broken\n", 0),
        ("METADATA", b"\xff\xfe\n", 0),
        ("METADATA", b"Metadata-Version: 2.1\nName: broken\n", 0),
        ("METADATA", b"Metadata-Version: 2.1\nVersion: 1.0\n", 0),
        ("METADATA", b"", 0),
        ("METADATA", None, 0),
    ],
)
def test_damaged_metadata_of_one_distribution_leave_the_others(install_plugin, hyenadna, file, content, warnings):
    folder = install_plugin("broken", "")
    path = folder / "broken-1.0.dist-info" / file
    path.unlink() if content is None else path.write_bytes(content)
    install_plugin("sound", SOUND)
    status, stdout, stderr = hyenadna("plugins", "--json")
    rows = {row["name"]: row for row in json.loads(stdout)}
    assert status == 0
    assert rows["sound"]["registered"] == {"presets": ["sound"]}
    assert all(line.startswith("Warning: ") and "broken" in line for line in stderr.splitlines())
    assert len(stderr.splitlines()) == warnings


@pytest.mark.parametrize(
    ("entry_point", "reason"),
    [
        ("broken = not a module", "its entry point 'not a module' names no module"),
        ("broken =", "its entry point '' names no module"),
        ("broken = sound:gone", "module 'sound' has no attribute 'gone'"),
        ("\x1b[31mbroken = gone", "No module named 'gone'"),
        (f"{'x' * 10**5} = gone", "No module named 'gone'"),
        (f"broken = {'x' * 10**5}", "No module named 'xxx"),
    ],
)
def test_a_damaged_entry_point_costs_one_line(install_plugin, hyenadna, entry_point, reason):
    folder = install_plugin("broken", "")
    install_plugin("sound", SOUND)
    (folder / "broken-1.0.dist-info" / "entry_points.txt").write_text(f"[hyenadna]\n{entry_point}\n")
    status, stdout, stderr = hyenadna("plugins", "--json")
    assert status == 0
    assert {"builtin", "sound"} < {row["name"] for row in json.loads(stdout)}
    assert f"was left out: {reason}" in stderr
    assert stderr.count("\n") == 1
    assert stderr.strip().isprintable()
    assert len(stderr) < MESSAGE


def test_a_module_that_two_entry_points_name_is_loaded_once(install_plugin):
    folder = install_plugin("sound", SOUND)
    (folder / "sound-1.0.dist-info" / "entry_points.txt").write_text("[hyenadna]\none = sound\ntwo = sound\n")
    with pytest.warns(PluginWarning, match="^Plug-in 'two' was left out: Plugin already registered") as caught:
        manager = plugin_manager()
    assert names(manager) == ["builtin", "one"]
    assert all(len(str(each.message)) < MESSAGE for each in caught)
    assert "sound" in sys.modules
