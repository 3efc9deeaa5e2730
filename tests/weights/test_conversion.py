"""Weights from each layout into each other, to the bit."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import hyenadna_core as hyenadna
from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError
from hyenadna_core.weights.conversion import write_weights
from hyenadna_core.weights.sources import read_weights
from hyenadna_core.weights.torch_file import read_torch_file

pytestmark = pytest.mark.keras

DATA = Path(__file__).parents[1] / "data"
SOURCES = ["plain", "original", "checkpointed", "hub"]


@pytest.fixture
def files(golden_folder):
    """Return the golden file of each layout; the hub's has its own head."""
    return {
        "plain": golden_folder / "tiny_order2.weights.safetensors",
        "original": DATA / "tiny_order2.lightning_layout.ckpt",
        "checkpointed": DATA / "tiny_order2.lightning_checkpointed_layout.ckpt",
        "hub": DATA / "tiny_order2.hf_layout_untied_head.safetensors",
    }


@pytest.fixture
def writes_checkpoints():
    pytest.importorskip("torch", reason="torch, which writes .ckpt files, is not installed")


def stored(path):
    """Return the tensors by their names in the file."""
    if path.suffix == ".safetensors":
        return load_file(path)
    return {name: tensor.read() for name, tensor in read_torch_file(path).items() if "metrics" not in name}


def equal(tensors, expected):
    assert tensors.keys() == expected.keys()
    for name, tensor in tensors.items():
        assert tensor.dtype == expected[name].dtype
        np.testing.assert_array_equal(tensor, expected[name], err_msg=name)


@pytest.mark.parametrize("source", SOURCES)
def test_our_folder_holds_every_layout_and_gives_the_same_logits(files, tmp_path, source, golden):
    write_weights(read_weights(files[source]), tmp_path / "ours")
    equal(dict(read_weights(tmp_path / "ours").tensors), dict(read_weights(files[source]).tensors))
    ids = golden["input_ids"]
    before, after = (hyenadna.load(path).predict_on_batch(ids) for path in (files[source], tmp_path / "ours"))
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("source", ["plain", "original", "checkpointed"])
def test_the_hubs_layout_goes_there_and_back(files, tmp_path, source):
    assert write_weights(read_weights(files[source]), tmp_path / "hub", "hub") == []
    named = load_file(tmp_path / "hub" / "model.safetensors")
    assert named.keys() == load_file(files["hub"]).keys()  # the names of a file that the hub's own code wrote
    write_weights(read_weights(tmp_path / "hub"), tmp_path / "back.safetensors")
    equal(stored(tmp_path / "back.safetensors"), stored(files["plain"]))


@pytest.mark.usefixtures("writes_checkpoints")
@pytest.mark.parametrize("source", ["plain", "original", "checkpointed"])
@pytest.mark.parametrize("layout", ["original", "checkpointed"])
def test_checkpoints_are_written_as_the_original_reads_them(files, tmp_path, source, layout):
    import torch

    write_weights(read_weights(files[source]), tmp_path / "weights.ckpt", layout)
    equal(stored(tmp_path / "weights.ckpt"), stored(files[layout]))
    theirs = torch.load(tmp_path / "weights.ckpt", weights_only=True)
    original = torch.load(files[layout], weights_only=True)["state_dict"]
    assert theirs["pytorch-lightning_version"] == "1.8.6"
    for name, tensor in theirs["state_dict"].items():
        assert torch.equal(tensor, original[name])
        assert tensor.dtype == original[name].dtype


def test_a_hub_file_stays_itself_through_ours(files, tmp_path):
    write_weights(read_weights(files["hub"]), tmp_path / "ours")
    write_weights(read_weights(tmp_path / "ours"), tmp_path / "hub.safetensors", "hub")
    equal(load_file(tmp_path / "hub.safetensors"), load_file(files["hub"]))


def test_the_hubs_config_has_what_its_code_reads(files, tmp_path):
    write_weights(read_weights(files["plain"]), tmp_path / "hub", "hub")
    config = json.loads((tmp_path / "hub" / "config.json").read_text())
    expected = {
        "n_layer": 2,
        "d_model": 16,
        "d_inner": 64,
        "max_seq_len": 66,
        "emb_dim": 5,
        "hyena_order": 2,
        "vocab_size": 12,
    }
    assert expected.items() <= config.items()
    assert config["auto_map"]["AutoModelForCausalLM"].endswith("--modeling_hyena.HyenaDNAForCausalLM")
    assert not config["tie_word_embeddings"]
    assert read_weights(tmp_path / "hub").architecture["layer_norm_epsilon"] == 1e-5


@pytest.mark.usefixtures("writes_checkpoints")
def test_the_originals_config_has_what_its_code_reads(files, tmp_path):
    write_weights(read_weights(files["plain"]), tmp_path / "original", "checkpointed")
    config = json.loads((tmp_path / "original" / "config.json").read_text())
    assert (config["checkpoint_mixer"], config["d_inner"], config["layer"]["l_max"]) == (True, 64, 66)
    assert read_weights(tmp_path / "original").layout == "checkpointed"


def test_what_a_layout_cannot_say_is_said(tmp_path, files):
    model = CausalLM(HyenaBackbone(1, 8, 66, window_shift=0.0))
    hyenadna.save(model, tmp_path / "ours")
    (notice,) = write_weights(read_weights(tmp_path / "ours"), tmp_path / "hub", "hub")
    assert notice == "The hub's code runs these weights with window shift 0.05, not 0.0."


@pytest.mark.usefixtures("writes_checkpoints")
def test_what_a_checkpoint_cannot_say_is_said(tmp_path):
    hyenadna.save(CausalLM(HyenaBackbone(1, 8, 66, order=3)), tmp_path / "ours")
    shift, layout = write_weights(read_weights(tmp_path / "ours"), tmp_path / "weights.ckpt")
    assert "does not state the window shift (0.05 here)" in shift
    assert "the filter layout (channel_major here)" in layout


def test_what_a_layout_cannot_hold_is_one_line(tmp_path, files):
    with pytest.raises(HyenaDNAError, match=r"ties the head to the embedding, but in .* they differ"):
        write_weights(read_weights(files["hub"]), tmp_path / "weights.ckpt")
    hyenadna.save(CausalLM(HyenaBackbone(1, 8, 66, order=3)), tmp_path / "order3")
    with pytest.raises(HyenaDNAError, match="runs only order 2, but this model has order 3"):
        write_weights(read_weights(tmp_path / "order3"), tmp_path / "hub", "hub")
    with pytest.raises(HyenaDNAError, match=r"'hub' needs the suffix \.safetensors, not that of x\.ckpt"):
        write_weights(read_weights(files["plain"]), tmp_path / "x.ckpt", "hub")


def test_nothing_is_overwritten(tmp_path, files):
    (tmp_path / "x.safetensors").write_text("mine")
    with pytest.raises(HyenaDNAError, match=r"x\.safetensors already exists"):
        write_weights(read_weights(files["plain"]), tmp_path / "x.safetensors")
    assert (tmp_path / "x.safetensors").read_text() == "mine"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("through", ["x.safetensors", "x.ckpt"])
def test_half_precision_stays_half_precision(request, tmp_path, golden_weights, dtype, through):
    import ml_dtypes  # noqa: F401 (teaches NumPy the name bfloat16)

    if through == "x.ckpt":
        request.getfixturevalue("writes_checkpoints")
    halved = {name: tensor.astype(dtype) for name, tensor in golden_weights.items()}
    save_file(halved, tmp_path / "half.safetensors")
    write_weights(read_weights(tmp_path / "half.safetensors"), tmp_path / through)
    write_weights(read_weights(tmp_path / through), tmp_path / "ours")
    equal(load_file(tmp_path / "ours" / "model.safetensors"), halved)


def test_the_hubs_file_of_a_preset_has_as_many_bytes_as_the_published_one(tmp_path):
    """Count the bytes of medium-160k: 56,971,992, as in a file from the hub's own code."""
    hyenadna.save(CausalLM.from_preset("medium-160k", weights=None), tmp_path / "hub", layout="hub")
    assert (tmp_path / "hub" / "model.safetensors").stat().st_size == 56_971_992


def test_a_single_file_of_ours_says_its_options(tmp_path):
    model = CausalLM(
        HyenaBackbone(1, 8, 66, order=3, window_shift=0.0, filter_layout="step_major", layer_norm_epsilon=1e-3)
    )
    hyenadna.save(model, tmp_path / "x.safetensors")
    assert hyenadna.load(tmp_path / "x.safetensors").architecture == model.architecture


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda w: w["backbone.layers.1.mixer.filter_fn.implicit_filter.3.freq"].__iadd__(1),
            "one sine frequency in each layer",
        ),
        (
            lambda w: w.update(
                {name: np.zeros((24, 16), np.float32) for name in w if "embeddings" in name or "lm_head" in name}
            ),
            "16 rows",
        ),
    ],
)
def test_the_hub_is_not_given_what_its_code_cannot_hold(tmp_path, golden_weights, change, message):
    weights = {name: tensor.copy() for name, tensor in golden_weights.items()}
    change(weights)
    save_file(weights, tmp_path / "x.safetensors")
    with pytest.raises(HyenaDNAError, match=message):
        write_weights(read_weights(tmp_path / "x.safetensors"), tmp_path / "hub", "hub")


def test_an_unknown_layout_is_one_line(tmp_path, files):
    with pytest.raises(HyenaDNAError, match="Unknown layout 'foo': choose one of plain, hub, original, checkpointed"):
        write_weights(read_weights(files["plain"]), tmp_path / "x", "foo")


@pytest.mark.usefixtures("writes_checkpoints")
def test_bfloat16_goes_into_a_checkpoint_too(tmp_path, golden_weights):
    import ml_dtypes
    import torch

    save_file(
        {name: tensor.astype(ml_dtypes.bfloat16) for name, tensor in golden_weights.items()}, tmp_path / "x.safetensors"
    )
    write_weights(read_weights(tmp_path / "x.safetensors"), tmp_path / "x.ckpt")
    stored = torch.load(tmp_path / "x.ckpt", weights_only=True)["state_dict"]["model.backbone.ln_f.bias"]
    assert stored.dtype == torch.bfloat16
    expected = torch.from_numpy(golden_weights["backbone.ln_f.bias"]).bfloat16()
    assert torch.equal(stored, expected)
