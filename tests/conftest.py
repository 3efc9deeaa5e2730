"""Settles the backend before anything imports Keras, and lends the tests their data."""

import getpass
import gzip
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import hyenadna_core
from hyenadna_backends import BACKENDS, Choice, choose, missing

# MLX on a CPU keeps what it compiles in the folder for temporary files, and loads what others are still writing there.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    own = Path(tempfile.gettempdir(), f"{getpass.getuser()}-{worker}")
    own.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(own)

BACKEND = choose().name
if problem := missing(BACKEND):
    raise pytest.UsageError(problem)

DATA = Path(__file__).parent / "data"
GOLDEN = Path(hyenadna_core.__file__).parent / "data" / "golden"


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory):
    """Decoded genomes go to a folder of the test run's own."""
    before = os.environ.get("HYENADNA_CACHE")
    os.environ["HYENADNA_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["HYENADNA_CACHE"]
    else:
        os.environ["HYENADNA_CACHE"] = before


@pytest.fixture
def trains():
    if not BACKENDS[BACKEND].trains:
        pytest.skip(f"backend {BACKEND} has no gradients")


@pytest.fixture(scope="session")
def shared_data():
    """A folder with reference/ and data/ of real genomes, which a clone does not have."""
    folder = os.environ.get("HYENADNA_DATA")
    if not folder:
        pytest.skip("HYENADNA_DATA is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def golden_folder():
    return GOLDEN


@pytest.fixture(scope="session")
def golden():
    """The original's activations, logits and loss, by name."""
    with np.load(GOLDEN / "tiny_order2.expected.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def golden_weights():
    from safetensors.numpy import load_file

    return load_file(GOLDEN / "tiny_order2.weights.safetensors")


@pytest.fixture
def golden_model(golden_weights):
    """Makes the CausalLM that the golden weights belong to, with other arguments on demand."""
    from hyenadna_core import CausalLM, HyenaBackbone
    from hyenadna_core.weights.state_dict import load_state_dict

    def make(tensors=golden_weights, **overrides):
        config = {"n_layer": 2, "d_model": 16, "d_inner": 64, "max_seq_len": 66, "window_shift": 0.05} | overrides
        model = CausalLM(HyenaBackbone(**config))
        load_state_dict(model, tensors)
        return model

    return make


@pytest.fixture
def write_fasta(tmp_path):
    """Writes contigs {name: sequence} as a FASTA with lines of 60; gzip where the name says so."""

    def write(contigs, name="genome.fa", width=60):
        text = ""
        for contig, sequence in contigs.items():
            text += f">{contig} a description\n"
            text += "".join(sequence[i : i + width] + "\n" for i in range(0, len(sequence), width))
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write


@pytest.fixture(scope="session")
def toy_genome(tmp_path_factory):
    """A copy of tests/data/toy_genome: toy.fa, with lower case and N, and toy.bed."""
    return Path(shutil.copytree(DATA / "toy_genome", tmp_path_factory.mktemp("toy") / "toy_genome"))


@pytest.fixture
def new_run(tmp_path):
    """Makes run folders by name, and closes them at the end."""
    from hyenadna_core.training.run_folder import RunFolder

    made = []

    def create(name="run", run=None):
        made.append(RunFolder.create(tmp_path / name, run or {}))
        return made[-1]

    yield create
    for folder in made:
        folder.close()


@pytest.fixture
def random_bases():
    """Draws a sequence of A, C, G, T."""
    return lambda length, seed=0: "".join(np.random.default_rng(seed).choice(list("ACGT"), length))


@pytest.fixture
def fresh_kernel(monkeypatch):
    """No kernel is chosen yet, and what the test chooses is forgotten after it."""
    from hyenadna_backends import convolution

    monkeypatch.setattr(convolution, "_in_use", None)
    monkeypatch.delenv(convolution.ENVIRONMENT, raising=False)


@pytest.fixture
def fresh_plan(monkeypatch):
    """No override of the transforms' plan is known yet; called, it forgets those that were asked for."""
    from hyenadna_backends import fft_length

    def forget():
        fft_length.overriding_rule.cache_clear()
        fft_length.overriding_start.cache_clear()

    monkeypatch.delenv(fft_length.OVERRIDE, raising=False)
    monkeypatch.delenv(fft_length.TWO_STEPS, raising=False)
    forget()
    yield forget
    forget()


def _jax(f, arrays, dy):
    import jax

    return jax.grad(lambda *xs: (f(*xs) * dy).sum(), argnums=tuple(range(len(arrays))))(*map(jax.numpy.asarray, arrays))


def _torch(f, arrays, dy):
    import torch

    tensors = [torch.tensor(x, requires_grad=True) for x in arrays]
    (f(*tensors) * torch.tensor(dy)).sum().backward()
    return [tensor.grad for tensor in tensors]


def _mlx(f, arrays, dy):
    import mlx.core as mx

    dy = mx.array(dy)
    return mx.grad(lambda *xs: (f(*xs) * dy).sum(), argnums=tuple(range(len(arrays))))(*map(mx.array, arrays))


@pytest.fixture
def gradients():
    """By the backend's own means, the gradient of sum(f(*arrays) * dy) in every array: a list of NumPy arrays."""
    by_backend = {"jax": _jax, "torch": _torch, "mlx": _mlx}
    return lambda f, arrays, dy: [np.asarray(g) for g in by_backend[BACKEND](f, arrays, dy)]


@pytest.fixture(autouse=True)
def _fresh_plugins():
    """Each test finds the plug-ins anew."""
    from hyenadna_core.registry import use_plugins

    yield
    use_plugins(None)


@pytest.fixture
def install_plugin(tmp_path_factory, monkeypatch):
    """Installs a plug-in: its module, metadata and entry point in a folder on the path, as pip would."""
    from hyenadna_core.registry import use_plugins

    folder = tmp_path_factory.mktemp("site-packages")

    def install(name, source, version="1.0", group="hyenadna", distribution=None):
        use_plugins(None)
        distribution = distribution or name
        (folder / f"{name}.py").write_text("from hyenadna_plugins import hookimpl\n" + source)
        info = folder / f"{distribution}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        with (info / "entry_points.txt").open("a") as entry_points:
            entry_points.write(f"[{group}]\n{name} = {name}\n")
        importlib.invalidate_caches()
        return folder

    monkeypatch.syspath_prepend(folder)
    monkeypatch.delenv("HYENADNA_PLUGINS", raising=False)
    monkeypatch.delenv("HYENADNA_TRACE_PLUGINS", raising=False)
    yield install
    for path in folder.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Runs the command in this process, in a folder of its own; (exit status, stdout, stderr)."""
    from click.testing import CliRunner

    from hyenadna_core.cli import Session, make_cli
    from hyenadna_plugins import plugin_manager

    monkeypatch.chdir(tmp_path)

    def run(*arguments, backend=BACKEND):
        session = Session(plugin_manager(names=[]), Choice(backend, "test"))
        result = CliRunner().invoke(make_cli(session), [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


@pytest.fixture
def one_line():
    """The error of a command that failed: its last line, all others being notices."""

    def last(stderr):
        *notices, error = stderr.strip().splitlines()
        assert all(not notice.startswith(("Error", "Traceback")) for notice in notices)
        return error

    return last
