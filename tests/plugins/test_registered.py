"""Things that plug-ins register: names registered twice, and plug-ins that fail."""

import pytest

from hyenadna_core.registry import by_name
from hyenadna_plugins import PluginError, PluginWarning, collect, plugin_manager

PRESET = """
from types import SimpleNamespace
@hookimpl
def register_presets(register):
    register(SimpleNamespace(name={name!r}))
"""
BROKEN = "@hookimpl\ndef register_presets(register): raise RuntimeError('boom')"


def test_a_name_taken_twice_is_an_error_when_it_is_looked_up(install_plugin):
    for plugin in ("one", "three", "two"):
        install_plugin(plugin, PRESET.format(name="of-three" if plugin == "three" else "same"))
    registered = collect(plugin_manager(), "register_presets")
    message = (
        "^'same' is registered by plug-ins 'one' and 'two': leave out all but one of them, "
        "as with HYENADNA_PLUGINS=one,three in the environment.$"
    )
    with pytest.raises(PluginError, match=message):
        by_name(registered, "same", "preset")
    assert by_name(registered, "of-three", "preset").name == "of-three"
    assert by_name(registered, "tiny-1k", "preset", "hyenadna-").name == "hyenadna-tiny-1k"
    assert registered.taken == {"same": ["one", "two"]}
    assert [offer.plugin for name, offer in registered.offers if name == "same"] == ["one", "two"]


def test_the_way_out_of_a_name_taken_twice_is_one(install_plugin, monkeypatch):
    for plugin in ("one", "three", "two"):
        install_plugin(plugin, PRESET.format(name="of-three" if plugin == "three" else "same"))
    monkeypatch.setenv("HYENADNA_PLUGINS", "one,three")
    registered = collect(plugin_manager(), "register_presets")
    assert (registered["same"].plugin, registered["of-three"].plugin) == ("one", "three")


def test_a_name_of_ours_that_a_plugin_takes_is_an_error_too(install_plugin):
    install_plugin("one", PRESET.format(name="hyenadna-tiny-1k"))
    registered = collect(plugin_manager(), "register_presets")
    for name in ("tiny-1k", "hyenadna-tiny-1k"):
        with pytest.raises(
            PluginError, match=r"'builtin' and 'one': leave out .* HYENADNA_PLUGINS= in the environment"
        ):
            by_name(registered, name, "preset", "hyenadna-")
    assert by_name(registered, "small-32k", "preset", "hyenadna-").name == "hyenadna-small-32k"


def test_a_plugin_that_registers_a_name_twice_is_named_alone(install_plugin):
    install_plugin("one", PRESET.format(name="same") + "    register(SimpleNamespace(name='same'))")
    with pytest.raises(
        PluginError, match="by plug-in 'one' more than once: leave it out, as with HYENADNA_PLUGINS= in"
    ):
        by_name(collect(plugin_manager(), "register_presets"), "same", "preset")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (BROKEN, "boom"),
        (PRESET.format(name="half") + "    raise RuntimeError('boom')", "boom"),
        ("@hookimpl\ndef register_presets(register): register('mine')", "it registered 'mine', which has no name"),
        ("@hookimpl\ndef register_presets(register): import not_there", "No module named 'not_there'"),
    ],
)
def test_a_plugin_that_fails_when_asked_costs_one_warning(install_plugin, source, reason):
    install_plugin("broken", source)
    install_plugin("sound", PRESET.format(name="a"))
    manager = plugin_manager()
    with pytest.warns(PluginWarning, match=f"^Plug-in 'broken' failed in register_presets: {reason}$") as caught:
        registered = collect(manager, "register_presets")
    assert len(caught) == 1
    assert registered.failed == {"broken": reason}
    assert {"hyenadna-tiny-1k", "a"} <= registered.keys()
    assert "half" not in registered
    assert "matmul" in collect(manager, "register_fft_convs")
