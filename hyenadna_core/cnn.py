"""The small CNN that GenomicBenchmarks measures its data sets with.

Facts: src/genomic_benchmarks/models/torch.py and experiments/torch_cnn_experiments of
ML-Bioinfo-CEITEC/genomic_benchmarks (Gresova et al. 2023): an embedding of 100 channels; three times a convolution of 8
bases without padding, batch normalisation, ReLU, the larger of each two positions, with 16, 8 and 4 channels; a linear
layer of 512 units and one to the outputs, nothing between them. PyTorch's initialisation, momentum and epsilon.
"""

import keras

from hyenadna_core.initializers import NumpyNormal, NumpyUniform, child_seed

VOCABULARY = 16
CHANNELS = 100  # of the embedding
FILTERS = (16, 8, 4)
KERNEL = 8
POOL = 2
UNITS = 512


def build_cnn(max_length, outputs, seed=0):
    """A model of token ids of one length to logits: (B, L) int32 -> (B, K), in float32.

    Sequences shorter than 57 bases are filled up with zeros behind the embedding.
    """
    shared = {"dtype": "float32"}

    def initializers(name, fan_in):
        limit = fan_in**-0.5
        return {
            "kernel_initializer": NumpyUniform(limit, child_seed(seed, f"{name}/kernel")),
            "bias_initializer": NumpyUniform(limit, child_seed(seed, f"{name}/bias")),
        } | shared

    ids = keras.Input((max_length,), dtype="int32", name="ids")
    normal = NumpyNormal(1.0, child_seed(seed, "embedding"))
    x = keras.layers.Embedding(VOCABULARY, CHANNELS, embeddings_initializer=normal, name="embedding", **shared)(ids)
    if max_length < shortest():
        x = keras.layers.ZeroPadding1D((0, shortest() - max_length), **shared)(x)
    for number, filters in enumerate(FILTERS, start=1):
        name = f"convolution_{number}"
        arguments = initializers(name, KERNEL * x.shape[-1])
        x = keras.layers.Conv1D(filters, KERNEL, name=name, **arguments)(x)
        x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"norm_{number}", **shared)(x)
        x = keras.layers.ReLU(**shared)(x)
        x = keras.layers.MaxPooling1D(POOL, **shared)(x)
    x = keras.layers.Flatten(**shared)(x)
    x = keras.layers.Dense(UNITS, name="linear", **initializers("linear", x.shape[-1]))(x)
    logits = keras.layers.Dense(outputs, name="logits", **initializers("logits", UNITS))(x)
    return keras.Model(ids, logits, name="cnn")


def shortest():
    """The length of which the convolutions leave one position."""
    length = 1
    for _ in FILTERS:
        length = length * POOL + KERNEL - 1
    return length
