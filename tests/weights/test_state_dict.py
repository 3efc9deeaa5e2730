import numpy as np
import pytest

from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError
from hyenadna_core.weights.state_dict import load_state_dict, state_dict

pytestmark = pytest.mark.keras


def test_weights_go_in_and_come_out_to_the_bit(golden_model, golden_weights):
    tensors = state_dict(golden_model())
    assert tensors.keys() == golden_weights.keys()
    for name, value in tensors.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, golden_weights[name], err_msg=name)


def test_an_untied_head_has_a_tensor_of_its_own():
    weights = state_dict(CausalLM(HyenaBackbone(1, 8, 66), tie_embeddings=False))
    assert weights["lm_head.weight"].shape == (16, 8)
    assert not np.array_equal(weights["lm_head.weight"], weights["backbone.embeddings.word_embeddings.weight"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop("backbone.ln_f.bias"), r"lack backbone\.ln_f\.bias \(1 in all\)"),
        (lambda weights: weights.update(extra=np.zeros(1)), r"unknown extra \(1 in all\)"),
        (
            lambda weights: weights.update({"backbone.ln_f.bias": np.zeros(3)}),
            r"backbone\.ln_f\.bias has the shape \(3,\) instead of \(16,\)",
        ),
    ],
)
def test_weights_of_another_model_are_an_error(golden_model, golden_weights, change, message):
    model, weights = golden_model(), dict(golden_weights)
    change(weights)
    with pytest.raises(HyenaDNAError, match=message):
        load_state_dict(model, weights)
