"""Layers between the embedding and the blocks, compared with the blocks called one by one."""

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_core import CausalLM, Head, HyenaBackbone, HyenaDNAError, definition
from hyenadna_core.checks.gradients import RecordedGradients
from hyenadna_core.model.task_model import TaskModel
from hyenadna_core.testing import tiny_backbone
from hyenadna_core.tokens import PAD, A, T, reverse_complement
from hyenadna_core.weights.state_dict import EMBEDDING, state_dict

pytestmark = [pytest.mark.keras, pytest.mark.core]

P, D = 3, 8
IDS = np.random.default_rng(0).integers(A, T + 1, (2, 20)).astype(np.int32)


class Prompt(keras.layers.Layer):
    """P trained vectors in front: (B, L, D) -> (B, P + L, D)."""

    def __init__(self, count=P, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def build(self, shape):
        self.vectors = self.add_weight(shape=(self.count, shape[-1]), name="vectors")

    def call(self, embedded):
        front = ops.broadcast_to(self.vectors, (ops.shape(embedded)[0], self.count, embedded.shape[-1]))
        return ops.concatenate([front, embedded], axis=1)


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


def prompted(count=P, head=lambda hidden, real: hidden, **options):
    backbone = tiny_backbone(max_seq_len=66, n_layer=2, seed=3, **options.pop("config", {}))
    model = TaskModel(backbone, head, embed=lambda ids, embedded: Prompt(count)(embedded), **options)
    random = np.random.default_rng(1)
    for weight in (*model.embed.weights, *model.head.weights):
        weight.assign(random.normal(size=weight.shape) / 2)
    return model


def one_by_one(model, ids):
    """Call the blocks one after another on the prompt and the embeddings: (B, L) -> (B, L, D)."""
    backbone, (vectors,) = model.backbone, model.embed.weights
    front = np.broadcast_to(numbers(vectors), (len(ids), *vectors.shape))
    x = ops.convert_to_tensor(np.concatenate([front, numbers(backbone.embeddings(ids))], axis=1))
    for block in backbone.blocks:
        x = block(x)
    return numbers(backbone.ln_f(x))[:, vectors.shape[0] :]


def in_float64(model, ids, vectors):
    """Compute the hidden states by the definition, with the vectors as more rows of the table."""
    tensors = state_dict(CausalLM(model.backbone))
    table = tensors[EMBEDDING]
    tensors[EMBEDDING] = np.concatenate([table.astype(np.float64), vectors])
    front = np.broadcast_to(np.arange(len(vectors)) + len(table), (len(ids), len(vectors)))
    return definition.forward(tensors, np.concatenate([front, ids], axis=1))[0][:, len(vectors) :]


@pytest.mark.parametrize("count", [1, P])
def test_the_states_are_those_of_the_blocks_one_by_one(count, compiled):
    model = prompted(count)
    expected = one_by_one(model, IDS)
    np.testing.assert_allclose(model.predict_on_batch(IDS), expected, atol=2e-5)
    np.testing.assert_allclose(numbers(compiled(model)(ops.convert_to_tensor(IDS))), expected, atol=2e-5)
    np.testing.assert_allclose(in_float64(model, IDS, numbers(model.embed.weights[0])), expected, atol=2e-5)
    assert np.abs(expected - model.backbone.predict_on_batch(IDS)).max() > 0.01


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("rematerialise", [False, True])
def test_the_gradient_of_the_prompt_is_that_of_float64(rematerialise):
    from hyenadna_backends.updates import updates

    model = prompted(config={"rematerialise": rematerialise})
    (variable,) = model.embed.weights
    dy = np.random.default_rng(2).normal(size=(*IDS.shape, D))
    model.compile(optimizer=RecordedGradients())
    update = updates(model, lambda outputs, targets, weights: ops.sum(outputs * targets))
    update([(IDS, dy.astype(np.float32), np.ones(2, np.float32))], 1.0)
    update.settle()
    index = next(i for i, v in enumerate(model.trainable_variables) if v is variable)
    gradient, vectors, step = numbers(model.optimizer.recorded[index]), numbers(variable).astype(np.float64), 1e-5
    expected = np.empty(vectors.shape)
    for place in np.ndindex(vectors.shape):
        sides = []
        for sign in (1, -1):
            moved = vectors.copy()
            moved[place] += sign * step
            sides.append((in_float64(model, IDS, moved) * dy).sum())
        expected[place] = (sides[0] - sides[1]) / (2 * step)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_the_spectra_of_all_positions_are_kept():
    model = prompted()
    first, made = model.predict_on_batch(IDS), model.backbone.spectra.made
    np.testing.assert_array_equal(model.predict_on_batch(IDS), first)
    assert model.backbone.spectra.made == made
    assert list(model.backbone.spectra.kept) in ([P + IDS.shape[1]], [])  # a kernel may take no spectra


@pytest.mark.parametrize("pooling", ["mean", "last", "max", "none"])
def test_padding_on_the_right_changes_nothing(pooling):
    model = prompted(head=lambda hidden, real: Head(3, pooling)(hidden, real))
    padded = model.predict_on_batch(np.pad(IDS, ((0, 0), (0, 12)), constant_values=PAD))
    expected = model.predict_on_batch(IDS)
    np.testing.assert_allclose(padded[:, : expected.shape[1]], expected, atol=2e-5)
    assert np.abs(expected).max() > 0.1


def test_the_vectors_are_in_front_of_both_strands():
    both, one = prompted(both_directions=True), prompted()
    states, forward = both.predict_on_batch(IDS), one.predict_on_batch(IDS)
    other = one.predict_on_batch(reverse_complement(IDS))[:, ::-1]
    np.testing.assert_allclose(states, np.concatenate([forward, other], axis=-1), atol=2e-5)
    np.testing.assert_allclose(numbers(both(IDS)), states, atol=2e-5)


def test_layers_that_change_nothing_give_the_same_bits():
    backbone = tiny_backbone(n_layer=2, seed=3)
    plain = TaskModel(backbone, lambda hidden, real: hidden)
    same = TaskModel(backbone, lambda hidden, real: hidden, embed=lambda ids, x: keras.layers.Identity()(x))
    np.testing.assert_array_equal(same.predict_on_batch(IDS), plain.predict_on_batch(IDS))
    assert same.max_seq_len == plain.max_seq_len
    assert same.embed.weights == []
    assert TaskModel(backbone, lambda hidden, real: hidden, embed=lambda ids, embedded: embedded).embed is None


def test_half_precision_gives_nearly_the_same_states():
    exact, half = prompted(), prompted(config={"dtype": "mixed_bfloat16"})
    states = exact.predict_on_batch(IDS)
    for rounded in (half.predict_on_batch(IDS), numbers(half(IDS))):
        assert 0 < np.abs(rounded - states).max() < 0.1


def test_ids_have_the_room_that_the_vectors_leave():
    model = prompted()
    assert model.max_seq_len == 66 - P
    ids = np.full((1, 66 - P), A, np.int32)
    assert model.predict_on_batch(ids).shape == (1, 66 - P, D)
    with pytest.raises(HyenaDNAError, match="The input has 64 positions, this model takes at most 63"):
        model.predict_on_batch(np.full((1, 64), A, np.int32))


@pytest.mark.one_backend
def test_vectors_that_leave_no_room_are_refused():
    with pytest.raises(HyenaDNAError, match="`embed` puts 66 vectors in front of the ids"):
        prompted(66)


WRONG = {
    "channels": (lambda ids, embedded: keras.layers.Dense(4)(embedded), r"makes \(2, 5, 4\) of embeddings \(2, 5, 8\)"),
    "shorter": (lambda ids, embedded: embedded[:, 1:], r"makes \(2, 4, 8\) of embeddings"),
    "pooled": (lambda ids, embedded: ops.mean(embedded, axis=1), r"makes \(2, 8\) of embeddings"),
    "twice": (lambda ids, embedded: ops.concatenate([embedded, embedded], axis=1), r"makes \(2, 10, 8\) of embeddings"),
    "none": (lambda ids, embedded: None, "returned a NoneType: it must return a tensor"),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("wrong", WRONG)
def test_another_shape_is_one_error(wrong):
    embed, message = WRONG[wrong]
    with pytest.raises(HyenaDNAError, match=f"^`embed` {message}"):
        TaskModel(tiny_backbone(), lambda hidden, real: hidden, embed=embed)


def test_the_two_parts_of_a_backbone_give_the_bits_of_the_whole(compiled):
    backbone = HyenaBackbone(2, D, 66, seed=3)
    expected = numbers(backbone(IDS))
    np.testing.assert_array_equal(numbers(backbone.from_embeddings(backbone.embed(IDS))), expected)
    ids = keras.Input((None,), dtype="int32")
    in_graph = keras.Model(ids, backbone.from_embeddings(backbone.embed(ids) * 1.0))
    np.testing.assert_array_equal(numbers(in_graph(IDS)), expected)
    np.testing.assert_allclose(numbers(compiled(in_graph)(ops.convert_to_tensor(IDS))), expected, atol=1e-5)


def test_the_dropout_of_the_embedding_is_for_training_alone():
    backbone = HyenaBackbone(1, D, 66, embed_dropout=0.5)
    ids = keras.Input((None,), dtype="int32")
    model = keras.Model(ids, backbone.from_embeddings(backbone.embed(ids)))
    expected = numbers(backbone(IDS))
    np.testing.assert_array_equal(numbers(model(IDS, training=False)), expected)
    assert np.abs(numbers(model(IDS, training=True)) - expected).max() > 0.1
    embedded = backbone.embed(IDS)
    assert np.abs(numbers(backbone.from_embeddings(embedded, training=True)) - expected).max() > 0.1


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 67, D), "The embeddings have 67 positions, this model takes at most 66"),
        ((2, 9, 4), r"Embeddings must have the shape \(B, L, 8\), not \(2, 9, 4\)"),
        ((9, D), r"Embeddings must have the shape \(B, L, 8\), not \(9, 8\)"),
        ((2, 0, D), r"Embeddings must have the shape \(B, L, 8\), not \(2, 0, 8\)"),
    ],
)
@pytest.mark.one_backend
def test_wrong_embeddings_are_refused_before_any_work(shape, message):
    with pytest.raises(HyenaDNAError, match=message):
        HyenaBackbone(1, D, 66).from_embeddings(np.zeros(shape, np.float32))
