"""The plug-in system, with real plug-ins: modules and entry points in a folder of their own."""

import sys
import warnings
from types import SimpleNamespace

import pytest

from hyenadna_backends import fft_conv
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.registry import select_fft_conv
from hyenadna_plugins import PluginError, collect, hookimpl, plugin_manager


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a plug-in's module and entry point on the path, as pip would."""

    def install(name, source):
        (tmp_path / f"{name}.py").write_text("from hyenadna_plugins import hookimpl\n" + source)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[hyenadna]\n{name} = {name}\n")

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("HYENADNA_PLUGINS", raising=False)
    yield install
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


PRESET = """
from types import SimpleNamespace
@hookimpl
def register_presets(register):
    register(SimpleNamespace(name={name!r}))
"""


def names(**arguments):
    return {name for name, _ in plugin_manager(**arguments).list_name_plugin()}


def test_our_own_presets_tasks_and_commands_come_through_the_hooks():
    manager = plugin_manager(names=[])
    assert {name for name, _ in manager.list_name_plugin()} == {"builtin"}
    assert {plugin for _, plugin in collect(manager, "register_presets").values()} == {"builtin"}
    assert "hyenadna-tiny-1k" in collect(manager, "register_presets")
    assert list(collect(manager, "register_tasks")) == ["causal-lm"]


def test_a_plugin_is_found_and_named_as_the_origin(install):
    install("mine", PRESET.format(name="my-preset"))
    preset, plugin = collect(plugin_manager(), "register_presets")["my-preset"]
    assert (preset.name, plugin) == ("my-preset", "mine")


FFT_CONV = """
from hyenadna_backends import FFTConv
def load():
    {load}
@hookimpl
def register_fft_convs(register):
    register(FFTConv("mine", load, {backends!r}, "my plug-in"))
"""


@pytest.mark.usefixtures("fresh_kernel")
def test_a_plugin_offers_a_kernel_and_it_is_imported_when_it_is_chosen(install):
    install("one", FFT_CONV.format(load="return lambda u, k, bias: 'computed'", backends=()))
    manager = plugin_manager()
    assert collect(manager, "register_fft_convs")["mine"][1] == "one"
    assert collect(manager, "register_fft_convs")["matmul"][1] == "builtin"
    assert select_fft_conv(manager, None).name != "mine"
    assert select_fft_conv(manager, "mine").source == "my plug-in"
    assert fft_conv(None, None, None) == "computed"
    assert select_fft_conv(manager, None).name == "mine"  # as it is


@pytest.mark.usefixtures("fresh_kernel")
@pytest.mark.parametrize(
    ("load", "backends", "name", "message"),
    [
        ("import not_there", (), "mine", "Kernel 'mine' cannot be loaded: No module named 'not_there'"),
        ("raise RuntimeError('no GPU')", (), "mine", "Kernel 'mine' cannot be loaded: no GPU"),
        (
            "pass",
            ("openvino",),
            "mine",
            "Kernel 'mine' runs on openvino: on backend .* choose one of .*generic, matmul",
        ),
        ("pass", (), "yours", "Unknown kernel 'yours': choose one of .*generic, matmul, mine"),
    ],
)
def test_a_kernel_that_cannot_be_used_is_one_line(install, load, backends, name, message):
    install("one", FFT_CONV.format(load=load, backends=backends))
    with pytest.raises(HyenaDNAError, match=f"^{message}\\.?$"):
        select_fft_conv(plugin_manager(), name)


@pytest.mark.usefixtures("fresh_kernel")
def test_a_wrong_kernel_in_the_environment_is_one_line(monkeypatch):
    monkeypatch.setenv("HYENADNA_FFT_CONV", "cuda")
    with pytest.raises(
        HyenaDNAError, match=r"^Unknown kernel 'cuda': on backend \w+ choose one of .*generic, matmul\.$"
    ):
        select_fft_conv(plugin_manager(names=[]), None)


def test_names_or_the_environment_restrict_what_is_loaded(install, monkeypatch):
    install("one", PRESET.format(name="a"))
    install("two", PRESET.format(name="b"))
    assert names() == {"builtin", "one", "two"}
    assert names(names=["one"]) == {"builtin", "one"}
    monkeypatch.setenv("HYENADNA_PLUGINS", "two, three")
    assert names() == {"builtin", "two"}
    monkeypatch.setenv("HYENADNA_PLUGINS", "")
    assert names() == {"builtin"}


def test_each_manager_is_a_fresh_one():
    first = plugin_manager()
    first.register(SimpleNamespace(), name="temporary")
    assert not plugin_manager().has_plugin("temporary")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise RuntimeError('no such GPU')", "no such GPU"),
        ("import not_there", "No module named 'not_there'"),
        ("@hookimpl\ndef register_preset(register): pass", "unknown hook 'register_preset'"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_costs_one_warning(install, source, reason):
    install("broken", source)
    install("sound", PRESET.format(name="a"))
    with pytest.warns(UserWarning, match=f"Plug-in 'broken' was left out: .*{reason}") as caught:
        manager = plugin_manager()
    assert len(caught) == 1
    assert {name for name, _ in manager.list_name_plugin()} == {"builtin", "sound"}


def test_a_name_taken_twice_names_both_plugins(install):
    install("one", PRESET.format(name="same"))
    install("two", PRESET.format(name="same"))
    with pytest.raises(PluginError, match=r"'same' is registered twice, by plug-ins '(one|two)' and '(one|two)'"):
        collect(plugin_manager(), "register_presets")


def test_a_plugin_that_fails_when_asked_is_named(install):
    install("one", "@hookimpl\ndef register_presets(register): raise RuntimeError('boom')")
    with pytest.raises(PluginError, match="Plug-in 'one' failed in register_presets: boom"):
        collect(plugin_manager(), "register_presets")


def test_a_hook_needs_only_the_arguments_it_uses(install):
    install("one", "@hookimpl\ndef register_presets(): pass")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "hyenadna-tiny-1k" in collect(plugin_manager(), "register_presets")


def test_markers_belong_to_the_group():
    assert hookimpl.project_name == "hyenadna"
