"""Data and models of the tests that run on each backend."""

import numpy as np
import pytest

SHARES = ([0.4, 0.1, 0.1, 0.4], [0.1, 0.4, 0.4, 0.1])  # of A, C, G and T in each class


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    """Return the options for tables of training, validation and test: 14 to 20 bases a row."""
    folder, options = tmp_path_factory.mktemp("tables"), {}
    for seed, name in enumerate(("of", "valid", "test")):
        random, lines = np.random.default_rng(seed), ["sequence,label"]
        for number in range(24):
            bases = random.choice(list("ACGT"), random.integers(14, 21), p=SHARES[number % 2])
            lines.append(f"{''.join(bases)},class {number % 2}")
        path = folder / f"{name}.csv"
        path.write_text("\n".join(lines) + "\n")
        options[name] = str(path)
    return options


@pytest.fixture
def lively():
    """Return a function that makes a small language model whose positions act on each other."""
    from hyenadna_core import CausalLM
    from hyenadna_core.testing import tiny_backbone

    def make(max_seq_len=130, **options):
        model = CausalLM(tiny_backbone(max_seq_len, n_layer=2, **options))
        for variable in model.trainable_variables:
            if variable.name in ("kernel", "taps", "embeddings"):
                variable.assign(5 * variable.value)
        return model

    return make
