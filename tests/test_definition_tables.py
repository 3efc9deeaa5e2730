import numpy as np

from hyenadna_core.definition import decay_rates, positional_features


def test_positional_features_are_those_of_the_original(golden_weights):
    stored = golden_weights["backbone.layers.0.mixer.filter_fn.pos_emb.z"][0]
    np.testing.assert_allclose(positional_features(66, 5), stored, atol=5e-7, rtol=0)


def test_decay_runs_from_slow_to_fast():
    rates = decay_rates(16)
    np.testing.assert_allclose(rates[[0, -1]], [np.log(0.01) / 1.5, np.log(0.01) / 0.3], rtol=1e-6)
    assert (np.diff(rates) < 0).all()
