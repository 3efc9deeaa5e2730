import math
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from types import NoneType
from typing import get_args

import numpy as np
import pytest

from hyenadna_core import HyenaConfig, HyenaDNAError
from hyenadna_core.hyena_config import RANGES


def test_the_mlp_is_four_times_as_wide_as_the_model_by_default():
    assert HyenaConfig(1, 8, 66).d_inner == 32
    assert HyenaConfig(1, 8, 66, d_inner=24).d_inner == 24


def test_channels_follow_from_the_order():
    config = HyenaConfig(1, 8, 66, order=3)
    assert (config.projected_channels, config.filter_channels) == (32, 16)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("order", 1, r"a whole number from 2 to 100\. Received: order=1"),
        ("emb_dim", 1, r"a whole number from 3 to 1,001\. Received: emb_dim=1"),
        ("emb_dim", 4, r"odd\. Received: emb_dim=4"),
        ("num_inner_mlps", -1, r"a whole number from 0 to 100\. Received: num_inner_mlps=-1"),
        ("n_layer", 1_000_000_000, r"a whole number from 1 to 256\. Received: n_layer=1000000000"),
        ("n_layer", 0, "a whole number from 1 to 256"),
        ("d_model", 8.0, r"a whole number from .* Received: d_model=8\.0"),
        ("d_model", True, "a whole number"),
        ("max_seq_len", "66", "a whole number from .* Received: max_seq_len='66'"),
        ("max_seq_len", None, "a whole number"),
        ("max_seq_len", 1 << 40, "a whole number"),
        ("d_inner", [32], "a whole number"),
        ("vocab_size", -16, "a whole number"),
        ("seed", -1, "a whole number"),
        ("window_shift", "x", r"a number from .* Received: window_shift='x'"),
        ("window_shift", math.nan, r"a number from .* Received: window_shift=nan"),
        ("window_shift", True, "a number"),
        ("activation_freq", math.inf, "a number"),
        ("activation_freq", 10**400, "a number"),
        ("layer_norm_epsilon", -1e-5, "a number from 0 to 1"),
        ("embed_dropout", 1.5, "a number from 0 to 1"),
        ("embed_dropout", None, "a number"),
        ("trained_positions", 1, r"True or False\. Received: trained_positions=1"),
        ("tie_embeddings", "no", r"True or False\. Received: tie_embeddings='no'"),
        ("rematerialise", None, "True or False"),
        ("filter_layout", "fast", r"one of channel_major, step_major\. Received: filter_layout='fast'"),
        ("filter_layout", ["step_major"], "one of channel_major, step_major"),
        ("mixer", "mamba", r"one of hyena, attention\. Received: mixer='mamba'"),
        ("dtype", 32, r"text\. Received: dtype=32"),
    ],
)
def test_a_value_that_no_model_can_have_is_one_line(name, value, message):
    with pytest.raises(HyenaDNAError, match=f"^{name} must be {message}") as caught:
        HyenaConfig(**{"n_layer": 1, "d_model": 8, "max_seq_len": 66, name: value})
    assert "\n" not in str(caught.value)


def test_every_number_has_a_range():
    numbers = {field.name for field in fields(HyenaConfig) if {int, float} & {field.type, *get_args(field.type)}}
    assert numbers == RANGES.keys()


def test_numbers_of_numpy_become_those_of_python():
    config = HyenaConfig(
        np.int64(1), np.uint16(8), np.array(66), window_shift=np.float32(0.5), trained_positions=np.bool_(True), seed=1
    )
    assert config == HyenaConfig(1, 8, 66, window_shift=0.5, trained_positions=True, seed=1)
    assert {type(value) for value in config.asdict().values()} == {int, float, bool, str, NoneType}
    assert type(HyenaConfig(1, 8, 66, activation_freq=7).activation_freq) is float


def test_a_hyperparameter_that_is_missing_is_named():
    with pytest.raises(HyenaDNAError, match=r"^d_model is missing: a model needs n_layer, d_model and max_seq_len\."):
        HyenaConfig.from_arguments({"n_layer": 1})


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


def test_positions_for_special_tokens_are_not_bases():
    assert HyenaConfig(1, 8, 66).most_bases == 64
    assert HyenaConfig(1, 8, 1).most_bases == 1


def test_the_hyperparameters_of_outputs_leave_out_those_of_training():
    config = HyenaConfig(1, 8, 66)
    assert replace(config, seed=1, embed_dropout=0.9, rematerialise=True).of_outputs == config.of_outputs
    assert replace(config, window_shift=0.0).of_outputs != config.of_outputs
    assert replace(config, dtype="mixed_bfloat16").of_outputs != config.of_outputs


@pytest.mark.parametrize("module", ["hyena_config", "model.sizes", "model.memory", "weights.architecture"])
def test_sizes_need_no_keras(module):
    code = f"import sys, hyenadna_core.{module}; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
