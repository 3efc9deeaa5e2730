import json

import numpy as np

from hyenadna_core import Draw, Interval, open_genome
from hyenadna_core.bench.data import string_by_string
from hyenadna_core.tasks.causal_lm import CausalLMTask


def test_the_command_counts_bases_of_both_ways(cli, write_fasta, random_bases, monkeypatch):
    monkeypatch.setattr("hyenadna_core.bench.data.SECONDS", 0.0)
    fasta = write_fasta({"chr1": random_bases(3000)})
    options = ("--data", "--fasta", fasta, "--lengths", "16,1000", "--pairs", "1")
    status, stdout, _ = cli("bench", *options, "--json")
    lines = json.loads(stdout)
    assert (status, [one["seq_len"] for one in lines], [one["batch_size"] for one in lines]) == (
        0,
        [16, 1000],
        [16384, 262],
    )
    assert all(one["ratio"] == one["bases_per_second"] / one["by_strings"] for one in lines)
    _, stdout, _ = cli("bench", *options)
    assert stdout.splitlines()[0] == "bases\tbatch\tbases/s\tbases/s by strings\ttimes as fast"


def test_string_by_string_makes_the_same_windows(write_fasta, random_bases):
    """Check that both ways give all windows of a short genome, on both strands."""
    task = CausalLMTask(open_genome(write_fasta({"chr1": random_bases(40)})), [Interval("chr1", 0, 40, "train")])
    draw = Draw("train", 0, 30, 400, 0)
    batches = (task.batch(draw), string_by_string(task, draw))
    first, second = ({(*ids, target[-1]) for ids, target in zip(b.ids, b.targets, strict=True)} for b in batches)
    assert first == second
    assert len(first) == 20  # ten places, two strands
    np.testing.assert_array_equal(batches[1].ids[:, 1:], batches[1].targets[:, :-1])
