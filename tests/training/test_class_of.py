"""A task whose options decide whether it is trained in steps or fitted."""

import json

import click
import pytest

import hyenadna_core
from hyenadna_core import FittedTask, HyenaDNAError, Task

pytestmark = pytest.mark.one_backend


class TunedOrNot(Task):
    """Stand for a task that is fitted without --tune."""

    name = "tuned-or-not"
    options = (click.Option(["--tune"], is_flag=True),)

    def __init__(self, tune=False):
        self.tune = tune

    @classmethod
    def class_of(cls, options):
        return cls if options.get("tune") else Fitted

    def batch(self, draw):
        raise NotImplementedError


class Fitted(FittedTask, TunedOrNot):
    """The same without steps."""

    def fit(self, language_model, folder):
        return {"channels": language_model.backbone.hyena_config.d_model}

    def save_fitted(self, fitted, folder):
        (folder / "fitted.json").write_text(json.dumps(fitted))

    def load_fitted(self, language_model, folder):
        return json.loads((folder / "fitted.json").read_text())

    def evaluate(self, model, split):
        return {"bits": float(model["channels"])}


def test_options_decide_whether_a_task_is_fitted(tmp_path):
    hyenadna_core.save(hyenadna_core.CausalLM(hyenadna_core.HyenaBackbone(1, 8, 66)), tmp_path / "tiny")
    run = hyenadna_core.train(TunedOrNot, weights=tmp_path / "tiny", out=tmp_path / "run")
    again = hyenadna_core.open_run(run.path, TunedOrNot)
    assert type(again.task) is Fitted
    assert again.model == {"channels": 8}
    assert TunedOrNot.class_of({"tune": True}) is TunedOrNot
    with pytest.raises(HyenaDNAError, match="has neither a head nor a model"):  # which only training needs
        hyenadna_core.train(TunedOrNot, {"tune": True}, weights=tmp_path / "tiny", stages="8x2@1", out=tmp_path / "b")
