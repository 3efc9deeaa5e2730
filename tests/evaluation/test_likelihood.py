import numpy as np

from hyenadna_core.evaluation.likelihood import likelihood
from hyenadna_core.task import Batch


def batch(targets, weights):
    targets = np.array(targets)
    return Batch(np.zeros_like(targets), targets, np.array(weights, np.float32))


def test_bits_and_perplexity_by_hand():
    logits = np.log(np.array([[[0.5, 0.25, 0.25], [0.125, 0.5, 0.375]]]))
    measured = likelihood(lambda ids: logits, [batch([[0, 0]], [[1, 1]])])
    np.testing.assert_allclose([measured.bits, measured.perplexity, measured.bases], [2.0, 4.0, 2])


def test_batches_count_by_their_bases_and_weight_zero_not_at_all():
    logits = np.log(np.array([0.5, 0.25, 0.25]))
    batches = [batch([[0, 1]], [[1, 0]]), batch([[1, 1, 1]], [[1, 1, 1]])]
    measured = likelihood(lambda ids: np.broadcast_to(logits, (*ids.shape, 3)), batches)
    np.testing.assert_allclose([measured.bits, measured.bases], [(1 + 3 * 2) / 4, 4])


def test_large_logits_do_not_overflow():
    measured = likelihood(lambda ids: np.array([[[1e4, 1e4]]]), [batch([[0]], [[1]])])
    np.testing.assert_allclose(measured.bits, 1.0)


def test_without_a_base_that_counts_the_likelihood_is_not_defined():
    measured = likelihood(lambda ids: np.zeros((1, 2, 3)), [batch([[0, 1]], [[0, 0]])])
    assert (np.isnan(measured.bits), np.isnan(measured.perplexity), measured.bases) == (True, True, 0)
