"""Download from the hub: huggingface_hub with a local server that answers as the hub does."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load, load_file

pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
COMMIT = "1" * 40
CKPT = Path(__file__).parents[1] / "data" / "tiny_order2.lightning_layout.ckpt"
CHECKPOINT = "LongSafari/old"
HUB = "LongSafari/hyenadna-tiny-1k-seqlen-hf"


@pytest.fixture
def hub(tmp_path, golden_folder):
    """Start a server; return it, its requests, and the environment in which it is the hub."""
    weights = (golden_folder / "tiny_order2.weights.safetensors").read_bytes()
    config = json.dumps({"n_layer": 2, "embed_dropout": 0.25}).encode()

    model = {"model.safetensors": weights, "config.json": config}
    index = {"weight_map": dict.fromkeys(load(weights), "model-00001-of-00001.safetensors")}
    parts = {
        "model.safetensors.index.json": json.dumps(index).encode(),
        "model-00001-of-00001.safetensors": weights,
        "config.json": config,
    }
    repositories = {
        "owner/model": {"main": model, COMMIT: model},
        CHECKPOINT: {"main": {"weights.ckpt": CKPT.read_bytes()}},
        "owner/other": {"main": {"README.md": b"nothing"}},
        "owner/lies": {"main": {"model.safetensors": weights}},
        "owner/parts": {"main": parts},
        "owner/bin": {"main": {"pytorch_model.bin": CKPT.read_bytes()}},
        HUB: {"e8c1effa8673814e257e627d2e1eda9ea5a373f6": {"model.safetensors": weights}},
    }
    requests, hostile = [], {}

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(head=True)

        def do_GET(self):
            self.answer(head=False)

        def answer(self, head):
            requests.append((self.command, self.path))
            owner, name, _, revision, file = (self.path.strip("/").split("/", 4) + [""] * 4)[:5]
            repository = repositories.get(f"{owner}/{name}")
            missing = (
                "RepoNotFound" if repository is None else "RevisionNotFound" if revision not in repository else None
            )
            content = None if missing else repository[revision].get(file)
            if content is None:
                self.send_response(404)
                self.send_header("X-Error-Code", missing or "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            if "X-Repo-Commit" not in hostile:
                self.send_header("X-Repo-Commit", COMMIT if revision == "main" else revision)
            stated = content + b"!" if name == "lies" else content
            if "ETag" not in hostile:
                self.send_header("ETag", f'"{hashlib.sha256(stated).hexdigest()}"')
            for header, value in hostile.items():
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if not head:
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = os.environ | {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "no_proxy": "127.0.0.1",
    }
    yield SimpleNamespace(server=server, requests=requests, hostile=hostile, environment=environment)
    server.shutdown()
    server.server_close()


def convert(hub, source, destination, **changed):
    """Run `hyenadna convert`, which starts no backend: (exit status, stderr)."""
    command = [sys.executable, "-m", "hyenadna_core", "convert", source, str(destination)]
    answer = subprocess.run(command, capture_output=True, text=True, env=hub.environment | changed)
    return answer.returncode, answer.stderr.strip()


@pytest.mark.one_backend
def test_a_repository_is_fetched_once_and_then_taken_from_the_cache(hub, tmp_path, golden_weights):
    for number, source in enumerate(["hf://owner/model", f"hf://owner/model@{COMMIT}"]):
        assert convert(hub, source, tmp_path / str(number))[0] == 0
        written = load_file(tmp_path / str(number) / "model.safetensors")
        for name, tensor in golden_weights.items():
            np.testing.assert_array_equal(written[name], tensor)
        config = json.loads((tmp_path / str(number) / "config.json").read_text())
        assert config["backbone"]["embed_dropout"] == 0.25
    assert [path for method, path in hub.requests if method == "GET" and "/resolve/" in path] == [
        "/owner/model/resolve/main/model.safetensors",
        "/owner/model/resolve/main/config.json",
    ]
    asked = len(hub.requests)
    hub.server.shutdown()
    hub.server.server_close()
    for number, source in enumerate(["hf://owner/model", f"hf://owner/model@{COMMIT}"], start=2):
        assert convert(hub, source, tmp_path / str(number))[0] == 0  # without network now
    assert len(hub.requests) == asked


def test_a_repository_of_the_original_gives_its_checkpoint(hub, tmp_path, golden_weights):
    status, messages = convert(hub, f"hf://{CHECKPOINT}", tmp_path / "out.safetensors")
    assert status == 0
    assert "Left out, since the language model has no such tensors: train_torchmetrics.num_tokens.count" in messages
    assert load_file(tmp_path / "out.safetensors").keys() == golden_weights.keys()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("hf://owner/missing", "has no repository 'owner/missing' that you may read"),
        ("hf://owner/model@v7", "owner/model has no revision 'v7'"),
        ("hf://owner/other", "hf://owner/other has no weights: it needs one of model.safetensors, "),
        ("hf://owner/lies", "model.safetensors of owner/lies was damaged in the download: its SHA-256 is"),
        ("hyenadna-tiny-1k", "is not the file of hyenadna-tiny-1k: its SHA-256 is"),
    ],
)
def test_what_the_hub_does_not_have_or_states_otherwise_is_one_line(hub, tmp_path, source, message):
    status, messages = convert(hub, source, tmp_path / "out")
    assert status == 1
    assert messages.startswith("Error: ")
    assert message in messages
    assert "\n" not in messages
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("source", ["hf://owner/parts", "hf://owner/bin"])
def test_a_repository_with_an_index_or_a_bin_is_fetched(hub, tmp_path, golden_weights, source):
    assert convert(hub, source, tmp_path / "out.safetensors")[0] == 0
    written = load_file(tmp_path / "out.safetensors")
    for name, tensor in golden_weights.items():
        np.testing.assert_array_equal(written[name], tensor)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ETag", '"../../../../outside"'),
        ("ETag", '"{tmp_path}/outside"'),
        ("X-Linked-ETag", '"../../../../outside"'),
        ("X-Repo-Commit", "../../../../outside"),
    ],
)
def test_a_server_that_names_a_place_outside_the_cache_writes_nothing(hub, tmp_path, header, value):
    hub.hostile[header] = value.format(tmp_path=tmp_path)
    status, messages = convert(hub, "hf://owner/model", tmp_path / "out")
    assert status == 1
    assert f"sent a {header} that leads out of the cache" in messages
    assert "\n" not in messages
    assert [path.name for path in tmp_path.rglob("*") if "hf" not in path.relative_to(tmp_path).parts] == []


@pytest.mark.parametrize("changed", [{"HF_ENDPOINT": "http://127.0.0.1:9"}, {"HF_HUB_OFFLINE": "1"}])
def test_without_network_the_way_out_is_one_line(hub, tmp_path, changed):
    status, messages = convert(hub, "tiny-1k", tmp_path / "out", **changed)
    assert status == 1
    assert messages.startswith("Error: Cannot fetch model.safetensors from http")
    assert "put its model.safetensors and config.json in a folder, and give the folder instead of the name." in messages
    assert "\n" not in messages


@pytest.mark.one_backend
def test_a_model_from_the_hub_is_loaded_by_its_address(hub):
    code = (
        "import numpy, hyenadna_core as hyenadna\n"
        "model = hyenadna.load('hf://owner/model@main', window_shift=0.0)\n"
        "print(model.backbone.get_config()['window_shift'], model.predict_on_batch(numpy.full((1, 4), 7)).shape)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=hub.environment, check=True
    )
    assert answer.stdout.split("\n")[-2] == "0.0 (1, 4, 16)"
