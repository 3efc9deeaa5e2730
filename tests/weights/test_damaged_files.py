"""Damaged files of weights: truncated anywhere, or with any byte changed."""

import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from hyenadna_core import HyenaDNAError
from hyenadna_core.weights.sources import read_weights

DATA = Path(__file__).parents[1] / "data"
CKPT, HUB = DATA / "tiny_order2.lightning_layout.ckpt", DATA / "tiny_order2.hf_layout_untied_head.safetensors"
TRIES = 150


def damaged(content, random, header):
    """Yield the content cut off, with a changed bit, and with new bytes, at random places."""
    for _ in range(TRIES):
        start, stop = header if random.integers(2) else (0, len(content))
        place = int(random.integers(start, stop))
        yield content[:place]
        yield content[:place] + bytes([content[place] ^ 1 << int(random.integers(8))]) + content[place + 1 :]
        yield content[:place] + random.bytes(4) + content[place + 4 :]


def read(path):
    """Return the tensors, or None for an error in one line that names the file."""
    try:
        return read_weights(path).tensors
    except HyenaDNAError as error:
        message = str(error)
    assert str(path) in message
    assert "\n" not in message
    return None


def test_a_damaged_checkpoint_is_one_line_or_gives_the_same_numbers(tmp_path, golden_weights):
    content = CKPT.read_bytes()
    directory = content.index(b"PK\x01\x02"), len(content)
    outcomes = set()
    for changed in damaged(content, np.random.default_rng(0), directory):
        (tmp_path / "x.ckpt").write_bytes(changed)
        tensors = read(tmp_path / "x.ckpt")
        outcomes.add(tensors is None)
        for name, tensor in (tensors or {}).items():
            np.testing.assert_array_equal(tensor, golden_weights[name])
    assert outcomes == {True, False}


def test_a_damaged_safetensors_file_is_one_line_or_another_number(tmp_path):
    content, expected = HUB.read_bytes(), load_file(HUB)
    header = 0, 8 + int.from_bytes(content[:8], "little")
    shapes = sorted(tensor.shape for tensor in expected.values())
    for changed in damaged(content, np.random.default_rng(1), header):
        (tmp_path / "x.safetensors").write_bytes(changed)
        tensors = read(tmp_path / "x.safetensors")
        assert tensors is None or len(tensors) >= len(shapes)


def test_a_zip_with_names_that_are_no_text_is_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.ckpt", "w") as archive:
        archive.writestr("\u00e4/data.pkl", b"")
    content = (tmp_path / "x.ckpt").read_bytes()
    (tmp_path / "x.ckpt").write_bytes(content.replace("\u00e4".encode(), b"\xff\xff"))
    with pytest.raises(HyenaDNAError, match=r"x\.ckpt: neither a \.safetensors file nor a complete PyTorch file"):
        read_weights(tmp_path / "x.ckpt")


def test_a_tensor_of_65_axes_is_one_line(tmp_path):
    header = json.dumps({"lm_head.weight": {"dtype": "F32", "shape": [1] * 65, "data_offsets": [0, 4]}}).encode()
    (tmp_path / "x.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    assert read(tmp_path / "x.safetensors") is None
    shape = b"(" + b"K\x01" * 65 + b"t"
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00" + shape + shape + b"tR"
    with zipfile.ZipFile(tmp_path / "x.ckpt", "w") as archive:
        archive.writestr("x/data.pkl", b"\x80\x02}X\x0e\x00\x00\x00lm_head.weight" + tensor + b"s.")
        archive.writestr("x/data/0", bytes(4))
    with pytest.raises(HyenaDNAError, match="a tensor is not described as in PyTorch"):
        read_weights(tmp_path / "x.ckpt")
