"""The real TensorBoard and Weights & Biases, each in its own folder."""

import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.training.run_folder import LogLine
from hyenadna_core.training.watchers import WATCHERS, watchers_of

LINES = [LogLine(step, 64, 4, step * 256, 1.5 - step / 100, 1e-3, step / 2) for step in (10, 20)]


def watch(run):
    (watcher,) = watchers_of(run)
    for line in LINES:
        watcher.logged(line)
    watcher.validated(20, {"bits": 1.9})
    return watcher


def test_tensorboard_has_the_figures(new_run):
    pytest.importorskip("tensorboard", reason="not installed: hyenadna[tensorboard]")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = new_run("run", {"config": {"log_to": ["tensorboard"]}})
    watch(run)
    written = EventAccumulator(str(run.path / "tensorboard"))
    written.Reload()
    tags = {tag for tags in written.Tags().values() if isinstance(tags, list) for tag in tags}
    assert tags == {"train/loss", "train/learning_rate", "train/bases", "train/seq_len", "valid/bits"}


def test_weights_and_biases_goes_on_under_the_same_id(new_run, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="not installed: hyenadna[wandb]")
    for name, value in {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": ""}.items():
        monkeypatch.setenv(name, value)
    run = new_run("run", {"config": {"log_to": ["wandb"], "seed": 3}})
    watch(run)
    wandb.finish()
    first = run.read_run()["wandb"]
    assert [path for path in (run.path / "wandb").iterdir() if first in path.name]
    watch(run)
    wandb.finish()
    assert run.read_run()["wandb"] == first


def test_without_being_asked_for_there_are_none(new_run):
    assert watchers_of(new_run("run", {"config": {}})) == []


@pytest.mark.parametrize("name", WATCHERS)
def test_a_package_that_is_missing_is_one_line(new_run, monkeypatch, name):
    def fail(run):
        raise ImportError(name)

    monkeypatch.setitem(WATCHERS, name, fail)
    run = new_run("run", {"config": {"log_to": [name]}})
    with pytest.raises(HyenaDNAError, match=rf"--log-to {name} needs a package: run pip install 'hyenadna\[{name}\]'"):
        watchers_of(run)


def test_a_plugin_that_fails_is_named(new_run):
    from types import ModuleType

    from hyenadna_core import HyenaDNAError
    from hyenadna_core.training.run import _watchers
    from hyenadna_plugins import PluginError, hookimpl, plugin_manager

    def failing(error):
        @hookimpl
        def training_callbacks(run):
            raise error

        plugin, plugins = ModuleType("failing"), plugin_manager(names=[])
        plugin.training_callbacks = training_callbacks
        plugins.register(plugin, name="failing")
        return plugins

    described = {"config": {"log_to": []}}
    with pytest.raises(PluginError, match="Plug-in 'failing' failed in training_callbacks: no ink"):
        list(_watchers(failing(OSError("no ink")), new_run(run=described)))
    with pytest.raises(HyenaDNAError, match="say it so"):
        list(_watchers(failing(HyenaDNAError("say it so")), new_run("other", run=described)))


@pytest.mark.one_backend
def test_one_that_fails_while_training_is_told_nothing_more():
    from hyenadna_core.training.trainer import notify_watchers
    from hyenadna_plugins import PluginWarning

    told = []

    class Fails:
        def logged(self, line):
            raise KeyError("bits")

    class Listens:
        def logged(self, line):
            told.append(line)

    watchers = [Fails(), Listens()]
    with pytest.warns(PluginWarning, match="Fails failed in logged and is not called again: .*bits"):
        notify_watchers(watchers, "logged", 1)
    notify_watchers(watchers, "logged", 2)
    assert told == [1, 2]
