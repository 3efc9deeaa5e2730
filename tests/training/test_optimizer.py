from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

from hyenadna_backends import adamw
from hyenadna_backends.updates import updates
from hyenadna_core import CausalLM, Head, HyenaBackbone
from hyenadna_core.model.losses import cross_entropy
from hyenadna_core.model.task_model import TaskModel
from hyenadna_core.recipe import DEFAULT, ORIGINAL, Recipe, learning_rate_at
from hyenadna_core.tokens import A, T
from hyenadna_core.training.optimizer import FilterAdamW, RecipeSchedule, build_optimizer, decays, in_filter_network
from hyenadna_core.weights.state_dict import state_dict

pytestmark = [pytest.mark.keras, pytest.mark.core]

DATA = Path(__file__).parents[1] / "data"


def test_the_rate_rises_to_its_peak_and_falls_to_zero():
    optimizer = build_optimizer(CausalLM(HyenaBackbone(1, 8, 66)), Recipe(1.0, 1.0, 0.1, 0.999), steps=100)
    schedule = optimizer._learning_rate
    rates = [float(keras.ops.convert_to_numpy(schedule(step))) for step in (0, 5, 52, 100, 200)]
    np.testing.assert_allclose(rates, [0.0, 1.0, (1 + np.cos(np.pi * 47 / 95)) / 2, 0.0, 0.0], atol=1e-5)


def test_the_rate_may_fall_linearly():
    recipe = Recipe(1.0, 1.0, 0.1, 0.999, floor=0.2, falls="linear")
    np.testing.assert_allclose(learning_rate_at(recipe, 100, np.array([0, 5, 24, 100, 200])), [0, 1, 0.84, 0.2, 0.2])


@pytest.mark.parametrize("original", [False, True])
def test_without_warmup_the_first_step_has_the_peak(original):
    recipe = Recipe(1.0, 1.0, 0.0, 0.999, warmup=0.0, original=original)
    for steps, expected in ((1, [1.0]), (4, [1.0, 0.853553, 0.5, 0.146447])):
        np.testing.assert_allclose([learning_rate_at(recipe, steps, step) for step in range(steps)], expected, 1e-5)


@pytest.mark.parametrize("warmup", [0.0, 0.05])
@pytest.mark.parametrize("falls", ["cosine", "linear"])
@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_the_rate_that_is_logged_is_the_rate_of_the_schedule(steps, falls, warmup):
    recipe = Recipe(0.01, 1.0, 0.1, 0.999, warmup=warmup, falls=falls)
    schedule = build_optimizer(CausalLM(HyenaBackbone(1, 8, 66)), recipe, steps)._learning_rate
    expected = [float(keras.ops.convert_to_numpy(schedule(step))) for step in range(steps)]
    np.testing.assert_allclose([learning_rate_at(recipe, steps, step) for step in range(steps)], expected, atol=1e-8)


IDS, ONES = np.random.default_rng(0).integers(A, T + 1, (2, 12)).astype(np.int32), np.ones((2, 12), np.float32)


def model_with(recipe, steps, **options):
    model = CausalLM(HyenaBackbone(1, 8, 66, **{"seed": 1, **options}))
    model.compile(build_optimizer(model, recipe, steps))
    return model


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX keeps compiled steps on the disk")
@pytest.mark.parametrize(("original", "dtype"), [(False, "float32"), (True, "float32"), (False, "mixed_float16")])
def test_the_compiled_step_is_that_of_other_rates_numbers_of_steps_and_seeds(original, dtype):
    def program(rate, steps, seed):
        recipe = Recipe(rate, 1.0, 0.1, 0.999, floor=rate, original=original)
        update = updates(model_with(recipe, steps, dtype=dtype, seed=seed), cross_entropy)
        state = [[variable.value for variable in group] for group in update.variables]
        return update.whole.lower(*state, (IDS, IDS, ONES), np.float32(1), update.rate.tensors).as_text()

    assert program(1e-3, 9, 1) == program(5e-3, 400, 2)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize(("falls", "parts"), [("cosine", 1), ("linear", 2)])
def test_a_compiled_step_has_the_rate_of_its_schedule(falls, parts):
    """Compare with a schedule whose rate is the same at all steps."""
    recipe = Recipe(0.01, 1.0, 0.1, 0.999, warmup=0.5, floor=0.1, falls=falls)
    for step in range(4):
        rate = learning_rate_at(recipe, 4, step)
        models = [model_with(each, 4) for each in (recipe, replace(recipe, learning_rate=rate, warmup=0.0, floor=1.0))]
        for model in models:
            model.optimizer.build(model.trainable_variables)
            model.optimizer.iterations.assign(step)
            update = updates(model, cross_entropy)
            update([(IDS, IDS, ONES)] * parts, 24.0 * parts)
            update.settle()
        for variables in zip(*(model.trainable_variables for model in models), strict=True):
            one, other = (keras.ops.convert_to_numpy(variable.value) for variable in variables)
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-4 * rate + 1e-9)


def test_which_weights_are_the_filter_networks_and_which_decay():
    variables = CausalLM(HyenaBackbone(1, 8, 66)).trainable_variables
    names = {variable.path.split("layers_0/")[-1]: variable for variable in variables}
    network = {name for name, variable in names.items() if in_filter_network(variable)}
    linears = [f"mixer/filter_fn/implicit_filter_{i}" for i in (0, 2, 4)]
    assert network == {
        "mixer/filter_fn/freq",
        "mixer/filter_fn/implicit_filter_6/kernel",
        *(f"{linear}/{part}" for linear in linears for part in ("kernel", "bias")),
    }
    assert {name for name, variable in names.items() if decays(variable, ORIGINAL)} == names.keys() - network
    assert {name for name, variable in names.items() if decays(variable, DEFAULT)} == {
        "mixer/in_proj/kernel",
        "mixer/short_filter/taps",
        "mixer/out_proj/kernel",
        "mlp/fc1/kernel",
        "mlp/fc2/kernel",
    }


@pytest.mark.usefixtures("trains")
def test_the_filter_network_takes_smaller_steps():
    """Check the first step of Adam: it is the rate itself, for a gradient of any size."""
    model = CausalLM(HyenaBackbone(1, 8, 66, embed_dropout=0.0))
    before = {variable.path: keras.ops.convert_to_numpy(variable.value) for variable in model.trainable_variables}
    model.compile(FilterAdamW(1e-2, 0.1, weight_decay=0.0, epsilon=0.0), "sparse_categorical_crossentropy")
    ids = np.random.default_rng(0).integers(7, 11, (4, 33))
    model.train_on_batch(ids[:, :-1], ids[:, 1:])
    for variable in model.trainable_variables:
        moved = np.abs(keras.ops.convert_to_numpy(variable.value) - before[variable.path]).max()
        expected = 1e-3 if in_filter_network(variable) else 1e-2
        np.testing.assert_allclose(moved, expected, rtol=1e-3, err_msg=variable.path)


@pytest.mark.usefixtures("trains")
def test_the_head_of_a_task_takes_its_own_steps():
    """Check the first step of Adam: the rate itself in the backbone, five times it in the head."""
    model = TaskModel(HyenaBackbone(1, 8, 66, embed_dropout=0.0, seed=0), Head(2))
    # No zeros, else the backbone has no gradients. No equal weights: with those, the mean of 0 of
    # ln_f makes all outputs 0.
    model.head.get_layer("head").projection.kernel.assign(np.linspace(-1, 2, 16).reshape(8, 2))
    before = {variable.path: keras.ops.convert_to_numpy(variable.value) for variable in model.trainable_variables}
    recipe = Recipe(1e-3, 0.1, 0.0, 0.99, warmup=0.0, epsilon=1e-30, head_rate=5.0)
    model.compile(build_optimizer(model, recipe, 10))
    update = updates(model, lambda outputs, targets, weights: keras.ops.sum(outputs[:, 0] ** 2))
    ids = np.random.default_rng(0).integers(7, 11, (4, 33)).astype(np.int32)
    update([(ids, np.zeros(4, np.int32), np.ones(4, np.float32))], 4.0)
    update.settle()
    head = model.head.get_layer("head").projection
    for variable, expected in ((head.bias, 5e-3), (model.backbone.ln_f.beta, 1e-3)):
        moved = np.abs(keras.ops.convert_to_numpy(variable.value) - before[variable.path]).max()
        np.testing.assert_allclose(moved, expected, rtol=0.1, err_msg=variable.path)


@pytest.mark.usefixtures("trains")
@pytest.mark.one_backend
def test_a_step_over_all_weights_is_the_step_of_each(monkeypatch):
    """Check three steps with clipping, decay, slow filters and a fast head, to the last digits."""
    recipe, random = Recipe(1e-2, 0.1, 0.1, 0.99, head_rate=3.0), np.random.default_rng(0)
    models = [TaskModel(HyenaBackbone(2, 8, 66, seed=3), Head(2)) for _ in range(2)]
    gradients = [
        [random.normal(0, 0.3, variable.shape).astype(np.float32) for variable in models[0].trainable_variables]
        for _ in range(3)
    ]
    for model, at_once in zip(models, (adamw.updates_all_at_once(), False), strict=True):
        monkeypatch.setattr(adamw, "updates_all_at_once", lambda at_once=at_once: at_once)
        optimizer = build_optimizer(model, recipe, 10)
        for step in gradients:
            optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in step], model.trainable_variables)
    for one, other in zip(*(model.trainable_variables for model in models), strict=True):
        values = [keras.ops.convert_to_numpy(variable.value) for variable in (one, other)]
        np.testing.assert_allclose(*values, rtol=2e-6, atol=2e-7, err_msg=one.path)


def test_the_optimizer_comes_back_from_its_config():
    optimizer = FilterAdamW(1e-2, 0.1, head_rate=5.0, head=["head/projection/bias"])
    again = FilterAdamW.from_config(optimizer.get_config())
    assert (again.filter_rate, again.head_rate, again.head) == (0.1, 5.0, {"head/projection/bias"})


def test_the_originals_rates(compiled):
    """Compare with the original's own curves, also after the end of training."""
    with np.load(DATA / "learning_rate_schedule.expected.npz") as curves:
        for name, steps, warmup in (("400", 400, 4), ("133", 133, 1.33), ("1000", 1000, 10)):
            key = next(key for key in curves if f"total{name}_" in key)
            peak = float(key.split("_")[0].removeprefix("base"))
            recipe = replace(ORIGINAL, learning_rate=peak, warmup=warmup / steps)
            rates = learning_rate_at(recipe, steps, np.arange(len(curves[key])))
            np.testing.assert_allclose(rates, curves[key], rtol=1e-9, err_msg=key)
            schedule = compiled(RecipeSchedule(recipe, steps))(keras.ops.arange(len(curves[key])))
            np.testing.assert_allclose(keras.ops.convert_to_numpy(schedule), curves[key], rtol=2e-5, atol=1e-9)


GOLDEN_STEPS = {
    "one plain": ("after_1_adamw_step", 1, 1.0, None, "adamw_1_step_losses"),
    "five clipped": ("after_5_clipped_adamw_steps", 5, 2.5, 1.0, "adamw_5_clipped_steps_losses"),
}


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("name", [pytest.param("one plain", marks=pytest.mark.one_backend), "five clipped"])
def test_steps_of_the_originals_adamw(name, golden, golden_model, golden_folder):
    file, steps, filter_rate, clip, losses_name = GOLDEN_STEPS[name]
    model = golden_model(embed_dropout=0.0)
    optimizer = FilterAdamW(6e-4, filter_rate, weight_decay=0.1, global_clipnorm=clip)
    optimizer.exclude_from_weight_decay(var_list=[v for v in model.trainable_variables if not decays(v, ORIGINAL)])
    model.compile(optimizer)
    update = updates(model, cross_entropy)
    ids, targets = golden["input_ids"].astype(np.int32), golden["target_ids"].astype(np.int32)
    batch = (ids, targets, np.ones(ids.shape, np.float32))
    losses = [float(keras.ops.convert_to_numpy(update([batch], ids.size))) for _ in range(steps)]
    np.testing.assert_allclose(losses, golden[losses_name][:steps], atol=2e-5)
    update.settle()
    tensors = state_dict(model)
    gradients = load_file(golden_folder / "tiny_order2.gradients.safetensors")
    for tensor, expected in load_file(DATA / f"tiny_order2.{file}.safetensors").items():
        gradient = gradients.get(f"gradient/{tensor}")
        steady = (
            np.ones(expected.shape, bool) if gradient is None else np.abs(gradient) >= 1e-5
        )  # for smaller gradients, the sign decides
        np.testing.assert_allclose(tensors[tensor][steady], expected[steady], atol=steps * 2e-6, rtol=0, err_msg=tensor)
