import numpy as np
import pytest

from hyenadna_core import Draw, HyenaDNAError, Interval, decode, next_base_batch, open_genome, reverse_complement
from hyenadna_core.genome.intervals import read_bed, split_by_position
from hyenadna_core.genome.joined import JoinedGenomes
from hyenadna_core.genome.original_windows import window_bases, window_ids
from hyenadna_core.tasks.causal_lm import CausalLMTask
from hyenadna_core.tokens import PAD, SEP, UNK, N


@pytest.fixture
def genome(write_fasta, random_bases):
    contigs = {"chr1": random_bases(3000, seed=1), "chr2": "N" * 40 + random_bases(500, seed=2).lower() + "RY-"}
    genome = open_genome(write_fasta(contigs))
    genome.text = contigs
    return genome


def windows(batch):
    return [decode([*ids, target[-1]]) for ids, target in zip(batch.ids, batch.targets, strict=True)]


def test_the_same_draw_is_the_same_batch_and_another_is_not(genome):
    task = CausalLMTask(genome, split_by_position(genome))
    draw = Draw("train", 3, 32, 8, 0)
    for first, again in zip(task.batch(draw), task.batch(draw), strict=True):
        np.testing.assert_array_equal(first, again)
    for other in (Draw("train", 4, 32, 8, 0), Draw("train", 3, 32, 8, 1), Draw("valid", 3, 32, 8, 0)):
        assert not np.array_equal(task.batch(draw).ids, task.batch(other).ids)


def test_windows_are_stretches_of_the_training_part_on_one_strand_or_the_other(genome):
    task = CausalLMTask(genome, split_by_position(genome))
    forward = [genome.text["chr1"][:2700], genome.text["chr2"].upper()[:489].replace("R", "N").replace("Y", "N")]
    sample = windows(task.batch(Draw("train", 0, 32, 200, 0)))
    strands = [any(window in contig for contig in forward) for window in sample]
    other = [any(decode(reverse_complement(task_ids(window))) in contig for contig in forward) for window in sample]
    assert all(a or b for a, b in zip(strands, other, strict=True))
    assert 60 < sum(strands) < 140


def task_ids(window):
    from hyenadna_core import encode

    return encode(window)


def test_every_position_is_drawn_equally_often(genome):
    """Check that windows start anywhere, and that a shorter interval is drawn by its bases."""
    text = genome.text["chr1"]
    intervals = [
        Interval("chr1", 0, 40, "train"),
        Interval("chr1", 100, 133, "train"),
        Interval("chr1", 200, 220, "train"),
    ]
    task = CausalLMTask(genome, intervals, reverse_complements=False)
    sample = [window.replace("[PAD]", "") for window in windows(task.batch(Draw("train", 0, 32, 5000, 0)))]
    assert {len(window) for window in sample} == {33, 20}
    counts = np.bincount([text.index(window) for window in sample], minlength=210)
    assert set(np.flatnonzero(counts)) == {*range(8), 100, 200}
    expected = np.array([1] * 9 + [20]) * 5000 / 29
    assert np.abs((counts[np.flatnonzero(counts)] - expected) / np.sqrt(expected)).max() < 5


@pytest.mark.parametrize("reverse_complements", [False, True])
def test_a_short_sequence_comes_whole_with_padding_behind_that_bears_no_weight(write_fasta, reverse_complements):
    genome = open_genome(write_fasta({"chr1": "ACGTTGCAGG"}))
    task = CausalLMTask(genome, [Interval("chr1", 0, 8, "train")], reverse_complements)
    batch = task.batch(Draw("train", 0, 12, 20, 0))
    strands = {"ACGTTGCA", decode(reverse_complement(task_ids("ACGTTGCA")))} if reverse_complements else {"ACGTTGCA"}
    assert {window.replace("[PAD]", "") for window in windows(batch)} == strands
    assert batch.ids[:, 8:].tolist() == [[PAD] * 4] * 20
    assert batch.weights.tolist() == [[1] * 7 + [0] * 5] * 20


def test_windows_of_several_genomes_come_in_proportion_to_their_weights(write_fasta, random_bases):
    genomes = [
        open_genome(write_fasta({"chr1": letter * 10 + random_bases(length, seed=length)}, f"{letter}.fa.gz"))
        for letter, length in (("a", 300), ("c", 3000), ("g", 30))
    ]
    joined = JoinedGenomes(genomes)
    assert dict(joined.contigs) == {"a:chr1": 310, "c:chr1": 3010, "g:chr1": 40}
    intervals = joined.join([split_by_position(genome) for genome in genomes])
    task = CausalLMTask(joined, intervals, False, weights={"a": 1.0, "c": 1.0, "g": 2.0})
    texts = {
        contig[0]: joined.read(contig, 0, length).tobytes().decode().upper()
        for contig, length in joined.contigs.items()
    }
    sample = windows(task.batch(Draw("train", 0, 16, 4000, 0)))
    counts = [sum(window in texts[name] for window in sample) for name in "acg"]
    np.testing.assert_allclose(counts, [1000, 1000, 2000], atol=150)


def test_a_file_of_several_genomes_may_have_a_colon_in_its_name(write_fasta):
    genomes = [open_genome(write_fasta({"c:1": bases}, name)) for name, bases in (("a:b.fa", "ACGT"), ("a.fa", "GG"))]
    joined = JoinedGenomes(genomes)
    assert dict(joined.contigs) == {"a_b:c:1": 4, "a:c:1": 2}
    assert bytes(joined.read("a_b:c:1", 1, 3)) == b"CG"


def test_genomes_of_one_name_cannot_be_told_apart(write_fasta, tmp_path):
    first, second = write_fasta({"c": "ACGT"}), tmp_path / "other" / "genome.fa"
    second.parent.mkdir()
    second.write_bytes(first.read_bytes())
    with pytest.raises(HyenaDNAError, match="have the same name, which goes before the names of their contigs"):
        JoinedGenomes([open_genome(first), open_genome(second)])


def test_forward_only_reads_no_other_strand(genome):
    task = CausalLMTask(genome, split_by_position(genome), reverse_complements=False)
    text = genome.text["chr1"] + " " + genome.text["chr2"].upper()
    assert all(window in text for window in windows(task.batch(Draw("train", 0, 16, 50, 0))))


def test_targets_are_the_next_bases_and_n_bears_no_weight():
    batch = next_base_batch(np.array([[7, 8, 11, 9, 6, 10, 4]]))
    assert batch.ids.tolist() == [[7, 8, 11, 9, 6, 10]]
    assert batch.targets.tolist() == [[8, 11, 9, 6, 10, 4]]
    assert batch.weights.tolist() == [[1, 0, 1, 0, 1, 0]]


@pytest.mark.parametrize(("seq_len", "batch_size"), [(16, 4), (7, 3), (100, 1), (1000, 2)])
def test_each_held_out_base_is_predicted_once(genome, seq_len, batch_size):
    task = CausalLMTask(genome, split_by_position(genome))
    held_out = task.held_out_windows(seq_len, most_bases=10**9)
    predicted = np.zeros(400, int)
    for window in held_out:
        if window.chrom == "chr1":
            predicted[window.start + 1 - 2700 : window.end - 2700] += 1
    np.testing.assert_array_equal(predicted[:300], [0] + [1] * 299)
    batches = list(task.held_out_batches(held_out, seq_len, batch_size))
    assert {batch.ids.shape for batch in batches} == {(batch_size, seq_len)}
    known = 299 + 51 - 3  # chr2's last tenth has 54 bases, the last three of them not A, C, G or T
    assert sum(batch.weights.sum() for batch in batches) == known + 2


def test_a_large_held_out_part_is_sampled_evenly(genome):
    task = CausalLMTask(genome, split_by_position(genome))
    some = task.held_out_windows(10, most_bases=60)
    assert len(some) == 6
    assert [some[0], some[-1]] == [task.held_out_windows(10, 10**9)[index] for index in (0, -1)]


def test_intervals_that_are_shorter_than_the_window_are_known(genome):
    task = CausalLMTask(genome, split_by_position(genome))
    assert task.check(400) == []
    assert task.check(1000) == [Interval("chr2", 0, 489, "train")]


def test_bases_to_train_on_that_are_held_out_too_are_said(genome):
    intervals = [
        Interval("chr1", 0, 900, "train"),
        Interval("chr1", 850, 1000, "valid"),
        Interval("chr1", 0, 7, "test"),
    ]
    assert CausalLMTask(genome, intervals).prepare(32) == [
        "50 bases lie in intervals of both train and valid: the figures of valid include them.",
        "7 bases lie in intervals of both train and test: the figures of test include them.",
    ]
    assert CausalLMTask(genome, split_by_position(genome)).prepare(32) == []


def test_nothing_to_predict_is_an_error(genome):
    intervals = [Interval("chr1", 5, 6, "train"), Interval("chr1", 10, 20, "valid")]
    with pytest.raises(HyenaDNAError, match=r"No training sequence of .* has two bases: there is nothing to predict"):
        CausalLMTask(genome, intervals).check(16)


@pytest.mark.parametrize(
    ("windows", "letters"), [("random", "N"), ("random", "RY-"), ("original", "N"), ("original", "acgt")]
)
def test_a_held_out_part_without_a_base_that_counts_is_an_error_before_the_run(
    write_fasta, random_bases, windows, letters
):
    length = 3 * (1 << 20) // 2 if letters == "N" else 3000  # of more than one read
    fasta = write_fasta({"chr1": random_bases(3000), "chr2": letters * (length // len(letters)) + "N" * 9})
    genome = open_genome(fasta)
    intervals = [Interval("chr1", 0, 3000, "train"), Interval("chr2", 0, genome.contigs["chr2"], "valid")]
    with pytest.raises(HyenaDNAError, match=r"The valid part of .*genome.fa has no A, C, G or T: choose other"):
        CausalLMTask(genome, intervals, windows=windows).prepare(32)
    CausalLMTask(genome, [*intervals, Interval("chr1", 0, 9, "valid")], windows=windows).prepare(32)


def test_a_training_part_without_a_base_that_counts_is_an_error_before_the_run(write_fasta, random_bases):
    genome = open_genome(write_fasta({"chr1": random_bases(3000), "chr2": "N" * 300}))
    task = CausalLMTask(genome, [Interval("chr2", 0, 300, "train"), Interval("chr1", 0, 3000, "valid")])
    with pytest.raises(HyenaDNAError, match=r"The training part of .* has no A, C, G or T"):
        task.prepare(32)


@pytest.mark.one_backend
def test_a_validation_without_a_base_that_counts_is_one_line_and_not_defined(write_fasta, random_bases, capsys):
    class Model:
        max_seq_len = 64

        def predict_on_batch(self, ids):
            return np.zeros((*ids.shape, 16), np.float32)

    genome = open_genome(write_fasta({"chr1": "N" * 300 + random_bases(3000)}))
    intervals = [Interval("chr1", 900, 3000, "train"), Interval("chr1", 0, 900, "valid")]
    task = CausalLMTask(genome, intervals, valid_bases=32)
    task.prepare(32)
    figures = task.evaluate(Model(), "valid")
    assert np.isnan(figures["bits"])
    assert np.isnan(figures["perplexity"])
    assert capsys.readouterr().err == (
        "None of the bases of valid that were measured is A, C, G or T: its figures are not defined.\n"
    )


def test_nothing_held_out_is_an_error(genome):
    with pytest.raises(HyenaDNAError, match="Nothing is held out"):
        CausalLMTask(genome, [Interval("chr1", 0, 3000, "train")]).check(10)


def test_test_is_held_out_where_there_is_no_valid(genome):
    intervals = [Interval("chr1", 0, 100, "train"), Interval("chr1", 100, 200, "test")]
    assert CausalLMTask(genome, intervals).held_out_split == "test"


@pytest.fixture
def toy(toy_genome):
    """Return a function that makes the task on the toy genome with the original's windows."""
    genome = open_genome(toy_genome / "toy.fa")
    intervals = read_bed(toy_genome / "toy.bed", genome)
    return lambda reverse_complements=False, windows="original": CausalLMTask(
        genome, intervals, reverse_complements, windows
    )


def rows(batch):
    return {(*ids, target[-1]) for ids, target in zip(batch.ids.tolist(), batch.targets.tolist(), strict=True)}


def items(task, seq_len, other_strand=False):
    return {
        tuple(window_ids(window_bases(task.genome, interval, seq_len + 1, other_strand), seq_len + 1).tolist())
        for interval in task.intervals_of("train")
    }


def test_a_draw_of_original_windows_is_the_same_batch_and_another_is_not(toy):
    draw = Draw("train", 3, 32, 8, 0)
    for first, again in zip(toy(True).batch(draw), toy(True).batch(draw), strict=True):
        np.testing.assert_array_equal(first, again)
    for other in (Draw("train", 4, 32, 8, 0), Draw("train", 3, 32, 8, 1), Draw("valid", 3, 32, 8, 0)):
        assert not np.array_equal(toy(True).batch(draw).ids, toy(True).batch(other).ids)


@pytest.mark.parametrize("seq_len", [63, 127, 199, 399])
def test_original_windows_are_the_one_window_of_each_row_and_no_other(toy, seq_len):
    batch = toy().batch(Draw("train", 0, seq_len, 40, 0))
    assert batch.ids.shape == batch.targets.shape == batch.weights.shape == (40, seq_len)
    assert rows(batch) == items(toy(), seq_len)
    np.testing.assert_array_equal(batch.ids[:, 1:], batch.targets[:, :-1])


def test_original_windows_are_read_from_both_strands_where_that_is_asked_for(toy):
    batch = toy(reverse_complements=True).batch(Draw("train", 0, 63, 80, 0))
    assert rows(batch) == items(toy(), 63) | items(toy(), 63, other_strand=True)


def test_each_target_of_an_original_window_bears_loss(toy):
    batch = toy().batch(Draw("train", 0, 199, 40, 0))
    assert {PAD, N, UNK, SEP} <= set(np.unique(batch.targets).tolist())
    np.testing.assert_array_equal(batch.targets[:, -1], np.full(40, SEP))
    np.testing.assert_array_equal(batch.weights, np.ones((40, 199), np.float32))


def test_original_windows_may_be_longer_than_every_interval(toy):
    assert toy().check(128) == []
    assert toy().check(129) == toy().intervals_of("train")


def test_without_a_bed_original_windows_are_the_start_of_each_contig(genome):
    task = CausalLMTask(genome, split_by_position(genome), False, "original")
    sample = {decode(ids) for ids in task.batch(Draw("train", 0, 50, 20, 0)).ids}
    assert sample == {genome.text["chr1"][:50], "N" * 40 + "[UNK]" * 10}


def test_the_held_out_part_of_original_windows_has_the_same_places_in_the_originals_tokens(toy):
    random, original = toy(windows="random"), toy()
    places = random.held_out_windows(32, 10**9)
    assert original.held_out_windows(32, 10**9) == places
    for ours, batch in zip(*(task.held_out_batches(places, 32, 4) for task in (random, original)), strict=True):
        upper_case = batch.targets != UNK
        assert not upper_case.all()
        np.testing.assert_array_equal(batch.targets[upper_case], ours.targets[upper_case])
        np.testing.assert_array_equal(batch.weights, ours.weights * upper_case)


def test_windows_of_an_unknown_kind_are_an_error(toy):
    with pytest.raises(HyenaDNAError, match="windows is 'first': choose one of random, original"):
        toy(windows="first")
