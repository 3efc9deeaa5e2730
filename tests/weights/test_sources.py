"""Finding weights: every kind of source, and one line for everything else."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from hyenadna_core import HyenaDNAError
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.presets import Preset
from hyenadna_core.registry import use_plugins
from hyenadna_core.training.checkpoint import save_checkpoint
from hyenadna_core.weights import sources
from hyenadna_core.weights.sources import read_weights
from hyenadna_plugins import PluginError, hookimpl, plugin_manager

TINY = {"n_layer": 2, "d_model": 16, "max_seq_len": 66}

pytestmark = pytest.mark.keras


def test_a_run_folder_of_ours_gives_its_newest_weights_with_the_runs_options(tmp_path, golden_model, golden_weights):
    from hyenadna_core.checks.gradients import RecordedGradients

    model = golden_model(window_shift=0.0)
    model.compile(optimizer=RecordedGradients(), loss="mse")
    for step in (5, 20):
        save_checkpoint(tmp_path / "run" / "checkpoints", model, step)
    for source in ("run", "run/checkpoints", "run/checkpoints/step-20", "run/checkpoints/step-20/model.safetensors"):
        weights = read_weights(tmp_path / source)
        assert weights.path == tmp_path / "run" / "checkpoints" / "step-20" / "model.safetensors"
        assert weights.states_shift
        assert weights.architecture["window_shift"] == 0.0
        for name, tensor in weights.tensors.items():
            np.testing.assert_array_equal(tensor, golden_weights[name])


def test_a_file_that_says_no_shift_gets_the_default(golden_folder):
    weights = read_weights(golden_folder / "tiny_order2.weights.safetensors")
    assert not weights.states_shift
    assert weights.architecture["window_shift"] == 0.05


def test_the_filter_layout_is_that_of_the_code_that_wrote_the_file(golden_weights, tmp_path):
    assert sources.filter_layout(golden_weights) == "channel_major"
    save_file(
        {name: tensor for name, tensor in golden_weights.items() if "lm_head" not in name}, tmp_path / "x.safetensors"
    )
    assert read_weights(tmp_path / "x.safetensors").architecture["filter_layout"] == "step_major"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.safetensors", b""),
        ("short.safetensors", b"abc"),
        ("lies about its header.safetensors", struct.pack("<Q", 1 << 60) + b"{}"),
        ("lies about a shape.safetensors", {"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4]}}),
        ("lies about its length.safetensors", {"a": {"dtype": "F32", "shape": [99], "data_offsets": [0, 396]}}),
        ("overlaps.safetensors", {n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"}),
        ("odd dtype.safetensors", {"a": {"dtype": "F13", "shape": [1], "data_offsets": [0, 4]}}),
        ("foreign.safetensors", {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}),
        ("foreign.ckpt", b"a text"),
        ("foreign.bin", b"\x80\x02}."),
    ],
)
def test_a_file_that_is_damaged_foreign_or_lies_is_one_line_that_names_it(tmp_path, name, content):
    if isinstance(content, dict):
        header = json.dumps(content).encode()
        content = struct.pack("<Q", len(header)) + header + bytes(4)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(HyenaDNAError) as caught:
        read_weights(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name) + ": ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
def test_a_safetensors_file_that_is_cut_off_is_one_line(tmp_path, golden_folder, kept):
    content = (golden_folder / "tiny_order2.weights.safetensors").read_bytes()
    (tmp_path / "x.safetensors").write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(HyenaDNAError, match=r"x\.safetensors: not a complete \.safetensors file"):
        read_weights(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("tiny-2k", "Unknown file, folder or preset 'tiny-2k': choose one of hyenadna-tiny-1k, "),
        ("missing/weights.ckpt", r"There is no file or folder missing/weights\.ckpt"),
        ("weights.ckpt", r"There is no file or folder weights\.ckpt"),
        (".", r"there are no weights \(model\.safetensors, .*, weights\.ckpt, .*\) and no checkpoints in this folder"),
        ("hf://owner", "'hf://owner' is not an address of the hub: write hf://owner/name or hf://owner/name@revision"),
        ("a\0b", "Unknown file, folder or preset"),
        ("~no-such-user/x", "Cannot read '~no-such-user/x': Could not determine home directory"),
        ("x" * 5000, "Cannot read 'x+.*x+': File name too long"),
        ("s3://bucket/x", "No plug-in knows how to fetch s3://bucket/x"),
    ],
)
def test_a_source_that_is_none_is_one_line(tmp_path, monkeypatch, source, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HyenaDNAError, match=message):
        read_weights(source)


class Shelf:
    """Return a plug-in with its own addresses, and with a preset whose weights are at one."""

    def __init__(self, file, sha256):
        self.file, self.sha256, self.asked = file, sha256, []

    @hookimpl
    def fetch_weights(self, uri, cache_dir):
        self.asked.append((uri, cache_dir.is_dir()))
        if uri == "shelf://broken":
            raise RuntimeError("fell down")
        return self.file if uri == "shelf://golden" else None

    @hookimpl
    def register_presets(self, register):
        register(Preset("mine", TINY, 0, "here", weights="shelf://golden", sha256=self.sha256))
        register(Preset("none", TINY, 0, "here"))


@pytest.fixture
def shelf(golden_folder):
    file = golden_folder / "tiny_order2.weights.safetensors"
    plugin, plugins = Shelf(file, sha256_of(file)), plugin_manager(names=[])
    plugins.register(plugin, name="shelf")
    use_plugins(plugins)
    return plugin


def test_a_plugin_fetches_what_it_knows(shelf):
    assert read_weights("shelf://golden").path == shelf.file
    assert shelf.asked == [("shelf://golden", True)]
    with pytest.raises(HyenaDNAError, match="No plug-in knows how to fetch shelf://other"):
        read_weights("shelf://other")
    with pytest.raises(PluginError, match=r"Plug-in '.+' failed to fetch shelf://broken: fell down"):
        read_weights("shelf://broken")


def test_a_presets_weights_are_compared_with_its_checksum(shelf):
    assert read_weights("mine").path == shelf.file
    shelf.sha256 = "0" * 64
    with pytest.raises(HyenaDNAError, match=r"is not the file of mine: its SHA-256 is \w{64}, not 0{64}"):
        read_weights("mine")


def test_a_preset_without_weights_says_so(shelf):
    with pytest.raises(
        HyenaDNAError, match=r"Preset none has no published weights: from_preset\(\.\.\., weights=None\)"
    ):
        read_weights("none")
