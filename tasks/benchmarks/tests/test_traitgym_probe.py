import numpy as np
from hyenadna_benchmarks.traitgym import probe as module
from hyenadna_benchmarks.traitgym.figures import average_precision
from hyenadna_benchmarks.traitgym.probe import features, probe


def data(seed=0, n=120, blocks=6):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.3
    return rng, labels, np.array([f"chr{number % blocks}" for number in range(n)])


def test_features_are_the_published_ones():
    products = np.array([[3.0, 4.0], [5.0, 6.0]])
    np.testing.assert_array_equal(features(np.array([-1.0, 2.0]), products), [[-1, 1, 3, 4], [2, 2, 5, 6]])


def test_a_feature_that_tells_the_label_is_found():
    rng, labels, blocks = data()
    x = np.column_stack([rng.normal(size=(len(labels), 3)), labels + 0.1 * rng.normal(size=len(labels))])
    assert average_precision(labels, probe(x, labels, blocks)) > 0.99


def test_the_labels_of_a_block_do_not_reach_its_own_predictions():
    rng, labels, blocks = data()
    x = rng.normal(size=(len(labels), 4))
    before = probe(x, labels, blocks)
    out = blocks == "chr2"
    after = probe(x, np.where(out, ~labels, labels), blocks)
    np.testing.assert_array_equal(after[out], before[out])
    assert not np.array_equal(after[~out], before[~out])


def test_the_penalty_is_chosen_among_the_blocks_to_train_on(monkeypatch):
    rng, labels, blocks = data()
    chosen = []
    fit = module._fit
    monkeypatch.setattr(module, "_fit", lambda *given: chosen.append((len(given[0]), given[2])) or fit(*given))
    probe(rng.normal(size=(len(labels), 2)), labels, blocks)
    outer, inner = 100, 80  # five of six blocks, four of these five
    assert {rows for rows, _ in chosen} == {outer, inner}
    assert {C for rows, C in chosen if rows == inner} == set(module.PENALTIES)
    assert len(chosen) == 6 * (5 * len(module.PENALTIES) + 1)


def test_two_blocks_are_too_few():
    _, labels, blocks = data(blocks=2)
    assert probe(np.ones((len(labels), 1)), labels, blocks) is None
