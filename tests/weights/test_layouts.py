import numpy as np
import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.weights.layouts import LAYOUTS, layout_of, to_layout, to_plain


@pytest.mark.parametrize("layout", LAYOUTS)
def test_names_go_to_a_layout_and_back(golden_weights, layout):
    named = to_layout(golden_weights, LAYOUTS[layout])
    assert layout_of(named) == layout
    plain, left_out = to_plain(named)
    assert left_out == []
    assert plain.keys() == golden_weights.keys()
    for name, tensor in plain.items():
        np.testing.assert_array_equal(tensor, golden_weights[name])


def test_the_layouts_differ_where_the_published_files_do(golden_weights):
    first = "backbone.layers.0.mixer.in_proj.weight"
    names = {layout: list(to_layout({first: 0, "lm_head.weight": 1}, LAYOUTS[layout])) for layout in LAYOUTS}
    assert names == {
        "plain": [first, "lm_head.weight"],
        "original": [f"model.{first}", "model.lm_head.weight"],
        "checkpointed": ["model.backbone.layers.0.mixer.layer.in_proj.weight", "model.lm_head.weight"],
        "hub": [f"hyena.{first}", "lm_head.weight"],
    }
    assert len(to_layout(golden_weights, LAYOUTS["hub"])) == len(golden_weights) - 2 * 2  # two copies of freq a layer


def test_heads_and_metrics_are_left_out_by_name():
    names = [
        "model.backbone.ln_f.bias",
        "decoder.0.output_transform.weight",
        "train_torchmetrics.num_tokens.count",
        "score.weight",
    ]
    plain, left_out = to_plain(dict.fromkeys(names, 0))
    assert list(plain) == ["backbone.ln_f.bias"]
    assert left_out == names[1:]


def test_a_name_in_two_layouts_at_once_is_an_error():
    names = ["model.backbone.layers.0.mixer.in_proj.bias", "model.backbone.layers.0.mixer.layer.in_proj.bias"]
    with pytest.raises(HyenaDNAError, match=r"backbone\.layers\.0\.mixer\.in_proj\.bias exists twice"):
        to_plain(dict.fromkeys(names, 0))
