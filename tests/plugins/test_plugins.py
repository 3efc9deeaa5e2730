"""The plug-in system, with real plug-ins: modules and entry points in their own folder."""

import sys
import warnings
from types import SimpleNamespace

import pytest

from hyenadna_plugins import (
    HOOKS_VERSION,
    PluginWarning,
    collect,
    hookimpl,
    hookspecs,
    plugin_manager,
    reason_of,
)

PRESET = """
from types import SimpleNamespace
@hookimpl
def register_presets(register):
    register(SimpleNamespace(name={name!r}))
"""
BROKEN = "@hookimpl\ndef register_presets(register): raise RuntimeError('boom')"


def names(**arguments):
    return {name for name, _ in plugin_manager(**arguments).list_name_plugin()}


def test_our_own_things_come_through_the_hooks():
    manager = plugin_manager(names=[])
    assert {name for name, _ in manager.list_name_plugin()} == {"builtin"}
    assert {plugin for _, plugin in collect(manager, "register_presets").values()} == {"builtin"}
    assert "hyenadna-tiny-1k" in collect(manager, "register_presets")
    assert "causal-lm" in collect(manager, "register_tasks")
    assert "ecoli-k12" in collect(manager, "register_datasets")
    assert "mcc" in collect(manager, "register_metrics")
    assert "matmul" in collect(manager, "register_fft_convs")


def test_our_own_names_are_all_different():
    manager = plugin_manager(names=[])
    for hook in vars(hookspecs):
        if hook.startswith("register_") and hook != "register_commands":
            assert collect(manager, hook).taken == {}


def test_a_plugin_is_found_and_named_as_the_origin(install_plugin):
    install_plugin("mine", PRESET.format(name="my-preset"))
    preset, plugin = collect(plugin_manager(), "register_presets")["my-preset"]
    assert (preset.name, plugin) == ("my-preset", "mine")


def test_names_or_the_environment_restrict_what_is_loaded(install_plugin, monkeypatch):
    install_plugin("one", PRESET.format(name="a"))
    install_plugin("two", PRESET.format(name="b"))
    assert names() == {"builtin", "one", "two"}
    assert names(names=["one"]) == {"builtin", "one"}
    assert names(names=iter(["two", "one"])) == {"builtin", "one", "two"}
    monkeypatch.setenv("HYENADNA_PLUGINS", "two, three")
    assert names() == {"builtin", "two"}
    monkeypatch.setenv("HYENADNA_PLUGINS", "")
    assert names() == {"builtin"}


def test_what_is_restricted_away_is_not_imported(install_plugin, monkeypatch):
    install_plugin("broken", "raise RuntimeError('imported')")
    monkeypatch.setenv("HYENADNA_PLUGINS", "")
    assert names() == {"builtin"}


def test_each_manager_is_a_fresh_one():
    first = plugin_manager()
    first.register(SimpleNamespace(), name="temporary")
    assert not plugin_manager().has_plugin("temporary")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise RuntimeError('no such GPU\\nand more')", "no such GPU"),
        ("raise RuntimeError", "RuntimeError"),
        ("raise SystemExit('a script')", "it raised SystemExit: a script"),
        ("import not_there", "No module named 'not_there'"),
        (
            "from hyenadna_core.genome import bundled_genome",
            "cannot import name 'bundled_genome' from 'hyenadna_core.genome': it was made for another hyenadna; "
            "install another release of broken, or change its import",
        ),
        (
            "import hyenadna_core.gone",
            "No module named 'hyenadna_core.gone': it was made for another hyenadna; "
            "install another release of broken, or change its import",
        ),
        ("def f(:", r"invalid syntax \(broken.py, line 2\)"),
        (
            "@hookimpl\ndef register_preset(register): pass",
            r"unknown hook 'register_preset': did you mean 'register_presets'\?",
        ),
        ("@hookimpl\ndef embed(): pass", f"unknown hook 'embed': version {HOOKS_VERSION} has none such"),
        (
            "@hookimpl\ndef register_presets(presets): pass",
            r"hookimpl definition: register_presets\(presets\): .*'presets'.* can not be found in the hookspec",
        ),
    ],
)
def test_a_plugin_that_cannot_be_loaded_costs_one_warning(install_plugin, source, reason):
    install_plugin("broken", source)
    install_plugin("sound", PRESET.format(name="a"))
    with pytest.warns(PluginWarning, match=f"^Plug-in 'broken' was left out: {reason}$") as caught:
        manager = plugin_manager()
    assert len(caught) == 1
    assert {name for name, _ in manager.list_name_plugin()} == {"builtin", "sound"}
    assert [(entry_point.name, "\n" in reason) for entry_point, reason in manager.left_out] == [("broken", False)]
    assert "a" in collect(manager, "register_presets")


def test_a_hook_that_may_be_missing_is_no_mistake(install_plugin):
    install_plugin("one", "@hookimpl(optionalhook=True)\ndef of_the_future(): pass\n" + PRESET.format(name="a"))
    assert "a" in collect(plugin_manager(), "register_presets")


def test_a_name_that_two_distributions_give_their_plugins_goes_to_the_first(install_plugin):
    install_plugin("same", PRESET.format(name="a"), distribution="a-dist")
    install_plugin("same", PRESET.format(name="a"), distribution="b-dist")
    with pytest.warns(PluginWarning, match="^Plug-in 'same' was left out: a-dist has a plug-in of this name too$"):
        manager = plugin_manager()
    assert manager.entry_points["same"].dist.name == "a-dist"
    assert "a" in collect(manager, "register_presets")


def test_nobody_takes_our_own_place(install_plugin):
    install_plugin("builtin", PRESET.format(name="a"), distribution="a-thief")
    with pytest.warns(PluginWarning, match="^Plug-in 'builtin' was left out: hyenadna has a plug-in of this name too$"):
        manager = plugin_manager()
    assert manager.entry_points["builtin"].dist.name == "hyenadna"
    assert "hyenadna-tiny-1k" in collect(manager, "register_presets")


def test_a_plugin_for_another_version_of_the_hooks_is_refused_unimported(install_plugin):
    install_plugin("future", "raise RuntimeError('imported')", version="3.1", group="hyenadna.2")
    install_plugin("sound", PRESET.format(name="a"))
    reason = (
        f"it was made for version 2 of the hooks, and this hyenadna has {HOOKS_VERSION}: "
        "install another release of future or of hyenadna"
    )
    with pytest.warns(PluginWarning, match=f"^Plug-in 'future' was left out: {reason}$") as caught:
        manager = plugin_manager()
    assert len(caught) == 1
    assert {name for name, _ in manager.list_name_plugin()} == {"builtin", "sound"}
    assert "future" not in sys.modules


def test_a_plugin_of_today_is_refused_by_the_next_major_version(install_plugin, monkeypatch):
    install_plugin("old", PRESET.format(name="a"))
    install_plugin("new", PRESET.format(name="b"), group="hyenadna.2")
    monkeypatch.setattr(hookspecs, "HOOKS_VERSION", "2.3")
    with pytest.warns(
        PluginWarning, match="Plug-in 'old' .* made for version 1 of the hooks, and .* has 2.3"
    ) as caught:
        assert names() == {"builtin", "new"}
    assert len(caught) == 1


def test_a_plugin_may_be_offered_for_several_versions(install_plugin, monkeypatch):
    install_plugin("both", PRESET.format(name="a"))
    install_plugin("both", PRESET.format(name="a"), group="hyenadna.2")
    assert names() == {"builtin", "both"}
    monkeypatch.setattr(hookspecs, "HOOKS_VERSION", "2.0")
    assert names() == {"builtin", "both"}


def test_a_group_that_only_begins_as_ours_is_not_ours(install_plugin):
    install_plugin("other", "raise RuntimeError('imported')", group="hyenadna.themes")
    assert names() == {"builtin"}


def test_a_hook_needs_only_the_arguments_it_uses(install_plugin):
    install_plugin("one", "@hookimpl\ndef register_presets(): pass")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "hyenadna-tiny-1k" in collect(plugin_manager(), "register_presets")


def test_a_reason_is_one_line():
    assert reason_of(ValueError("first.\nsecond")) == "first"
    assert reason_of(ValueError("\n")) == "ValueError"


def test_markers_belong_to_the_group():
    assert hookimpl.project_name == "hyenadna"
