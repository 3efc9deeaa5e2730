"""The weights in the package load by their name, and predict human bases better than chance."""

import os
from pathlib import Path

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.presets import HUMAN_CHR20
from hyenadna_core.weights.bundled import fetch
from hyenadna_core.weights.sources import read_weights


def test_the_preset_has_the_checksum_and_the_shape_of_its_file():
    weights = read_weights("human-chr20-1k")
    assert sha256_of(weights.path) == HUMAN_CHR20.sha256
    assert weights.layout == "plain"
    assert {name: weights.architecture[name] for name in HUMAN_CHR20.config} == dict(HUMAN_CHR20.config)
    assert weights.path.stat().st_size < 2_000_000


@pytest.mark.parametrize("name", ["mouse", "../golden/tiny_order2.weights", "golden/tiny_order2.weights", ""])
def test_other_names_are_one_line(name):
    with pytest.raises(HyenaDNAError, match="The package has no weights 'bundled://"):
        fetch(f"bundled://{name}")


@pytest.mark.one_backend
@pytest.mark.skipif("HYENADNA_DATA" not in os.environ, reason="needs the real genomes in HYENADNA_DATA")
def test_held_out_bases_of_chromosome_20_take_fewer_bits_than_in_the_best_markov_model():
    from hyenadna_core import load
    from hyenadna_core.genome.fasta import open_genome
    from hyenadna_core.genome.intervals import Interval
    from hyenadna_core.inference.track import track_values

    genome = open_genome(Path(os.environ["HYENADNA_DATA"]) / "data" / "genomes" / "human_GRCh37_chr20.fa.gz")
    held_out = Interval("chr20", 57_344_000, 57_409_536)  # in the last tenth
    values = track_values(load("human-chr20-1k"), genome, [held_out], window=1024, context=512, strand="+")
    assert -np.nanmean(values) / np.log(2) < 1.8575
