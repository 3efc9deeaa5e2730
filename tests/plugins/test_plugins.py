"""The plug-in system, with real plug-ins: modules and entry points in a folder of their own."""

import sys
import warnings
from types import SimpleNamespace

import pytest

from hyenadna_backends import current_kernel, fft_conv
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.registry import by_name, select_fft_conv
from hyenadna_plugins import (
    HOOKS_VERSION,
    PluginError,
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


FFT_CONV = """
from hyenadna_backends import FFTConv
def load():
    {load}
@hookimpl
def register_fft_convs(register):
    register(FFTConv("mine", load, {backends!r}, "my plug-in"))
"""


@pytest.mark.usefixtures("fresh_kernel")
def test_a_plugin_offers_a_kernel_and_it_is_imported_when_it_is_chosen(install_plugin):
    install_plugin("one", FFT_CONV.format(load="return lambda u, k, bias: 'computed'", backends=()))
    manager = plugin_manager()
    assert collect(manager, "register_fft_convs")["mine"].plugin == "one"
    assert collect(manager, "register_fft_convs")["matmul"].plugin == "builtin"
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
def test_a_kernel_that_cannot_be_used_is_one_line(install_plugin, load, backends, name, message):
    install_plugin("one", FFT_CONV.format(load=load, backends=backends))
    with pytest.raises(HyenaDNAError, match=f"^{message}\\.?$"):
        select_fft_conv(plugin_manager(), name)


@pytest.mark.usefixtures("fresh_kernel")
def test_a_wrong_kernel_in_the_environment_is_one_line(monkeypatch):
    monkeypatch.setenv("HYENADNA_FFT_CONV", "cuda")
    with pytest.raises(HyenaDNAError, match=r"^Unknown kernel 'cuda': choose one of .*generic, matmul\.$"):
        select_fft_conv(plugin_manager(names=[]), None)


@pytest.mark.usefixtures("fresh_kernel")
def test_the_environment_may_name_a_kernel_of_a_plugin(install_plugin, monkeypatch):
    install_plugin("one", FFT_CONV.format(load="pass", backends=()))
    monkeypatch.setenv("HYENADNA_FFT_CONV", "mine")
    assert select_fft_conv(plugin_manager(), None).name == current_kernel().name == "mine"


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
        ("raise SystemExit('a script')", "a script"),
        ("import not_there", "No module named 'not_there'"),
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


def test_a_hook_needs_only_the_arguments_it_uses(install_plugin):
    install_plugin("one", "@hookimpl\ndef register_presets(): pass")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "hyenadna-tiny-1k" in collect(plugin_manager(), "register_presets")


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


def test_a_reason_is_one_line():
    assert reason_of(ValueError("first.\nsecond")) == "first"
    assert reason_of(ValueError("\n")) == "ValueError"


def test_markers_belong_to_the_group():
    assert hookimpl.project_name == "hyenadna"
