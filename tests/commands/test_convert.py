"""`hyenadna convert` as it is run."""

from pathlib import Path

import numpy as np
import pytest


def test_convert_writes_another_layout_and_says_what_it_left_out(cli, tmp_path, golden_weights, one_line):
    from safetensors.numpy import load_file

    checkpoint = Path(__file__).parents[1] / "data" / "tiny_order2.lightning_layout.ckpt"
    status, stdout, stderr = cli("convert", checkpoint, "hub", "--layout", "hub")
    assert (status, stdout) == (0, "")
    assert stderr.splitlines() == [
        f"{checkpoint} (original, 60 tensors) -> hub",
        "Left out, since the language model has no such tensors: train_torchmetrics.num_tokens.count",
    ]
    assert len(load_file(tmp_path / "hub" / "model.safetensors")) == 56
    assert cli("convert", checkpoint)[0] == 2
    status, _, stderr = cli("convert", checkpoint, "hub")
    assert (status, one_line(stderr)) == (1, "Error: hub already exists: remove it, or choose another name.")
    status, _, stderr = cli("convert", "nothing.ckpt", "x")
    assert (status, one_line(stderr)) == (1, "Error: There is no file or folder nothing.ckpt: check its name.")


@pytest.mark.one_backend
def test_convert_compares_the_window_shifts_on_a_genome(cli, write_fasta, random_bases, golden_folder):
    """Compare both lines with a likelihood computed base by base from the float64 definition."""
    from hyenadna_core import definition, encode
    from hyenadna_core.weights.sources import read_weights

    bases = random_bases(1000)
    path = golden_folder / "tiny_order2.weights.safetensors"
    status, stdout, _ = cli("convert", path, "--check", write_fasta({"chr1": bases}))
    assert status == 0
    header, *lines = (line.split("\t") for line in stdout.splitlines())
    assert header == ["window_shift", "perplexity", "bits_per_base", "bases", "who_takes_it"]
    ids = encode(bases)
    for shift, (found_shift, perplexity, _, count, _) in zip((0.0, 0.05), lines, strict=True):
        nats = []
        for start in range(0, 999, 64):
            window = ids[None, start : start + 65]
            logits = definition.forward(read_weights(path).tensors, window[:, :-1], shift)[1]
            nats += [definition.loss(logits, window[:, 1:])] * (window.shape[1] - 1)
        assert (float(found_shift), int(count)) == (shift, 999)
        np.testing.assert_allclose(float(perplexity), np.exp(np.mean(nats)), rtol=1e-4)
