"""What is computed again for the gradient: the same gradient, and less memory, on XLA for CPUs too."""

import keras
import numpy as np
import pytest

from hyenadna_core import CausalLM, HyenaBackbone

pytestmark = pytest.mark.skipif(keras.config.backend() != "jax", reason="XLA tells what a compiled function holds")
L = 1024


def gradient_bytes(n_layer, rematerialise):
    """Bytes that the compiled gradient of a model holds at once, besides what goes in and comes out."""
    import jax

    model = CausalLM(
        HyenaBackbone(n_layer, 32, max_seq_len=L + 2, embed_dropout=0.0, rematerialise=rematerialise, seed=0)
    )
    trainable, rest = (
        [v.value for v in values] for values in (model.trainable_variables, model.non_trainable_variables)
    )

    def loss(trainable, ids):
        logits, _ = model.stateless_call(trainable, rest, ids, training=True)
        return logits.sum()

    compiled = jax.jit(jax.grad(loss)).lower(trainable, np.full((1, L), 7, np.int32)).compile()
    return compiled.memory_analysis().temp_size_in_bytes


def test_a_block_more_costs_its_input_alone():
    one, five = (gradient_bytes(n_layer, rematerialise=True) for n_layer in (1, 5))
    assert five - one < 4 * 1.5 * (4 * L * 32)  # the input of each, and its weights' gradients
    assert gradient_bytes(5, rematerialise=False) > 3 * five


def test_nothing_that_is_not_a_number_comes_from_gradients_that_are_zero():
    import jax
    import jax.numpy as jnp

    from hyenadna_backends.rematerialised import rematerialised

    scale = jnp.arange(1.0, 4.0)

    def loss(scale, x, weight):
        return (weight * rematerialised(lambda x: jnp.sin(x * scale))(x)).sum()

    x = jnp.ones((2, 3))
    for weight in (0.0, 2.0):
        found = jax.grad(loss, argnums=(0, 1))(scale, x, weight)
        np.testing.assert_allclose(found[0], 2 * weight * np.cos(scale), rtol=1e-6)
        np.testing.assert_allclose(found[1], weight * scale * np.cos(x * scale), rtol=1e-6)
