"""The soft prompt of docs/plugins.md, trained for a few steps and loaded again."""

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hyenadna_backends import choose
from hyenadna_core import Draw, load_part
from hyenadna_core.registry import Session
from hyenadna_core.training.options import TrainOptions
from hyenadna_core.training.run import start_run
from hyenadna_core.training.trained import open_trained
from hyenadna_plugins import plugin_manager

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("trains")]

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"


def test_the_prompt_is_trained_saved_and_loaded(tmp_path):
    plugin, plugins = ModuleType("my_prompt"), plugin_manager(names=[])
    (source,) = re.findall(r"^```python\n(# my_prompt\.py\n.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    exec(compile(source, str(PAGE), "exec"), vars(plugin))
    plugins.register(plugin, name="my-prompt")
    session, run = Session(plugins, choose()), tmp_path / "run"
    options = TrainOptions(task="prompted-repeats", preset="hyenadna-tiny-1k", stages="24x8@4", out=run)
    assert start_run(session, options, {}, None).endswith("prompt.safetensors.")
    _, task, model = open_trained(session, run)
    assert model.max_seq_len == model.backbone.max_seq_len - 32
    ids = task.batch(Draw("valid", 0, 24, 4, 0)).ids
    outputs = model.predict_on_batch(ids)
    for weight in (*model.embed.weights, *model.head.weights):
        weight.assign(np.zeros(weight.shape))
    assert not model.predict_on_batch(ids).any()
    load_part([model.embed, model.head], run / "prompt.safetensors", backbone=model)
    np.testing.assert_array_equal(model.predict_on_batch(ids), outputs)
    assert np.abs(outputs).max() > 0
    assert (run / "prompt.safetensors").stat().st_size < 20_000
