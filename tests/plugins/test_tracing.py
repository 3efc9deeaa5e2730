"""The trace of hook calls."""

import pytest

from hyenadna_plugins import PluginWarning, collect, plugin_manager

PRESET = """
from types import SimpleNamespace
@hookimpl
def register_presets(register):
    register(SimpleNamespace(name={name!r}))
"""
BROKEN = "@hookimpl\ndef register_presets(register): raise RuntimeError('boom')"


def test_a_trace_has_a_line_for_each_call_and_each_result(install_plugin, monkeypatch, capsys):
    install_plugin("one", PRESET.format(name="a") + "@hookimpl\ndef fetch_weights(uri): return 'here' * 1000")
    manager = plugin_manager()
    collect(manager, "register_presets")
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("HYENADNA_TRACE_PLUGINS", "1")
    manager = plugin_manager()
    collect(manager, "register_presets")
    manager.hook.fetch_weights(uri="s3://x\ny", cache_dir=None)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == [
        "plugins: loaded builtin from hyenadna_core.builtin",
        "plugins: loaded one from one",
    ]
    assert lines[2] == "plugins: register_presets(register=register) asks builtin"
    assert lines[3].startswith("plugins: register_presets registered hyenadna-tiny-1k, ")
    assert lines[4:7] == [
        "plugins: register_presets(register=register) asks one",
        "plugins: register_presets registered a",
        r"plugins: fetch_weights(uri='s3://x\ny', cache_dir=None) asks one, builtin",
    ]
    assert lines[7].startswith("plugins: fetch_weights -> ")
    assert len(lines) == 8
    assert max(map(len, lines)) < 300


@pytest.mark.parametrize("value", ["", "0"])
def test_a_trace_that_is_not_asked_for_is_not_there(monkeypatch, capsys, value):
    monkeypatch.setenv("HYENADNA_TRACE_PLUGINS", value)
    collect(plugin_manager(), "register_presets")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("source", [BROKEN, "raise RuntimeError('boom')"])
def test_a_trace_has_the_whole_of_what_went_wrong(install_plugin, monkeypatch, capsys, source):
    install_plugin("broken", source)
    monkeypatch.setenv("HYENADNA_TRACE_PLUGINS", "1")
    with pytest.warns(PluginWarning, match="boom"):
        collect(plugin_manager(), "register_presets")
    stderr = capsys.readouterr().err
    assert "Traceback (most recent call last):" in stderr
    assert 'broken.py", line' in stderr
