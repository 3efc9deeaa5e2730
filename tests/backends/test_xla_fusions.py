import os
import subprocess
import sys

import pytest

from hyenadna_backends import missing, xla_fusions
from hyenadna_backends.xla_fusions import FLAG, RELEASES, VARIABLE, installed_xla, switch_off_faulty_fusions


@pytest.mark.parametrize("release", RELEASES)
def test_faulty_fusions_are_switched_off_beside_the_flags_of_the_user(monkeypatch, release):
    monkeypatch.setattr(xla_fusions, "installed_xla", lambda: release)
    bare, chosen = {}, {VARIABLE: "--xla_force_host_platform_device_count=2"}
    switch_off_faulty_fusions(bare)
    switch_off_faulty_fusions(chosen)
    assert bare == {VARIABLE: f"{FLAG}="}
    assert chosen == {VARIABLE: f"--xla_force_host_platform_device_count=2 {FLAG}="}


def test_a_choice_of_the_user_stays(monkeypatch):
    monkeypatch.setattr(xla_fusions, "installed_xla", lambda: RELEASES[0])
    environment = {VARIABLE: f"{FLAG}=dot"}
    switch_off_faulty_fusions(environment)
    assert environment == {VARIABLE: f"{FLAG}=dot"}


@pytest.mark.parametrize("release", [None, "0.4.30", "0.10.1", "0.12.0"])
def test_other_releases_get_no_flag_since_they_may_not_know_it(monkeypatch, release):
    monkeypatch.setattr(xla_fusions, "installed_xla", lambda: release)
    environment = {}
    switch_off_faulty_fusions(environment)
    assert environment == {}


# The function of jax issue 39103: row i of x is (i, 0, 0), and f(row) is i squared.
SCRIPT = """
import hyenadna_core
import keras
import jax
import jax.numpy as jnp
rows = 32_769
x = jnp.zeros((rows, 3)).at[:, 0].set(jnp.arange(rows))
f = jax.jit(jax.vmap(lambda row: jnp.sum((jnp.eye(3) @ row) ** 2)))
print(float(f(x)[-1]))
"""


@pytest.mark.one_backend
def test_the_installed_jax_sums_right_with_the_settings_of_the_package():
    if missing("jax") or installed_xla() is None:
        pytest.skip("jax is not installed")
    bare = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environment = bare | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    run = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    assert float(run.stdout) == 32_768**2
