import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import pytest

from hyenadna_core import HyenaConfig, HyenaDNAError


def test_the_mlp_is_four_times_as_wide_as_the_model_by_default():
    assert HyenaConfig(1, 8, 66).d_inner == 32
    assert HyenaConfig(1, 8, 66, d_inner=24).d_inner == 24


def test_channels_follow_from_the_order():
    config = HyenaConfig(1, 8, 66, order=3)
    assert (config.projected_channels, config.filter_channels) == (32, 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order": 1}, r"^order must be at least 2\. Received: order=1$"),
        ({"emb_dim": 1}, r"^emb_dim must be odd and at least 3\. Received: emb_dim=1$"),
        ({"emb_dim": 4}, r"^emb_dim must be odd and at least 3\. Received: emb_dim=4$"),
        ({"num_inner_mlps": -1}, r"^num_inner_mlps must be at least 0\. Received: num_inner_mlps=-1$"),
        ({"filter_layout": "fast"}, "^filter_layout must be .* Received: filter_layout='fast'$"),
        ({"mixer": "mamba"}, r"^mixer must be 'hyena' or 'attention'\. Received: mixer='mamba'$"),
    ],
)
def test_a_value_that_no_model_can_have_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        HyenaConfig(1, 8, 66, **arguments)


def test_attention_ignores_the_hyperparameters_of_operators_and_filters():
    assert HyenaConfig(1, 8, 66, mixer="attention", order=1, emb_dim=4).order == 1


def test_hyperparameters_come_by_name_and_overrides_win():
    config = HyenaConfig.from_arguments({"n_layer": 1, "d_model": 8, "max_seq_len": 66, "order": 3}, order=4)
    assert config == HyenaConfig(1, 8, 66, order=4)
    assert HyenaConfig.from_arguments(config.asdict()) == config


def test_a_name_that_is_not_a_hyperparameter_is_one_line():
    with pytest.raises(HyenaDNAError, match=r"^'windowshift' is not an argument of a model: choose from [\w, ]+\.$"):
        HyenaConfig.from_arguments({"n_layer": 1, "d_model": 8, "max_seq_len": 66}, windowshift=0.0)


def test_a_config_does_not_change():
    config = HyenaConfig(1, 8, 66)
    with pytest.raises(FrozenInstanceError):
        config.order = 3
    assert replace(config, order=3) != config


def test_the_arguments_of_a_backbone_leave_out_the_head():
    config = HyenaConfig(1, 8, 66, tie_embeddings=False)
    assert config.asdict().keys() - config.of_backbone.keys() == {"tie_embeddings"}


@pytest.mark.parametrize("module", ["hyena_config", "model.sizes", "model.memory", "weights.architecture"])
def test_sizes_need_no_keras(module):
    code = f"import sys, hyenadna_core.{module}; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
