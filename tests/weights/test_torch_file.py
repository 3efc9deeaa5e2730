"""PyTorch's files, read without PyTorch: correct values, and one line for each bad file."""

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.weights.torch_file import read_torch_file
from hyenadna_core.weights.torch_pickle import Call, Name, interpret

CKPT = Path(__file__).parents[1] / "data" / "tiny_order2.lightning_layout.ckpt"


def rewrite(source, target, change):
    """Copy a zip with the content change(name, content) for each member; None leaves it out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            if (content := change(entry.filename, old.read(entry))) is not None:
                new.writestr(entry.filename, content)
    return target


def with_pickle(tmp_path, pickled):
    return rewrite(CKPT, tmp_path / "weights.ckpt", lambda name, old: pickled if name.endswith("data.pkl") else old)


def test_tensors_are_those_of_the_plain_state_dict(golden_weights):
    stored = read_torch_file(CKPT)
    assert stored.keys() - {f"model.{name}" for name in golden_weights} == {"train_torchmetrics.num_tokens.count"}
    for name, tensor in golden_weights.items():
        assert stored[f"model.{name}"].shape == tensor.shape
        np.testing.assert_array_equal(stored[f"model.{name}"].read(), tensor, err_msg=name)


@pytest.mark.one_backend
def test_every_kind_of_tensor_is_read_as_pytorch_reads_it(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    numbers = torch.arange(12.0).reshape(3, 4)
    tensors = {
        "transposed": numbers.t(),
        "part": numbers[1:, ::2],
        "double": numbers.double(),
        "half": numbers.half(),
        "bfloat16": numbers.bfloat16() * 1.5,
        "long": torch.arange(3),
        "bool": numbers > 5,
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(2.5),
        "parameter": torch.nn.Parameter(numbers),
    }
    settings = {"path": Path("a"), "array": np.arange(3), "device": torch.device("cpu"), "shape": torch.Size([1])}
    torch.save({"state_dict": tensors, "hyper_parameters": settings, "epoch": 3}, tmp_path / "x.ckpt")
    stored = read_torch_file(tmp_path / "x.ckpt")
    assert stored.keys() == tensors.keys()
    for name, tensor in tensors.items():
        numbers = stored[name].read()
        assert numbers.dtype.name == str(tensor.dtype).removeprefix("torch.")
        np.testing.assert_array_equal(numbers, tensor.detach().float().numpy(), err_msg=name)


class RunsCode:
    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("place", ["state_dict", "hyper_parameters"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_that_would_run_code_runs_nothing(tmp_path, place, protocol):
    hostile = RunsCode()
    hostile.path = tmp_path / "made"
    pickled = pickle.dumps({"state_dict": {}, place: {"a": hostile}}, protocol)
    with pytest.raises(
        HyenaDNAError, match=r"weights\.ckpt: its pickle would run \w+\.mkdir, which no checkpoint needs"
    ):
        read_torch_file(with_pickle(tmp_path, pickled))
    assert not hostile.path.exists()
    pickle.loads(pickled)
    assert hostile.path.exists()  # the pickle is harmful if it is run


def test_builtins_that_run_code_are_refused(tmp_path):
    pickled = b"cbuiltins\neval\n(S'1'\ntR."
    with pytest.raises(HyenaDNAError, match=r"would run builtins\.eval"):
        read_torch_file(with_pickle(tmp_path, pickled))


def test_settings_of_training_frameworks_are_passed_over():
    call = interpret(b"comegaconf.dictconfig\nDictConfig\n(I1\ntR}(S'a'\nI2\nub.")
    assert isinstance(call, Call)
    assert call.name == Name("omegaconf.dictconfig.DictConfig")


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    bomb = tmp_path / "weights.ckpt"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, zipfile.ZipFile(CKPT) as whole:
        for entry in whole.infolist():
            archive.writestr(entry.filename, bytes(1 << 26) if entry.filename.endswith("data.pkl") else b"")
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(HyenaDNAError, match=r"weights\.ckpt: .* is compressed, which PyTorch does not do; it is not"):
        read_torch_file(bomb)


def test_a_compressed_tensor_is_not_unpacked(tmp_path):
    bomb = tmp_path / "weights.ckpt"
    with zipfile.ZipFile(bomb, "w") as archive, zipfile.ZipFile(CKPT) as whole:
        for entry in whole.infolist():
            method = zipfile.ZIP_DEFLATED if "/data/" in entry.filename else zipfile.ZIP_STORED
            archive.writestr(entry.filename, whole.read(entry), method)
    with pytest.raises(HyenaDNAError, match="compressed, which PyTorch does not do"):
        read_torch_file(bomb)["model.lm_head.weight"].read()


def test_a_tensor_that_claims_more_than_is_stored_is_not_made(tmp_path):
    rebuild = "torch._utils\n_rebuild_tensor_v2"
    for offset, shape, strides in ((0, (1 << 40,), (0,)), (0, (4,), (1 << 40,)), (250, (16,), (1,)), (-1, (2,), (1,))):
        body = io.BytesIO()
        storage = b"(S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI256\ntQ"
        numbers = (
            b"(" + b"".join(b"L%dL\n" % n for n in shape) + b"t(" + b"".join(b"L%dL\n" % n for n in strides) + b"t"
        )
        body.write(f"(dS'a'\nc{rebuild}\n(".encode() + storage + b"L%dL\n" % offset + numbers + b"tRs.")
        with pytest.raises(HyenaDNAError, match="a tensor"):
            read_torch_file(with_pickle(tmp_path, body.getvalue()))["a"].read()


def test_a_storage_of_another_size_than_claimed_is_an_error(tmp_path):
    path = rewrite(CKPT, tmp_path / "x.ckpt", lambda name, old: old[:-4] if name.endswith("data/0") else old)
    stored = read_torch_file(path)
    with pytest.raises(HyenaDNAError, match=r"data/0' has 1,020 bytes instead of the 1,024 in its pickle"):
        stored["model.backbone.embeddings.word_embeddings.weight"].read()


@pytest.mark.parametrize(
    "pickled",
    [
        b"",
        b".",
        b"not a pickle",
        b"\x80\x02",
        pickle.dumps({"state_dict": 3}),
        b"ctorch\n\\hFloat\n.",
        pickle.dumps([1, 2]),
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"abc.",  # bytes that are not there
        b"\x80\x02]r\xff\xff\xff\xffh\x01.",  # a place in the memo that was never filled
        b"\x80\x02}(K\x01u.",
        b"(((((((((.",
        b"\x80\x02\x81.",
    ],
)
def test_a_damaged_pickle_is_one_line(tmp_path, pickled):
    with pytest.raises(HyenaDNAError) as caught:
        read_torch_file(with_pickle(tmp_path, pickled))
    assert "weights.ckpt: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pickle_cut_off_or_with_a_wrong_byte_anywhere_is_read_or_refused(tmp_path):
    with zipfile.ZipFile(CKPT) as archive:
        whole = archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))
    random = np.random.default_rng(0)
    outcomes = set()
    for _ in range(300):
        place = int(random.integers(len(whole)))
        for damaged in (whole[:place], whole[:place] + bytes([random.integers(256)]) + whole[place + 1 :]):
            try:
                outcomes.add(len(read_torch_file(with_pickle(tmp_path, damaged))))
            except HyenaDNAError as error:
                outcomes.add(str(error).count("\n"))
    assert outcomes >= {0, 61}  # one line, or all tensors where the byte was in a name or a number


@pytest.mark.parametrize("kept", [0, 10, 1000, 0.5, 0.999])
def test_a_file_that_is_cut_off_is_one_line(tmp_path, kept):
    content = CKPT.read_bytes()
    path = tmp_path / "weights.ckpt"
    path.write_bytes(content[: int(kept if kept >= 1 else kept * len(content))])
    with pytest.raises(HyenaDNAError, match=r"weights\.ckpt: neither"):
        read_torch_file(path)


def test_a_flipped_byte_of_a_tensor_is_noticed(tmp_path):
    content = bytearray(CKPT.read_bytes())
    with zipfile.ZipFile(CKPT) as archive:
        entry = next(entry for entry in archive.infolist() if entry.filename.endswith("/data/0"))
    content[entry.header_offset + 200] ^= 1
    path = tmp_path / "weights.ckpt"
    path.write_bytes(content)
    with pytest.raises(HyenaDNAError, match=r"data/0' is damaged"):
        read_torch_file(path)["model.backbone.embeddings.word_embeddings.weight"].read()


def test_a_zip_of_something_else_is_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.ckpt", "w") as archive:
        archive.writestr("word/document.xml", "<xml/>")
    with pytest.raises(HyenaDNAError, match=r"x\.ckpt: the zip has 0 files 'data\.pkl', but a PyTorch file has one"):
        read_torch_file(tmp_path / "x.ckpt")
