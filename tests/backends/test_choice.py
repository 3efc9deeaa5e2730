import json

import pytest

from hyenadna_backends import choice


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Return a function that imitates a machine: its backends, its keras.json, none chosen yet."""

    def make(installed, system="Linux", processor="x86_64", configured=None):
        modules = {"keras", *(module for name in installed for module in choice.BACKENDS[name].modules)}
        monkeypatch.setattr(choice.importlib.util, "find_spec", lambda module: module if module in modules else None)
        monkeypatch.setattr(choice.platform, "system", lambda: system)
        monkeypatch.setattr(choice.platform, "machine", lambda: processor)
        monkeypatch.setattr(choice, "_running", lambda: None)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        monkeypatch.setenv("KERAS_BACKEND", "")
        if configured is not None:
            (tmp_path / "keras.json").write_text(configured)

    return make


def test_the_option_wins_over_the_environment(machine, monkeypatch):
    machine(["jax", "torch"])
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert choice.choose("torch") == choice.Choice("torch", "--backend")
    assert choice.os.environ["KERAS_BACKEND"] == "torch"


def test_the_environment_wins_over_keras_json(machine, monkeypatch):
    machine(["jax", "torch"], configured=json.dumps({"backend": "jax"}))
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert choice.choose().name == "torch"


def test_a_keras_that_is_already_imported_wins_over_all(machine, monkeypatch):
    machine(["jax", "torch"])
    monkeypatch.setattr(choice, "_running", lambda: "jax")
    assert choice.choose("torch") == choice.Choice("jax", "Keras is already imported with it")
    assert choice.os.environ["KERAS_BACKEND"] == "jax"


def test_keras_json_counts_where_its_backend_is_installed(machine):
    machine(["jax", "torch"], configured=json.dumps({"backend": "torch"}))
    assert choice.choose() == choice.Choice("torch", "keras.json")


@pytest.mark.parametrize("configured", ['{"backend": "tensorflow"}', "{}", "not json", '{"backend": 3}', "[]"])
def test_keras_json_is_passed_over_where_it_is_of_no_use(machine, configured):
    machine(["torch"], configured=configured)
    assert choice.choose().name == "torch"


def test_mlx_comes_first_on_apple_silicon_and_jax_elsewhere(machine):
    machine(["jax", "torch", "mlx"], "Darwin", "arm64")
    assert choice.choose().name == "mlx"
    choice.os.environ["KERAS_BACKEND"] = ""
    machine(["jax", "torch", "mlx"])
    assert choice.choose().name == "jax"


def test_what_is_not_installed_names_the_extra(machine):
    machine(["jax"])
    assert choice.missing("jax") is None
    assert "pip install 'hyenadna[torch]'" in choice.missing("torch")
    assert choice.missing("caffe").startswith("Unknown backend 'caffe': choose one of jax, torch, mlx, numpy")
