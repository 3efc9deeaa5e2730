import numpy as np
from hyenadna_biotype import pictures


def test_the_map_keeps_groups_of_vectors_together():
    random = np.random.default_rng(0)
    groups = np.repeat([0, 1], 40)
    places = pictures.two_axes(random.normal(size=(80, 5)) + 20 * groups[:, None], seed=0)
    near = ((places[:, None] - places) ** 2).sum(axis=-1).argsort(axis=1)[:, 1:6]  # five neighbours of each
    assert (groups[near] == groups[:, None]).mean() > 0.95


def test_a_map_of_many_genes_shows_some_and_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pictures, "MOST", 30)
    vectors = np.random.default_rng(0).normal(size=(50, 4))
    names = [f"biotype {number}" for number in range(12)]
    pictures.draw_map(tmp_path / "one.png", vectors, [names[number % 12] for number in range(50)], names, seed=0)
    assert "The map shows 30 of 50 genes, drawn at random." in capsys.readouterr().err
    pictures.draw_map(tmp_path / "two.png", vectors, [names[number % 12] for number in range(50)], names, seed=0)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
