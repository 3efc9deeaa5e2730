import keras
import numpy as np

from hyenadna_core import CausalLM, HyenaBackbone
from hyenadna_core.optimizer import build_optimizer


def test_the_rate_rises_to_its_peak_and_falls_to_a_tenth():
    optimizer = build_optimizer(CausalLM(HyenaBackbone(1, 8, 66)), learning_rate=1.0, steps=100)
    schedule = optimizer._learning_rate
    rates = [float(keras.ops.convert_to_numpy(schedule(step))) for step in (0, 5, 52, 100, 200)]
    cosine = 0.1 + 0.9 * (1 + np.cos(np.pi * 47 / 95)) / 2
    np.testing.assert_allclose(rates, [0.0, 1.0, cosine, 0.1, 0.1], atol=1e-5)
