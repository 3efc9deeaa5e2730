import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_backends.snapshot import Snapshot

pytestmark = pytest.mark.keras


DEVICES = ["a CPU", "another device"] if keras.config.backend() == "jax" else ["any device"]


@pytest.fixture(autouse=True, params=DEVICES)
def device(request, monkeypatch):
    """Let JAX compare as on CPUs and as elsewhere; other backends compare in one way."""
    if request.param == "another device":
        import jax

        monkeypatch.setattr(jax, "default_backend", lambda: "gpu")


def arrays(*values):
    return [ops.convert_to_tensor(np.array(value, np.float32)) for value in values]


def test_a_snapshot_matches_the_same_values():
    assert Snapshot(arrays([[1, 2], [3, 4]], [5])).matches(arrays([[1, 2], [3, 4]], [5]))


def test_a_snapshot_sees_one_value_that_differs():
    assert not Snapshot(arrays([[1, 2], [3, 4]], [5])).matches(arrays([[1, 2], [3, 4]], [6]))


def test_a_snapshot_sees_another_shape_dtype_or_number_of_arrays():
    snapshot = Snapshot(arrays([[1, 2], [3, 4]]))
    assert not snapshot.matches(arrays([1, 2, 3, 4]))
    assert not snapshot.matches(arrays([[1, 2], [3, 4]], [5]))
    assert not snapshot.matches([ops.cast(array, "int32") for array in arrays([[1, 2], [3, 4]])])


def test_a_snapshot_does_not_change_with_the_memory_of_an_array():
    memory = np.zeros(64 + 16, np.float32)
    start = -memory.ctypes.data % 64 // 4  # JAX may share memory from a multiple of 64 bytes on
    values = memory[start : start + 64]
    array = ops.convert_to_tensor(values)
    snapshot = Snapshot([array])
    values[:] = 1
    assert snapshot.matches([array]) == (not ops.convert_to_numpy(array).any())
