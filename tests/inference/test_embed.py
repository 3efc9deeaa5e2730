"""Vectors equal the states of the model, pooled by hand."""

import numpy as np
import pytest

from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError, embed, embed_each, encode, reverse_complement
from hyenadna_core.inference.chunks import Chunking, chunks_of
from hyenadna_core.inference.pooling import AT_ONCE, Read
from hyenadna_core.inference.vectors import Kind, vectors_of
from hyenadna_core.model.spectra import layers

pytestmark = pytest.mark.keras
WINDOW, OVERLAP = 64, 24
POOLS = ["mean", "last", "max", "masked"]


@pytest.fixture(scope="module")
def model():
    return CausalLM(HyenaBackbone(2, 16, 66, order=3, seed=5))


@pytest.fixture(scope="module")
def sequences(random_bases):
    lengths = (50, 64, 3, 1, 65, 200, 64, 17)
    texts = [random_bases(length, seed) for seed, length in enumerate(lengths)]
    return [*texts[:-1], texts[-1] + "NNNNN" + "acgt"]


def states_by_hand(model, sequence, strand, window=WINDOW, overlap=OVERLAP):
    """Return the states of each base in the order of the sequence: (L, D) float64."""
    ids = encode(sequence)
    ids = ids if strand == "+" else reverse_complement(ids)
    states = np.zeros((len(ids), 16))
    for chunk in chunks_of(0, len(ids), window, overlap):
        of_chunk = model.backbone.predict_on_batch(ids[None, chunk.start : chunk.end])[0]
        states[chunk.counted : chunk.end] = of_chunk[chunk.counted - chunk.start :]
    return states if strand == "+" else states[::-1]


def by_hand(model, sequence, pool, strands="+-"):
    vectors = []
    for strand in strands:
        states = states_by_hand(model, sequence, strand)
        known = [base in "ACGTacgt" for base in sequence]
        pooled = {
            "mean": states.mean(axis=0),
            "last": states[-1 if strand == "+" else 0],
            "max": states.max(axis=0),
            "masked": states[known].mean(axis=0),
        }
        vectors.append(pooled[pool])
    return np.mean(vectors, axis=0)


@pytest.mark.parametrize("strand", ["+", "-", "both"])
def test_vectors_are_the_pooled_states_of_the_model(model, sequences, strand):
    strands = "+-" if strand == "both" else strand
    vectors = embed(model, sequences, pool=POOLS, strand=strand, window=WINDOW, overlap=OVERLAP)
    assert (vectors.shape, vectors.dtype) == ((8, 4 * 16), np.float32)
    expected = [[by_hand(model, sequence, pool, strands) for pool in POOLS] for sequence in sequences]
    np.testing.assert_allclose(vectors, np.reshape(expected, (8, -1)), atol=5e-6, rtol=0)


def test_a_vector_does_not_depend_on_other_sequences_their_order_batches_or_windows(model, sequences):
    options = {"pool": POOLS, "overlap": OVERLAP}
    whole = embed(model, sequences, window=WINDOW, **options)
    for batch_size in (1, 2, 100):
        turned = embed(model, sequences[::-1], window=WINDOW, batch_size=batch_size, **options)[::-1]
        np.testing.assert_allclose(turned, whole, atol=5e-6, rtol=0)
    alone = np.concatenate([embed(model, [sequence], window=WINDOW, **options) for sequence in sequences])
    np.testing.assert_allclose(alone, whole, atol=5e-6, rtol=0)
    short = [row for row, sequence in enumerate(sequences) if len(sequence) <= 60]
    other = embed(model, [sequences[row] for row in short], window=60, **options)
    np.testing.assert_allclose(other, whole[short], atol=5e-6, rtol=0)


def test_layers_are_the_embedding_the_blocks_and_the_normalised_last(model, sequences):
    ids = encode(sequences[0])[None]
    of_layers = [np.array(to_numpy(states)) for states in layers(model.backbone, ids)]
    table = model.backbone.embeddings
    np.testing.assert_allclose(of_layers[0], to_numpy(table(ids)), atol=1e-6)
    block = model.backbone.blocks[0]
    np.testing.assert_allclose(of_layers[1], to_numpy(block(table(ids))), atol=2e-5)
    np.testing.assert_allclose(of_layers[2], model.backbone.predict_on_batch(ids), atol=2e-6)
    vectors = embed(model, sequences[:1], layer=[0, 1, 2], strand="+")
    np.testing.assert_allclose(vectors.reshape(3, 16), [states[0].mean(axis=0) for states in of_layers], atol=2e-5)
    np.testing.assert_array_equal(embed(model, sequences[:1], layer=1, strand="+"), vectors[:, 16:32])


def to_numpy(values):
    from keras import ops

    return ops.convert_to_numpy(values)


@pytest.mark.parametrize("strand", ["+", "-", "both"])
def test_states_of_bases_have_the_order_of_the_sequence(model, sequences, strand):
    states = list(embed_each(model, iter(sequences), pool="none", strand=strand, window=WINDOW, overlap=OVERLAP))
    assert [len(each) for each in states] == list(map(len, sequences))
    for sequence, each in zip(sequences, states, strict=True):
        strands = "+-" if strand == "both" else strand
        expected = np.mean([states_by_hand(model, sequence, name) for name in strands], axis=0)
        np.testing.assert_allclose(each, expected, atol=5e-6, rtol=0)


def test_a_variant_is_pooled_over_its_bases_on_both_strands(model, sequences):
    read = Read(np.frombuffer(sequences[0].encode(), np.uint8), 20, 23)
    vector = vectors_of(model, [read], [Kind("variant", 2)], Chunking(WINDOW, OVERLAP))[0][0]
    states = [states_by_hand(model, sequences[0], strand)[20:23].mean(axis=0) for strand in "+-"]
    np.testing.assert_allclose(vector, np.mean(states, axis=0), atol=5e-6, rtol=0)


@pytest.mark.one_backend
def test_sums_of_long_sequences_are_cut(random_bases):
    model = HyenaBackbone(1, 4, 3 * AT_ONCE, seed=1)
    sequence = random_bases(2 * AT_ONCE + 17)
    states = model.predict_on_batch(encode(sequence)[None])[0].astype(np.float64)
    vectors = embed(model, [sequence], pool=["mean", "max", "last"], strand="+")
    np.testing.assert_allclose(vectors.reshape(3, 4), [states.mean(axis=0), states.max(axis=0), states[-1]], atol=2e-6)


@pytest.mark.one_backend
def test_sequences_are_read_some_at_a_time(model, random_bases, monkeypatch):
    from hyenadna_core.inference import embed as module

    monkeypatch.setattr(module, "AHEAD_SEQUENCES", 4)
    taken = []

    def stream():
        for seed in range(10):
            taken.append(seed)
            yield random_bases(20, seed)

    vectors = embed_each(model, stream())
    next(vectors)
    assert len(taken) == 4
    rest = list(vectors)
    assert (len(rest), len(taken)) == (9, 10)
    whole = embed(model, [random_bases(20, seed) for seed in range(10)])
    np.testing.assert_allclose(rest, whole[1:], atol=5e-6)


@pytest.mark.one_backend
@pytest.mark.parametrize("layer", [[0, 1], (0, 1), np.array([0, 1]), [np.int64(0), 1], range(2)])
def test_no_sequences_give_no_vectors(model, layer):
    assert embed(model, [], pool=POOLS, layer=layer).shape == (0, 8 * 16)
    assert embed(model, ["ACGT"], pool=POOLS, layer=layer).shape == (1, 8 * 16)


@pytest.mark.one_backend
def test_all_layers_by_name(model):
    np.testing.assert_array_equal(embed(model, ["ACGT"], layer="all"), embed(model, ["ACGT"], layer=[0, 1, 2]))


@pytest.mark.one_backend
def test_a_seq_of_biopython_is_one_sequence(model):
    seq = pytest.importorskip("Bio.Seq", reason="Biopython is not installed").Seq("ACGT")
    np.testing.assert_array_equal(embed(model, [seq]), embed(model, ["ACGT"]))
    with pytest.raises(HyenaDNAError, match="One sequence was given"):
        embed(model, seq)


@pytest.mark.one_backend
def test_an_iterator_checks_its_options_at_once_and_yields_arrays_of_its_own(model):
    with pytest.raises(HyenaDNAError, match="no pooling median"):
        embed_each(model, ["ACGT"], pool="median")
    assert all(each.base is None for pool in ("mean", "none") for each in embed_each(model, ["ACGT", "AC"], pool=pool))


ONE, WHOLE = "One sequence was given: give a list of sequences.", "give a whole number."
WRONG = {
    "empty": ({"sequences": ["ACGT", ""]}, "Sequence 1 (from 0) has no vector: the sequence is empty."),
    "all N": ({"sequences": ["NNNN"]}, "Sequence 0 (from 0) has no vector: the sequence has no A, C, G or T."),
    "character": ({"sequences": ["ACG!"]}, "Sequence 0 (from 0) has the character '!', which is no base."),
    "protein": ({"sequences": ["ACGZ"]}, "Sequence 0 (from 0) has the character 'Z', which is no base."),
    "one text": ({"sequences": "ACGT"}, ONE),
    "one bytearray": ({"sequences": bytearray(b"ACGT")}, ONE),
    "one array": ({"sequences": np.frombuffer(b"ACGT", np.uint8)}, ONE),
    "a dict": ({"sequences": {"a": "ACGT"}}, "A dict was given: give a list of sequences."),
    "nothing": ({"sequences": None}, "A NoneType was given: give a list of sequences."),
    "no text": ({"sequences": [1]}, "A int is no sequence of bases"),
    "no model": ({"model": "human-chr20-1k"}, "The model is neither a language model nor a backbone: load one"),
    "pool": ({"pool": "median"}, "There is no pooling median: choose one of mean, last, masked, variant, max, none."),
    "pool of bytes": ({"pool": b"mean"}, "There is no pooling b'mean'"),
    "pool of nothing": ({"pool": None}, "There is no pooling None"),
    "pools in a list": ({"pool": [["mean"]]}, "There is no pooling ['mean']"),
    "no pool": ({"pool": []}, "No pooling or layer is named: name at least one."),
    "variant": ({"pool": "variant"}, "The pooling variant is for the alleles of a VCF"),
    "none": ({"pool": "none"}, "The pooling 'none' gives a vector for each base: use embed_each."),
    "layer": ({"layer": 3}, "The model has no layer 3: choose 0 (the embedding) to 2 (the last)."),
    "layer -1": ({"layer": -1}, "The model has no layer -1"),
    "layer as text": ({"layer": "1"}, f"layer is 1: {WHOLE}"),
    "layer True": ({"layer": True}, f"layer is True: {WHOLE}"),
    "layer 1.0": ({"layer": [1.0]}, f"layer is 1.0: {WHOLE}"),
    "twice": ({"layer": [1, 1]}, "A pooling or layer is named twice"),
    "window": ({"window": 67}, "The window has 67 bases, and the model reads 1 to 66."),
    "window 0": ({"window": 0}, "The window has 0 bases, and the model reads 1 to 66."),
    "window 64.0": ({"window": 64.0}, f"window is 64.0: {WHOLE}"),
    "overlap": ({"window": 10, "overlap": 10}, "An overlap of 10 leaves no new base of a window of 10"),
    "overlap as text": ({"overlap": "3"}, f"overlap is 3: {WHOLE}"),
    "batch size": ({"batch_size": 0}, "batch_size is 0: give 1 or more."),
    "strand": ({"strand": "x"}, "The strand is x: choose one of both, +, -."),
    "strands": ({"strand": ["+"]}, "The strand is ['+']: choose one of both, +, -."),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_are_one_line(model, case):
    options, message = WRONG[case]
    with pytest.raises(HyenaDNAError) as error:
        embed(**{"model": model, "sequences": ["ACGT"]} | options)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.one_backend
def test_poolings_of_bases_and_of_sequences_do_not_mix(model):
    with pytest.raises(HyenaDNAError, match="gives a vector for each base, the others one for each sequence"):
        list(embed_each(model, ["ACGT"], pool=["none", "mean"]))


@pytest.mark.one_backend
def test_weights_that_give_nan_are_named():
    model = HyenaBackbone(1, 4, 66, seed=1)
    model.ln_f.gamma.assign(np.full(4, np.nan))
    for pool in ("mean", "none"):
        with pytest.raises(HyenaDNAError, match="The model gives nan or infinity"):
            list(embed_each(model, ["ACGT"], pool=pool))
