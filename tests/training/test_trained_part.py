"""A part of a model that is trained alone: the rest has no gradients and keeps every byte."""

import json
import shutil
from types import ModuleType

import keras
import numpy as np
import pytest
from keras import ops
from safetensors.numpy import load_file

from hyenadna_backends import choose
from hyenadna_core import (
    Batch,
    CausalLM,
    Head,
    HyenaDNAError,
    LabelledSequences,
    SequenceTask,
    Target,
    Task,
    TaskModel,
    weights_sha256,
)
from hyenadna_core.model.task_model import model_of_task
from hyenadna_core.model.trained_part import train_only
from hyenadna_core.registry import Session
from hyenadna_core.testing import check_task, tiny_backbone
from hyenadna_core.tokens import A, T
from hyenadna_core.training.options import TrainOptions
from hyenadna_core.training.run import resume_run, start_run
from hyenadna_core.training.trained import open_trained
from hyenadna_plugins import hookimpl, plugin_manager

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("trains")]


class Prompt(keras.layers.Layer):
    """Four trained vectors in front: (B, L, D) -> (B, 4 + L, D)."""

    def build(self, shape):
        self.vectors = self.add_weight(shape=(4, shape[-1]), name="vectors")

    def call(self, x):
        front = ops.broadcast_to(self.vectors, (ops.shape(x)[0], 4, x.shape[-1]))
        return ops.concatenate([front, x], axis=1)


class Prompted(Task):
    """Tell sequences with many A from others; only a soft prompt and the head are trained."""

    name = "prompted"

    def batch(self, draw):
        random = draw.generator()
        ids = random.integers(A, T + 1, (draw.batch_size, draw.seq_len), dtype=np.int32)
        targets = random.integers(0, 2, draw.batch_size).astype(np.int32)
        ids[targets == 1, ::2] = A
        return Batch(ids, targets, np.ones(draw.batch_size, np.float32))

    def embed(self, ids, embedded):
        return Prompt()(keras.layers.BatchNormalization(name="frozen")(embedded))

    def trained_part(self, model):
        return [model.embed.layers[-1], model.head]

    def head(self, hidden, real):
        return Head(2)(hidden, real)

    def has(self, split):
        return split in ("train", "valid")

    def evaluate(self, model, split):
        return {"bits": float(np.square(model.predict_on_batch(np.full((2, 12), A, np.int32))).mean())}


def session_with(task):
    plugin, plugins = ModuleType("outside"), plugin_manager(names=[])
    plugin.register_tasks = hookimpl(lambda register: register(task), specname="register_tasks")
    plugins.register(plugin, name="outside")
    return Session(plugins, choose())


def start(run, task=Prompted, **options):
    options = {"task": "prompted", "stages": "8x4@4", "valid_every": 2, "checkpoint_every": 0.0} | options
    start_run(session_with(task), TrainOptions(**options, out=run), {}, None)
    return run / "checkpoints"


def test_only_the_part_is_trained_and_the_rest_keeps_every_byte(tmp_path):
    checkpoints = start(tmp_path / "run")
    first, last = (load_file(checkpoints / f"step-{step}" / "model.safetensors") for step in (2, 4))
    changed = {name for name in first if first[name].tobytes() != last[name].tobytes()}
    assert changed == {"head.4.vectors", "head.5.kernel", "head.6.bias"}
    assert {name.split(".", 2)[2] for name in first if name.startswith("head.")} > {"moving_mean", "gamma"}
    optimizer = load_file(checkpoints / "step-4" / "optimizer.safetensors")
    momenta = sorted(array.shape for name, array in optimizer.items() if array.ndim)
    assert [shape for shape in momenta if shape[-1:] == (128,)] == [(4, 128), (4, 128)]
    assert len(momenta) - len([name for name in optimizer if name.startswith("random")]) <= 6
    _, _, model = open_trained(session_with(Prompted), tmp_path / "run")
    untrained = model_of_task(Prompted(), CausalLM(type(model.backbone)(**model.backbone.hyena_config.of_backbone)))
    assert weights_sha256(model) == weights_sha256(untrained)


def test_a_resumed_run_is_exact(tmp_path):
    whole = start(tmp_path / "run")
    shutil.copytree(tmp_path / "run", tmp_path / "again")
    shutil.rmtree(tmp_path / "again" / "checkpoints" / "step-4")
    description = json.loads((tmp_path / "again" / "run.json").read_text())
    del description["finished"]
    (tmp_path / "again" / "run.json").write_text(json.dumps(description))
    resume_run(session_with(Prompted), tmp_path / "again")
    for name in ("model", "optimizer"):
        one, other = (
            load_file(folder / "step-4" / f"{name}.safetensors")
            for folder in (whole, tmp_path / "again" / "checkpoints")
        )
        for key, value in one.items():
            np.testing.assert_array_equal(other[key], value, err_msg=key)


def test_the_frozen_weights_have_no_gradients():
    from hyenadna_backends.updates import updates

    class Counting(keras.optimizers.SGD):
        def apply(self, gradients, variables=None):
            counts.append(len(gradients))
            return super().apply(gradients, variables)

        def stateless_apply(self, optimizer, gradients, weights):
            counts.append(len(gradients))
            return super().stateless_apply(optimizer, gradients, weights)

    task, counts = Prompted(), []
    model = model_of_task(task, CausalLM(tiny_backbone(n_layer=2)))
    train_only(model, task.trained_part(model))
    assert [variable.name for variable in model.trainable_variables] == ["vectors", "kernel", "bias"]
    model.compile(optimizer=Counting(0.1))
    update = updates(model, task.loss)
    random = np.random.default_rng(0)
    ids = random.integers(A, T + 1, (4, 8)).astype(np.int32)
    for _ in range(2):
        update([(ids, np.array([0, 1, 0, 1], np.int32), np.ones(4, np.float32))], 4.0)
    update.settle()
    assert {count for count in counts if count} == {3}
    if keras.config.backend() == "torch":
        frozen = [variable for variable in model.variables if not variable.trainable]
        assert not any(variable.value.requires_grad for variable in frozen)


class PromptedSequences(SequenceTask):
    """Sequences with a soft prompt in front of both strands."""

    name, target = "prompted-sequences", Target("classes", ("few", "many"))
    trained_part = Prompted.trained_part

    def sequences(self, split):
        random = np.random.default_rng({"train": 0, "valid": 1, "test": 2}[split])
        targets = np.arange(40, dtype=np.int32) % 2
        texts = ["".join(random.choice(list("ACGT"), 9 + row % 7)) + "A" * 9 * targets[row] for row in range(40)]
        return LabelledSequences.of(texts, targets)

    def embed(self, ids, embedded):
        return Prompt()(embedded)

    def model(self, language_model):
        return TaskModel(language_model.backbone, self.head, self.both_directions, self.embed)


@pytest.mark.parametrize("both_directions", [False, pytest.param(True, marks=pytest.mark.one_backend)])
def test_a_sequence_task_with_a_prompt_passes_the_checks_of_tasks(both_directions):
    figures = check_task(PromptedSequences(both_directions=both_directions))
    assert figures["test"].keys() == figures["valid"].keys() > {"mcc"}


@pytest.mark.one_backend
def test_the_checks_of_tasks_refuse_a_part_that_is_none():
    class Wrong(PromptedSequences):
        def trained_part(self, model):
            return [keras.layers.Dense(2)]

    with pytest.raises(HyenaDNAError, match="The trained part has no weights to train"):
        check_task(Wrong())


def test_a_layer_that_holds_other_layers_may_be_trained_in_part():
    model = model_of_task(Prompted(), CausalLM(tiny_backbone(n_layer=2)))
    chosen = model.backbone.blocks[1].mlp.fc1
    train_only(model, [chosen])
    assert {id(variable) for variable in model.trainable_variables} == {id(variable) for variable in chosen.weights}


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("part", "message"),
    [
        (lambda model: [keras.layers.Dense(2)], "The trained part has no weights to train"),
        (lambda model: [model.backbone.embeddings.embeddings], "which is not a layer of the model"),
        (lambda model: [Head(2)], "The trained part has no weights to train"),
        (lambda model: [tiny_backbone()], "which is not a layer of the model"),
        (lambda model: [], "The trained part has no weights to train"),
    ],
)
def test_a_part_that_is_none_is_one_error(part, message):
    model = model_of_task(Prompted(), CausalLM(tiny_backbone()))
    with pytest.raises(HyenaDNAError, match=message):
        train_only(model, part(model))


@pytest.mark.one_backend
def test_a_stage_longer_than_the_model_is_refused_before_the_run(tmp_path):
    with pytest.raises(HyenaDNAError, match="A stage has 1,026 bases, but the model of the task prompted takes"):
        start(tmp_path / "run", stages="1026x2@2")
    assert not (tmp_path / "run").exists()


@pytest.mark.one_backend
def test_a_model_that_leaves_out_the_embed_of_its_task_is_refused(tmp_path):
    class Forgets(Prompted):
        def model(self, language_model):
            return TaskModel(language_model.backbone, self.head)

    with pytest.raises(HyenaDNAError, match="The model of the task prompted does not use its `embed`"):
        start(tmp_path / "run", Forgets)


@pytest.mark.one_backend
def test_an_embed_that_changes_nothing_is_no_error(tmp_path):
    class Unchanged(Prompted):
        def embed(self, ids, embedded):
            return embedded

        def trained_part(self, model):
            return [model.head]

    start(tmp_path / "run", Unchanged)
