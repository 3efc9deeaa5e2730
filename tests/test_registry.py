"""The plug-ins of a process, which every look-up shares."""

import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.presets import Preset
from hyenadna_core.registry import find_preset, session_plugins, use_plugins
from hyenadna_plugins import hookimpl, plugin_manager


class Presets:
    """A plug-in with one preset."""

    def __init__(self, config=None):
        self.config = {"n_layer": 1, "d_model": 8, "max_seq_len": 66} if config is None else config

    @hookimpl
    def register_presets(self, register):
        register(Preset("mine", self.config, 0, "here"))


def names_of(plugins):
    return [name for name, _ in plugins.list_name_plugin()]


def test_plugins_are_loaded_once_and_shared_until_they_are_forgotten():
    use_plugins(None)
    plugins = session_plugins()
    assert session_plugins() is plugins
    use_plugins(None)
    assert session_plugins() is not plugins


def test_a_preset_is_found_in_the_plugins_of_the_process():
    plugins = plugin_manager(names=[])
    plugins.register(Presets(), name="presets")
    use_plugins(plugins)
    assert find_preset("mine").name == "mine"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "n_layer is missing: a model needs n_layer, d_model and max_seq_len"),
        ({"n_layer": "2", "d_model": 8, "max_seq_len": 66}, "n_layer must be a whole number"),
        ({"n_layer": 2, "d_model": 8, "max_seq_len": 66, "colour": 1}, "'colour' is not an argument of a model"),
    ],
)
def test_a_preset_that_no_model_can_have_is_named_when_it_is_looked_up(config, message):
    plugins = plugin_manager(names=[])
    plugins.register(Presets(config), name="presets")
    with pytest.raises(HyenaDNAError, match=f"^Preset 'mine' cannot be used: {message}"):
        find_preset("mine", plugins=plugins)


def test_a_plugin_that_is_installed_later_is_seen_by_the_next_look_up(install_plugin):
    assert "late" not in names_of(session_plugins())
    install_plugin("late", "")
    assert "late" in names_of(session_plugins())


def test_a_command_hands_its_plugins_to_all_look_ups(cli, install_plugin):
    install_plugin("late", "")
    assert "late" in names_of(session_plugins())
    assert cli("presets")[0] == 0  # it has no plug-ins except the built-in ones
    assert "late" not in names_of(session_plugins())
