"""Keras runs on the chosen backend, in every order of imports in a fresh process."""

import os
import subprocess
import sys

import keras
import pytest

from hyenadna_backends.keras_import import KerasFinder, settle_with_keras

pytestmark = pytest.mark.keras

BACKEND = keras.config.backend()
MODULE = {"mlx": "mlx.core", "numpy": "numpy"}.get(BACKEND, BACKEND)
SAY = "print(keras.config.backend(), type(keras.ops.ones(2)).__module__.split('.')[0], type(keras.__loader__).__name__)"
ARRAYS = {"jax": "jaxlib"}.get(BACKEND, BACKEND)
RUNS = f"{BACKEND} {ARRAYS} SourceFileLoader\n"

keras_takes_it = pytest.mark.skipif(BACKEND == "mlx", reason="Keras 3.15 imported first does not know MLX")


@pytest.fixture
def python(tmp_path):
    """Return a function that runs code in a fresh process with KERAS_BACKEND and a keras.json."""

    def run(code, backend=None, configured=None):
        if configured is not None:
            (tmp_path / "keras.json").write_text(f'{{"backend": "{configured}"}}')
        environment = os.environ | {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": backend or ""}
        if backend is None:
            del environment["KERAS_BACKEND"]
        return subprocess.run(
            [sys.executable, "-P", "-c", code], capture_output=True, text=True, env=environment, check=False
        )

    return run


@pytest.mark.parametrize(
    "order",
    [
        "hyenadna_core, keras",
        f"{MODULE}, hyenadna_core, keras",
        pytest.param("keras, hyenadna_core", marks=keras_takes_it),
    ],
)
def test_keras_backend_is_heeded_in_any_order_of_imports(python, order):
    answer = python(f"import {order}; {SAY}", BACKEND)
    assert (answer.stdout, answer.stderr) == (RUNS, "")


@pytest.mark.one_backend
def test_without_keras_backend_our_order_of_choice_holds(python):
    answer = python(f"import hyenadna_core, keras; {SAY}")
    chosen = "from hyenadna_backends import choose; print(choose().name)"
    assert answer.stdout.split()[0] == python(chosen).stdout.strip()


def test_without_keras_backend_keras_json_counts(python):
    answer = python(f"import hyenadna_core, keras; {SAY}", configured=BACKEND)
    assert (answer.stdout, answer.stderr) == (RUNS, "")


@keras_takes_it
def test_ours_uses_the_backend_of_a_keras_that_was_imported_first(python):
    other = "torch" if BACKEND != "torch" else "jax"
    code = (
        f"import keras, os; os.environ['KERAS_BACKEND'] = '{other}';"
        "from hyenadna_core import HyenaBackbone; from hyenadna_backends import choose;"
        "print(choose(), os.environ['KERAS_BACKEND'])"
    )
    answer = python(code, configured=BACKEND)
    assert answer.stdout == f"Choice(name='{BACKEND}', reason='Keras is already imported with it') {BACKEND}\n"


@pytest.mark.parametrize("statement", ["import hyenadna_core, keras", "from hyenadna_core import HyenaBackbone"])
@pytest.mark.one_backend
def test_a_backend_that_is_not_installed_stops_keras_in_one_line(python, statement):
    answer = python(f"import sys; sys.modules['torch'] = None; {statement}", "torch")
    assert answer.stderr.splitlines()[-1] == (
        "ImportError: Backend 'torch' is not installed (torch not found): run pip install 'hyenadna[torch]'."
    )


@pytest.mark.one_backend
def test_an_unknown_backend_stops_keras_and_names_those_that_there_are(python):
    answer = python("import hyenadna_core, keras", "caffe")
    assert answer.stderr.splitlines()[-1].startswith("ImportError: Unknown backend 'caffe': choose one of jax, torch,")


@pytest.mark.one_backend
def test_our_names_say_how_to_install_a_keras_that_is_not_there(python):
    answer = python("import sys; sys.modules['keras'] = None; from hyenadna_core import HyenaBackbone", BACKEND)
    last = answer.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: Backend {BACKEND!r} is not installed (keras not found)")


@pytest.mark.one_backend
def test_a_command_without_a_backend_runs_where_the_backend_is_not_installed(python):
    code = "import sys; sys.modules['tensorflow'] = None; from hyenadna_core.cli import main; main(['presets'])"
    answer = python(code, "tensorflow")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "tiny-1k" in answer.stdout


def test_importing_ours_imports_neither_keras_nor_a_backend(python):
    names = "('keras', 'jax', 'torch', 'mlx', 'numpy')"
    answer = python(f"import hyenadna_core, sys; print([name for name in {names} if name in sys.modules])", BACKEND)
    assert answer.stdout == "[]\n"


def test_the_finder_of_keras_is_there_once_and_can_be_asked_for_its_files():
    settle_with_keras()
    assert sum(isinstance(finder, KerasFinder) for finder in sys.meta_path) == 1
    spec = KerasFinder().find_spec("keras", None)
    assert spec.loader.get_filename() == keras.__file__
