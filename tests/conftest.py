"""Settle the backend before anything imports Keras, and give the tests their data."""

import getpass
import gzip
import importlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import hyenadna_core
from hyenadna_backends import BACKENDS, Choice, choose, missing

# MLX on a CPU compiles into the folder for temporary files: each process needs its own folder.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    own = Path(tempfile.gettempdir(), f"{getpass.getuser()}-{worker}")
    own.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(own)

KERAS = importlib.util.find_spec("keras") is not None
MEETS_KERAS = {"keras", "one_backend", "all_backends"}  # markers, described in pyproject.toml
AS_A_WHOLE = re.compile(rf"^pytestmark = (\[[^]]*|.*)\bmark\.({'|'.join(MEETS_KERAS)})\b", re.MULTILINE)

BACKEND = choose().name
if KERAS and (problem := missing(BACKEND)):
    raise pytest.UsageError(problem)

DATA = Path(__file__).parent / "data"
GOLDEN = Path(hyenadna_core.__file__).parent / "data" / "golden"


def pytest_ignore_collect(collection_path):
    """Leave out files that import Keras at their top if Keras is not installed."""
    absent = not KERAS and collection_path.suffix == ".py"
    return True if absent and AS_A_WHOLE.search(collection_path.read_text(encoding="utf-8")) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark tests that run once: of the marks of a test and its file, the nearest counts."""
    for item in items:
        nearest = next((mark.name for mark in item.iter_markers() if mark.name in MEETS_KERAS), None)
        if nearest == "one_backend":
            item.add_marker("once")


@pytest.fixture(autouse=True)
def _no_keras_without_a_marker(request, monkeypatch):
    """Make `import keras` fail in a test without a marker that allows it."""
    if MEETS_KERAS.isdisjoint(mark.name for mark in request.node.iter_markers()):
        monkeypatch.setitem(sys.modules, "keras", None)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory):
    """Keep decoded genomes in a folder of this test run."""
    before = os.environ.get("HYENADNA_CACHE")
    os.environ["HYENADNA_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["HYENADNA_CACHE"]
    else:
        os.environ["HYENADNA_CACHE"] = before


@pytest.fixture(scope="session")
def after():
    """Return a function: the words of a command that first runs some code in its own process.

    preexec_fn of subprocess is not safe here: it forks a process whose libraries have threads.
    """

    def after_code(code, command):
        code = f"import os, sys; {code}; os.execv(sys.argv[1], sys.argv[1:])"
        return [sys.executable, "-I", "-S", "-B", "-c", code, *map(str, command)]

    return after_code


@pytest.fixture(scope="session")
def no_larger(after):
    """Return a function: the words of a command whose files can have only so many bytes."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"
    return lambda bytes_, command: after(limit.format(bytes_), command)


@pytest.fixture(scope="session")
def trains():
    if not BACKENDS[BACKEND].trains:
        pytest.skip(f"backend {BACKEND} has no gradients")


@pytest.fixture(scope="session")
def shared_data():
    """Return the folder with reference/ and data/ of real genomes, which a clone does not have."""
    folder = os.environ.get("HYENADNA_DATA")
    if not folder:
        pytest.skip("HYENADNA_DATA is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def golden_folder():
    return GOLDEN


@pytest.fixture(scope="session")
def golden():
    """Return the activations, logits and loss of the original, by name."""
    with np.load(GOLDEN / "tiny_order2.expected.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def golden_weights():
    from safetensors.numpy import load_file

    return load_file(GOLDEN / "tiny_order2.weights.safetensors")


@pytest.fixture
def golden_model(golden_weights):
    """Return a function that builds the CausalLM of the golden weights."""
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
    """Return a function that writes contigs {name: sequence} as FASTA; .gz is compressed."""

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
    """Copy tests/data/toy_genome: toy.fa, with lower case and N, and toy.bed."""
    return Path(shutil.copytree(DATA / "toy_genome", tmp_path_factory.mktemp("toy") / "toy_genome"))


@pytest.fixture(scope="session")
def random_bases():
    """Return a function that draws a sequence of A, C, G, T."""
    return lambda length, seed=0: "".join(np.random.default_rng(seed).choice(list("ACGT"), length))


@pytest.fixture
def fresh_kernel(monkeypatch):
    """Start without a chosen kernel, and forget the choice of the test."""
    from hyenadna_backends import convolution

    monkeypatch.setattr(convolution, "_in_use", None)
    monkeypatch.delenv(convolution.ENVIRONMENT, raising=False)


@pytest.fixture
def fresh_plan(monkeypatch):
    """Start without overrides of the FFT plan; call the fixture to forget the overrides again."""
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

    gradient = jax.grad(lambda *xs: (f(*xs) * dy).sum(), argnums=tuple(range(len(arrays))))
    return jax.jit(gradient)(*map(jax.numpy.asarray, arrays))


def _torch(f, arrays, dy):
    import torch

    tensors = [torch.tensor(x, requires_grad=True) for x in arrays]
    (f(*tensors) * torch.tensor(dy)).sum().backward()
    return [tensor.grad for tensor in tensors]


def _mlx(f, arrays, dy):
    import mlx.core as mx

    dy = mx.array(dy)
    gradients = mx.grad(lambda *xs: (f(*xs) * dy).sum(), argnums=tuple(range(len(arrays))))(*map(mx.array, arrays))
    return gradients if len(arrays) > 1 else [gradients]


@pytest.fixture(scope="session")
def compiled():
    """Return a function that compiles another as a whole on JAX, which is faster than op by op."""
    if BACKEND == "jax":
        from jax import jit

        return lambda function: jit(lambda *arrays: function(*arrays))  # a new one: JAX keeps traces by function
    return lambda function: function


@pytest.fixture
def gradients():
    """Return a function that computes the gradient of sum(f(*arrays) * dy) in each array."""
    by_backend = {"jax": _jax, "torch": _torch, "mlx": _mlx}
    return lambda f, arrays, dy: [np.asarray(g) for g in by_backend[BACKEND](f, arrays, dy)]


@pytest.fixture(autouse=True)
def _fresh_plugins():
    """Make each test look for the plug-ins again."""
    from hyenadna_core.registry import use_plugins

    yield
    use_plugins(None)


@pytest.fixture
def install_plugin(tmp_path_factory, monkeypatch):
    """Return a function that installs a plug-in as pip does: module, metadata, entry point."""
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
    """Return a function that runs the command in this process: (exit status, stdout, stderr)."""
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
    """Return a function that gives the error of stderr: the last line, after the notices."""

    def last(stderr):
        *notices, error = stderr.strip().splitlines()
        assert all(not notice.startswith(("Error", "Traceback")) for notice in notices)
        return error

    return last
