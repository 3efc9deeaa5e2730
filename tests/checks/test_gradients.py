import numpy as np
import pytest
from safetensors.numpy import load_file

from hyenadna_core.checks.gradients import loss_and_gradients
from hyenadna_core.weights.state_dict import state_dict

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("trains")]


def test_gradients_are_those_of_the_original(golden, golden_model, golden_folder):
    expected = load_file(golden_folder / "tiny_order2.gradients.safetensors")
    model = golden_model(embed_dropout=0.0)
    before = state_dict(model)
    loss, gradients = loss_and_gradients(
        model, golden["input_ids"].astype(np.int32), golden["target_ids"].astype(np.int32)
    )
    assert {f"gradient/{name}" for name in gradients} == expected.keys()
    for name, gradient in gradients.items():
        original = expected[f"gradient/{name}"]
        np.testing.assert_allclose(gradient, original, atol=1e-4 * np.abs(original).max(), rtol=0, err_msg=name)
    np.testing.assert_allclose(loss, golden["next_token_loss"], rtol=1e-5)
    norm = np.sqrt(sum(float((gradient.astype(np.float64) ** 2).sum()) for gradient in gradients.values()))
    np.testing.assert_allclose(norm, golden["gradient_global_norm"], rtol=1e-5)
    for name, tensor in state_dict(model).items():
        np.testing.assert_array_equal(tensor, before[name], err_msg=name)  # nothing moved


def test_tiny_1k_gradients_are_those_of_the_original(shared_data):
    from hyenadna_core import load

    reference = shared_data / "reference"
    with np.load(reference / "tiny_1k_preset.expected.npz") as stored:
        expected = dict(stored)
    model = load(reference / "tiny_1k_preset.weights.safetensors", embed_dropout=0.0)
    loss, gradients = loss_and_gradients(
        model, expected["input_ids"].astype(np.int32), expected["target_ids"].astype(np.int32)
    )
    names = [name for name in expected if name.startswith("gradient/")]
    assert len(names) == 6
    for name in names:
        gradient = gradients[name.removeprefix("gradient/")]
        np.testing.assert_allclose(
            gradient, expected[name], atol=1e-4 * np.abs(expected[name]).max(), rtol=0, err_msg=name
        )
    np.testing.assert_allclose(loss, expected["next_token_loss"], rtol=1e-5)
