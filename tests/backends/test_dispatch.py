import subprocess
import sys

import pytest
from keras import config

pytestmark = [
    pytest.mark.keras,
    pytest.mark.skipif(config.backend() != "jax", reason="only JAX returns before it is done"),
]


OF_COMMAND = """
import sys
from hyenadna_backends import choose
from hyenadna_core.backend import check_backend
choice = choose("jax")
if "check" in sys.argv:
    check_backend(choice)
import jax
x = jax.numpy.ones((1500, 1500))
product = jax.jit(lambda x: x @ x @ x @ x)
product(x).block_until_ready()
print(product(x).is_ready())
"""


TRAINING = """
import numpy as np
from hyenadna_backends import choose
from hyenadna_core.backend import check_backend
check_backend(choose("jax"))
import keras
from hyenadna_backends.updates import updates
model = keras.Sequential([keras.Input((8000,)), keras.layers.Dense(1000), keras.layers.Dense(1000)])
model.compile(optimizer="sgd")
update = updates(model, lambda outputs, targets, weights: (outputs * targets * weights).sum())
batch = [np.zeros((500, size), "float32") for size in (8000, 1000, 1000)]
print(all([update([batch], 1.0).is_ready() for _ in range(6)]))
"""


def test_a_step_is_done_before_the_next_however_large_its_batch():
    run = subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True"


@pytest.mark.parametrize(("arguments", "expected"), [(["check"], "True"), ([], "False")])
def test_a_command_has_each_call_done_before_the_next(arguments, expected):
    command = [sys.executable, "-c", OF_COMMAND, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == expected
