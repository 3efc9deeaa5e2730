import keras
import numpy as np
import pytest

from hyenadna_backends import BACKENDS
from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError

pytestmark = [pytest.mark.keras, pytest.mark.core]


@pytest.mark.parametrize(
    ("name", "length", "overrides"),
    [
        ("logits", 64, {}),
        ("logits_with_modulation_shift_0", 64, {"window_shift": 0.0}),
        ("logits_for_first_37_tokens", 37, {}),
        ("logits_for_single_token", 1, {}),
    ],
)
def test_logits_are_those_of_the_original(golden, golden_model, name, length, overrides):
    model = golden_model(**overrides)
    logits = model.predict_on_batch(golden["input_ids"][:, :length])
    np.testing.assert_allclose(logits, golden[name], atol=5e-5, rtol=0)


def test_stored_positional_features_are_used_when_they_differ(golden, golden_model, golden_weights):
    changed = {
        f"backbone.layers.{i}.mixer.filter_fn.pos_emb.z": golden[f"layer{i}_perturbed_positional_features"]
        for i in range(2)
    }
    model = golden_model(golden_weights | changed, trained_positions=True)
    logits = model.predict_on_batch(golden["input_ids"])
    np.testing.assert_allclose(logits, golden["logits_with_perturbed_positional_features"], atol=5e-5, rtol=0)


@pytest.mark.parametrize(("shift", "name"), [(0.05, "logits"), (0.0, "logits_with_modulation_shift_0")])
def test_tiny_1k_logits_are_those_of_the_original(shared_data, shift, name):
    from safetensors.numpy import load_file

    from hyenadna_core.weights.state_dict import load_state_dict

    reference = shared_data / "reference"
    model = CausalLM(HyenaBackbone(2, 128, 1026, window_shift=shift))
    load_state_dict(model, load_file(reference / "tiny_1k_preset.weights.safetensors"))
    with np.load(reference / "tiny_1k_preset.expected.npz") as expected:
        logits = model.predict_on_batch(expected["input_ids"])
        np.testing.assert_allclose(logits, expected[name], atol=3e-4, rtol=0)


def test_the_future_does_not_leak_into_the_logits(golden, golden_model):
    model = golden_model()
    ids = golden["input_ids"].astype(np.int32)
    changed = ids.copy()
    changed[:, 40:] = 7 + (changed[:, 40:] - 6) % 4
    change = np.abs(model.predict_on_batch(changed) - model.predict_on_batch(ids)).max(axis=(0, 2))
    assert change[:40].max() < 1e-4 < change[40]


def test_padding_on_the_right_leaves_the_bases_alone(golden, golden_model):
    model = golden_model()
    ids = golden["input_ids"][:, :30].astype(np.int32)
    padded = np.pad(ids, ((0, 0), (0, 20)), constant_values=4)
    np.testing.assert_allclose(model.predict_on_batch(padded)[:, :30], model.predict_on_batch(ids), atol=2e-5, rtol=0)


def test_an_untied_head_is_a_matrix_of_its_own():
    model = CausalLM(HyenaBackbone(1, 8, 66), tie_embeddings=False)
    ids = np.arange(9)[None]
    hidden = model.backbone.predict_on_batch(ids)
    head = keras.ops.convert_to_numpy(model.lm_head.kernel.value)
    np.testing.assert_allclose(model.predict_on_batch(ids), hidden @ head, atol=1e-6)
    assert len(model.trainable_variables) == len(model.backbone.trainable_variables) + 1


@pytest.mark.parametrize("tie_embeddings", [True, False])
def test_a_saved_model_comes_back_with_its_logits(tmp_path, tie_embeddings):
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=1), tie_embeddings)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    ids = np.random.default_rng(0).integers(7, 12, (2, 50))
    np.testing.assert_array_equal(again.predict_on_batch(ids), model.predict_on_batch(ids))


@pytest.mark.usefixtures("trains")
def test_the_loss_is_that_of_the_original(golden, golden_model):
    from hyenadna_core.evaluation.likelihood import likelihood
    from hyenadna_core.task import Batch

    batch = Batch(golden["input_ids"], golden["target_ids"].astype(np.int64), np.ones((3, 64)))
    loss = likelihood(golden_model().predict_on_batch, [batch])
    np.testing.assert_allclose(loss.nats, golden["next_token_loss"], rtol=1e-5)


class Windows(keras.utils.PyDataset):
    """Yield batches of random bases, with the next base of each as its target."""

    def __init__(self, batches):
        super().__init__()
        self.ids = np.random.default_rng(0).integers(7, 11, (batches, 2, 33))

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, index):
        return self.ids[index, :, :-1], self.ids[index, :, 1:]


def test_predict_takes_a_pydataset():
    model, data = CausalLM(HyenaBackbone(1, 8, 66)), Windows(3)
    expected = np.concatenate([model.predict_on_batch(data[i][0]) for i in range(3)])
    np.testing.assert_allclose(model.predict(data, verbose=0), expected, atol=1e-6)


@pytest.mark.usefixtures("trains")
def test_fit_takes_a_pydataset_and_learns():
    model = CausalLM(HyenaBackbone(1, 8, 66))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(Windows(8), epochs=3, verbose=0).history
    assert history["loss"][2] < history["loss"][0] < 2.9
    assert set(history) == {"loss", "accuracy"}


@pytest.mark.usefixtures("trains")
def test_a_custom_head_is_plain_keras():
    backbone = HyenaBackbone(1, 8, 66)
    pooled = keras.layers.GlobalAveragePooling1D()(backbone.output)
    model = keras.Model(backbone.input, keras.layers.Dense(3, activation="softmax")(pooled))
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(np.full((4, 20), 7), np.array([0, 1, 2, 0]), verbose=0)
    np.testing.assert_allclose(model.predict_on_batch(np.full((1, 20), 7)).sum(), 1, rtol=1e-5)


def test_a_backend_without_gradients_says_so():
    if BACKENDS[keras.config.backend()].trains:
        pytest.skip("this backend trains")
    model = CausalLM(HyenaBackbone(1, 8, 66))
    model.compile("sgd", "mse")
    with pytest.raises(NotImplementedError, match="fit not implemented for NumPy"):
        model.fit(np.full((1, 5), 7), np.zeros((1, 5, 16)), verbose=0)


def test_the_summary_reads_well():
    lines = []
    CausalLM(HyenaBackbone(2, 128, 1026)).summary(print_fn=lines.append, line_length=100)
    text = "\n".join(lines)
    for part in ("embeddings", "layers_0", "layers_1", "ln_f", "(None, None, 128)", "(None, None, 16)"):
        assert part in text
    assert "Trainable params: 436,096" in text


@pytest.mark.parametrize("length", [1, 66, *(pytest.param(L, marks=pytest.mark.one_backend) for L in (2, 3, 65))])
def test_every_length_up_to_the_longest_works(golden_model, length):
    assert golden_model().predict_on_batch(np.full((1, length), 7)).shape == (1, length, 16)


@pytest.mark.parametrize("make", [lambda: HyenaBackbone(1, 8, 66), lambda: CausalLM(HyenaBackbone(1, 8, 66))])
def test_a_longer_input_is_refused_before_any_work(make, monkeypatch):
    model = make()

    def work(*_, **__):
        raise AssertionError("the embedding was asked")

    monkeypatch.setattr(keras.layers.ReversibleEmbedding, "call", work)
    message = (
        "The input has 67 positions, this model takes at most 66: cut it, or choose a model with a larger max_seq_len."
    )
    for call in (model, model.predict_on_batch):
        with pytest.raises(HyenaDNAError) as caught:
            call(np.full((1, 67), 7))
        assert str(caught.value) == message
