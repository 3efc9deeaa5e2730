"""Each hook by its example in docs/plugins.md, installed as a plug-in."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from hyenadna_backends import Choice
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.datasets import fetch_dataset
from hyenadna_core.registry import by_name
from hyenadna_core.task import Draw
from hyenadna_core.weights.architecture import shapes
from hyenadna_plugins import collect, hookspecs, plugin_manager

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
HOOKS = [name for name, spec in vars(hookspecs).items() if hasattr(spec, "hyenadna_spec")]


@pytest.fixture
def example(install_plugin):
    """Return a function that installs a hook's first example: a manager with it, and its module."""

    def install(hook):
        section = PAGE.split(f"\n## `{hook}(")[1].split("\n## ")[0]
        source = re.search(r"^```python\n# (\w+)\.py\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
        install_plugin(source[1], source[2])
        manager = plugin_manager()
        return manager, manager.get_plugin(source[1])

    return install


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_has_a_test_of_its_own(hook):
    assert [name for name in globals() if name.startswith(f"test_hook_{hook}_")]


def test_hook_register_presets_offers_an_architecture(example):
    manager, _ = example("register_presets")
    preset = by_name(collect(manager, "register_presets"), "tiny-4k", "preset")
    named = shapes(preset.hyena_config)
    buffers = (".z", ".t", ".deltas")
    once = {name for name in named if not name.endswith((*buffers, ".3.freq", ".5.freq")) and "lm_head" not in name}
    assert preset.parameters == sum(int(np.prod(named[name])) for name in once)


def test_hook_register_tasks_offers_a_task(example):
    manager, _ = example("register_tasks")
    task = by_name(collect(manager, "register_tasks"), "tandem-repeats", "task")()
    ids, targets, weights = task.batch(Draw("train", step=3, seq_len=100, batch_size=2, seed=0))
    np.testing.assert_array_equal(ids[:, :76], ids[:, 24:])
    np.testing.assert_array_equal(ids[:, 1:], targets[:, :-1])
    np.testing.assert_array_equal(weights, np.ones((2, 100)))


def test_hook_register_datasets_offers_files(example, tmp_path, monkeypatch):
    manager, module = example("register_datasets")
    (tmp_path / "served.fa").write_text(">lambda\nGGGCGGCGACCT\n")
    monkeypatch.setattr(module, "ADDRESS", (tmp_path / "served.fa").as_uri())
    genome = fetch_dataset("lambda-phage", manager)["genome"]
    assert genome.read_text() == ">lambda\nGGGCGGCGACCT\n"
    monkeypatch.setattr(module, "ADDRESS", "file:///nowhere")
    assert fetch_dataset("lambda-phage", manager) == {"genome": genome}  # the second call finds the file


def test_hook_register_metrics_offers_a_measure(example):
    manager, _ = example("register_metrics")
    metric = by_name(collect(manager, "register_metrics"), "brier", "metric")
    assert metric.of(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0, 1])) == 0.25


def test_hook_register_fft_convs_offers_a_kernel_that_is_not_imported(example):
    manager, _ = example("register_fft_convs")
    assert by_name(collect(manager, "register_fft_convs"), "fast", "kernel").backends == ("torch",)


def test_hook_register_commands_adds_a_command(example, write_fasta):
    manager, _ = example("register_commands")
    fasta = write_fasta({"one": "ACGT", "two": "gggt"})
    result = CliRunner().invoke(make_cli(Session(manager, Choice("jax", "test"))), ["gc", str(fasta)])
    assert result.output == "one\t0.5000\ntwo\t0.7500\n"


def test_hook_fetch_weights_brings_a_file(example, golden_folder, tmp_path, monkeypatch):
    manager, module = example("fetch_weights")
    weights = golden_folder / "tiny_order2.weights.safetensors"
    asked = []
    monkeypatch.setattr(module, "urlretrieve", lambda uri, path: (asked.append(uri), shutil.copy(weights, path)))
    for _ in range(2):
        path = manager.hook.fetch_weights(uri="https://example.org/model.safetensors", cache_dir=tmp_path)
    assert (path.name, path.read_bytes()) == ("model.safetensors", weights.read_bytes())
    assert asked == ["https://example.org/model.safetensors"]
    assert manager.hook.fetch_weights(uri="s3://other", cache_dir=tmp_path) is None


def test_hook_training_callbacks_watches(example, capsys):
    manager, _ = example("training_callbacks")
    run = SimpleNamespace(read_run=lambda: {"config": {}}, writes=True)
    watchers = [watcher for answer in manager.hook.training_callbacks(run=run) for watcher in answer]
    for step, bits in ((10, 2.0), (20, 1.9), (30, 1.95)):
        for watcher in watchers:
            watcher.validated(step, {"bits": bits})
    assert capsys.readouterr().out.splitlines() == [
        "step 10: 2.0000 bits per base, the best so far",
        "step 20: 1.9000 bits per base, the best so far",
    ]
