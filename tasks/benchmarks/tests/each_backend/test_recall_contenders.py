"""Which models a recall run measures, and what identifies them in files."""

import keras
import numpy as np
import pytest
from hyenadna_benchmarks.language_model import UNTRAINED, open_model
from hyenadna_benchmarks.recall.contenders import contenders_of
from hyenadna_benchmarks.recall.measure import ARRAYS, measure
from hyenadna_benchmarks.recall.plants import Plant, make_pair, random_background

from hyenadna_core import CausalLM, HyenaDNAError, Preset, save, train
from hyenadna_core.testing import tiny_backbone, tiny_fasta
from hyenadna_core.tokens import A, T
from hyenadna_plugins import hookimpl, plugin_manager

PLANT = Plant(key=4, value=2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of 64 bases."""
    path = tmp_path_factory.mktemp("weights") / "weights"
    save(CausalLM(tiny_backbone(66)), path)
    return path


@pytest.fixture(scope="module")
def trained_run(weights):
    """A run with these weights on sequences of 32 bases."""
    options = {"fasta": (str(tiny_fasta(weights.parent / "g.fa", {"chr1": 900, "chr2": 800})),)}
    return train("causal-lm", options, weights=str(weights), stages="32x2@2", out=weights.parent / "run").path


def test_a_run_and_its_checkpoint_read_the_bases_of_their_training(weights, trained_run):
    assert open_model(str(weights))[1] == 64
    assert open_model(str(trained_run))[1] == 32
    assert open_model(str(trained_run / "checkpoints" / "step-2"))[1] == 32


def test_models_of_one_shape_share_an_untrained_one():
    """The seed and the dropout of training are no part of the shape."""
    for sources in (["human-chr20-1k", UNTRAINED], [UNTRAINED, "human-chr20-1k"]):
        contenders = contenders_of(sources, "tiny-1k", PLANT, [8])
        assert [each.name for each in contenders] == ["human-chr20-1k", "untrained"]


def test_the_untrained_model_reads_as_much_as_any_of_its_shape_in_any_order(weights, trained_run):
    sources = [str(weights), str(trained_run)]
    whole, reverse = (contenders_of(order, "tiny-1k", PLANT, None) for order in (sources, sources[::-1]))
    assert [each.distances[-1] for each in whole] == [58, 26, 58]
    assert sorted(each[1:2] + each[3:] for each in whole) == sorted(each[1:2] + each[3:] for each in reverse)
    named, last = contenders_of(["human-chr20-1k", *sources], "tiny-1k", PLANT, None)[-2:]
    assert (named.name, last.name) == ("untrained, shape of human-chr20-1k", f"untrained, shape of {weights}")


def test_a_model_with_another_head_has_another_identity(tmp_path):
    identities = []
    for name in ("a", "b"):
        model = CausalLM(tiny_backbone(66), tie_embeddings=False)
        kernel = model.lm_head.kernel
        kernel.assign(np.full(kernel.shape, 0.01 * len(identities), keras.backend.floatx()))
        save(model, tmp_path / name)
        identities.append(contenders_of([str(tmp_path / name)], "tiny-1k", PLANT, None)[0].identity)
    assert identities[0] != identities[1]


def test_a_batch_is_measured_as_its_sequences_one_by_one(weights):
    model, _ = open_model(str(weights))
    arrays = measure(model.predict_on_batch, PLANT, 20, 5, random_background)
    assert set(arrays) == set(ARRAYS)
    for number in range(5):
        for ids, name in zip(make_pair(PLANT, 20, number, random_background), ("", "_control"), strict=True):
            logits = np.asarray(model.predict_on_batch(ids[None]))[0, -3:-1, A : T + 1].astype(float)
            log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
            truth = ids[-2:] - A
            np.testing.assert_allclose(arrays[f"log_p{name}"][number], log_p[range(2), truth], atol=1e-5)
            np.testing.assert_array_equal(arrays[f"right{name}"][number], logits.argmax(axis=1) == truth)


def test_an_unknown_preset_is_one_line():
    with pytest.raises(HyenaDNAError, match=r"^Unknown preset 'large-9': choose one of .*hyenadna-tiny-1k.*$"):
        contenders_of([UNTRAINED], "large-9", PLANT, None)
    assert contenders_of([UNTRAINED], "small-32k", PLANT, None)[0].distances[-1] == 32_768 - 6


def test_presets_of_plugins_are_known(monkeypatch):
    class Presets:
        @hookimpl
        def register_presets(self, register):
            register(Preset("mine", {"n_layer": 1, "d_model": 8, "max_seq_len": 42}, 1, "a test"))

    plugins = plugin_manager(names=[])
    plugins.register(Presets(), "mine")
    monkeypatch.setattr("hyenadna_core.registry._plugins", plugins)
    assert contenders_of([UNTRAINED], "mine", PLANT, None)[0].distances == [8, 16, 32, 34]
