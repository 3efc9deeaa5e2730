import os
import subprocess
import sys

import pytest

from hyenadna_backends import missing
from hyenadna_backends.barriers import POLICY, TURNS, VARIABLE, wait_shortly


def test_a_choice_of_the_user_stays(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    for chosen in ({VARIABLE: "7"}, {POLICY: "ACTIVE"}):
        environment = dict(chosen)
        wait_shortly(environment)
        assert environment == chosen
    environment = {}
    wait_shortly(environment)
    assert environment == {VARIABLE: TURNS}


def test_a_pytorch_that_is_imported_has_read_its_settings(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", sys)
    environment = {}
    wait_shortly(environment)
    assert environment == {}


SCRIPT = """
import os
import hyenadna_core
import keras
print(os.environ.get("GOMP_SPINCOUNT"))
"""


@pytest.mark.one_backend
@pytest.mark.parametrize(("backend", "expected"), [("torch", TURNS), ("numpy", "None")])
def test_the_import_of_keras_sets_it_for_pytorch_alone(backend, expected):
    if missing(backend):
        pytest.skip(f"{backend} is not installed")
    bare = {name: value for name, value in os.environ.items() if name not in (VARIABLE, POLICY)}
    command = [sys.executable, "-c", SCRIPT]
    run = subprocess.run(command, env=bare | {"KERAS_BACKEND": backend}, capture_output=True, text=True, check=True)
    assert run.stdout.split() == [expected]
