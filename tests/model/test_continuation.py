"""The rest of a changed sequence, computed from another one, is that of the whole."""

import numpy as np
import pytest
from keras import ops

from hyenadna_core import CausalLM, HyenaBackbone
from hyenadna_core.model.continuation import margin, rest_of
from hyenadna_core.model.spectra import forward, forward_and_keep

pytestmark = [pytest.mark.keras, pytest.mark.core]

IDS = np.random.default_rng(0).integers(7, 11, (3, 60))


@pytest.mark.parametrize(
    ("config", "changed_at"), [({}, 20), ({"order": 3, "trained_positions": True, "short_filter_order": 5}, 59)]
)
def test_the_rest_of_a_changed_sequence_is_that_of_the_whole(config, changed_at):
    backbone = CausalLM(HyenaBackbone(2, 8, 66, seed=3, **config)).backbone
    rows = np.array([2, 0, 0, 1])
    changed = IDS[rows]
    changed[:, changed_at:] = np.random.default_rng(1).integers(7, 11, (4, 60 - changed_at))
    start = changed_at - margin(backbone.hyena_config)
    hidden, kept = forward_and_keep(backbone, IDS)
    np.testing.assert_array_equal(ops.convert_to_numpy(hidden), ops.convert_to_numpy(forward(backbone, IDS)))
    part, same = forward_and_keep(backbone, IDS, first=7)
    np.testing.assert_allclose(ops.convert_to_numpy(part), ops.convert_to_numpy(hidden)[:, 7:], atol=1e-6, rtol=0)
    assert [[tuple(u.shape) for u, _ in block] for block in same] == [
        [tuple(u.shape) for u, _ in block] for block in kept
    ]
    rest = forward(backbone, changed[:, start:], rest_of(kept, rows, start))
    whole = ops.convert_to_numpy(forward(backbone, changed))[:, changed_at:]
    np.testing.assert_allclose(
        ops.convert_to_numpy(rest)[:, changed_at - start :], whole, atol=2e-6 * np.abs(whole).max(), rtol=0
    )


def test_half_precision_stays_near():
    backbone = CausalLM(HyenaBackbone(2, 8, 66, seed=3, dtype="mixed_bfloat16")).backbone
    changed = IDS.copy()
    changed[:, 40:] = 7
    _, kept = forward_and_keep(backbone, IDS)
    rest = forward(backbone, changed[:, 30:], rest_of(kept, np.arange(3), 30))
    whole = ops.convert_to_numpy(forward(backbone, changed))[:, 40:]
    np.testing.assert_allclose(ops.convert_to_numpy(rest)[:, 10:], whole, atol=0.05 * np.abs(whole).max(), rtol=0)
