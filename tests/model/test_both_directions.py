import numpy as np
import pytest

from hyenadna_core import Draw, LabelledSequences, SequenceTask, Target
from hyenadna_core.tokens import PAD, encode, reverse_complement

keras, one_backend = pytest.mark.keras, pytest.mark.one_backend


@pytest.fixture(scope="module")
def model():
    """Return a model whose head gives the hidden states of both strands."""
    from hyenadna_core.model.task_model import TaskModel
    from hyenadna_core.testing import tiny_backbone

    return TaskModel(tiny_backbone(seed=3), lambda hidden, real: hidden, both_directions=True)


def batch(*texts):
    return np.stack([encode(text, max_length=max(map(len, texts))) for text in texts])


@keras
def test_the_reverse_complement_has_the_states_of_both_strands_swapped_at_each_base(model):
    texts = ("ACGTTGCANGA", "GGATC", "T")
    states = model.predict_on_batch(batch(*texts))
    others = [np.pad(reverse_complement(encode(text)), (0, 11 - len(text)), constant_values=PAD) for text in texts]
    of_other = model.predict_on_batch(np.stack(others))
    D = states.shape[-1] // 2
    for row, text in enumerate(texts):
        n = len(text)
        swapped = np.concatenate([of_other[row, :n, D:], of_other[row, :n, :D]], axis=-1)[::-1]
        np.testing.assert_allclose(states[row, :n], swapped, atol=1e-5)
    assert np.abs(states[0, :, :D] - states[0, :, D:]).max() > 0.1


@keras
def test_each_half_is_the_backbone_on_its_strand(model, compiled):
    from keras import ops

    ids = encode("ACGTTGCANGA")[None]
    forward, other = (model.backbone.predict_on_batch(strand)[0] for strand in (ids, reverse_complement(ids)))
    expected = np.concatenate([forward, other[::-1]], axis=-1)
    np.testing.assert_allclose(model.predict_on_batch(ids)[0], expected, atol=1e-5)
    in_graph = ops.convert_to_numpy(compiled(model)(ops.convert_to_tensor(ids)))
    np.testing.assert_allclose(in_graph[0], expected, atol=1e-5)


@keras
def test_padding_does_not_change_the_states_of_a_sequence(model):
    alone = model.predict_on_batch(batch("GGATC"))
    padded = model.predict_on_batch(batch("GGATC", "ACGTTGCANGA"))
    np.testing.assert_allclose(padded[0, :5], alone[0], atol=1e-5)


class CpG(SequenceTask):
    """Find the C of each CG; a base that is only known with the base after it."""

    name, target = "cpg", Target("bases", ("other", "c of cg"))

    def sequences(self, split):
        random = np.random.default_rng({"train": 0, "valid": 1, "test": 2}[split])
        texts = ["".join(random.choice(list("ACGT"), 24 + row % 4)) for row in range(64)]
        targets = [int(text[at : at + 2] == "CG") for text in texts for at in range(len(text))]
        return LabelledSequences.of(texts, np.array(targets, np.int32))


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("both_directions", [pytest.param(False, marks=one_backend), pytest.param(True, marks=keras)])
def test_the_c_of_each_cg_is_learnable_only_with_both_directions(both_directions):
    from hyenadna_backends.updates import updates
    from hyenadna_core.model.causal_lm import CausalLM
    from hyenadna_core.recipe import Recipe
    from hyenadna_core.task import number_of_targets
    from hyenadna_core.testing import tiny_backbone
    from hyenadna_core.training.optimizer import build_optimizer

    task, steps = CpG(both_directions=both_directions), 60
    model = task.model(CausalLM(tiny_backbone(seed=0, d_model=16)))
    model.compile(optimizer=build_optimizer(model, Recipe(3e-2, 0.1, 0.0, 0.99), steps))
    update = updates(model, task.loss)
    for step in range(steps):
        one = task.batch(Draw("train", step, 27, 16, 0))
        update([one], number_of_targets(one))
    update.settle()
    mcc = task.evaluate(model, "test")["mcc"]
    assert mcc > 0.9 if both_directions else mcc < 0.3
