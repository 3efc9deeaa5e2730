"""Inference: layer by layer, with the filters' spectra kept between calls.

Filters depend on weights and length alone. Their spectra are kept for the lengths in use, within a budget of bytes, the
least recently used given up first; they are used while the weights that they were made from are the ones in the model,
which is looked up before every call, however those were changed, and all given up when they are not. Training never
comes here.
"""

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

from keras import ops

from hyenadna_backends.convolution import keeps_spectra
from hyenadna_backends.devices import current_device
from hyenadna_backends.forward import make_spectra, run_layer, without_gradients
from hyenadna_core.model.memory import spectra_budget, spectra_bytes


class Spectra:
    """The spectra of a backbone's filters, by length: for each block (order - 1, D, F) complex numbers, or None."""

    def __init__(self, backbone):
        self.backbone = backbone
        self.weights = None  # a digest of those that all that is kept was made from
        self.kept = OrderedDict()  # length: (digest of its positions, bytes, spectra)
        self.made = 0  # how many times they had to be computed
        self.lock = Lock()

    def of(self, L):
        """The spectra for inputs of L bases: kept ones, new ones, or Nones where the budget is too small for them."""
        mixers = [block.mixer for block in self.backbone.blocks]
        if not keeps_spectra() or not all(hasattr(mixer, "filter_fn") for mixer in mixers):
            return [None] * len(mixers)
        with self.lock:
            return self._of(L, mixers) or [None] * len(mixers)

    def _of(self, L, mixers):
        weights, positions = digest_of_weights(mixers), digest_of_positions(mixers, L)
        if weights != self.weights:
            self.kept.clear()
            self.weights = weights
        if L in self.kept and self.kept[L][0] == positions:
            self.kept.move_to_end(L)
            return self.kept[L][2]
        self.kept.pop(L, None)
        budget, needed = spectra_budget(), spectra_bytes(self.backbone.get_config(), L)
        if needed > budget:
            return None
        while sum(size for _, size, _ in self.kept.values()) + needed > budget:
            self.kept.popitem(last=False)
        self.made += 1
        found = [make_spectra(mixers[0], mixer, *mixer.pos_emb.rows(L)) for mixer in mixers]
        self.kept[L] = positions, needed, found
        return found


def digest_of_weights(mixers):
    """Of all that filters are made from but positions, and of the device, which decides how a spectrum lies."""
    digest = blake2b(current_device().encode(), digest_size=16)
    for network in (mixer.filter_fn for mixer in mixers):
        digest.update(f"{network.window_shift} {network.filter_layout}".encode())
        for variable in network.variables:
            digest.update(ops.convert_to_numpy(variable.value).tobytes())
    return digest.digest()


def digest_of_positions(mixers, L):
    """Of the tables of the first L positions."""
    digest = blake2b(digest_size=16)
    for table in {id(mixer.pos_emb): mixer.pos_emb for mixer in mixers}.values():
        for rows in table.rows(L):
            digest.update(ops.convert_to_numpy(rows).tobytes())
    return digest.digest()


def forget_spectra(model):
    """Give up what a backbone, or a model with a head on one, has kept between calls."""
    if spectra := getattr(getattr(model, "backbone", model), "_spectra", None):
        with spectra.lock:
            spectra.kept.clear()


def forward(backbone, ids):
    """Hidden states of ids: (B, L) -> (B, L, D)."""
    if not hasattr(backbone, "_spectra"):
        backbone._spectra = Spectra(backbone)
    ids = ops.convert_to_tensor(ids, "int32")
    x = ops.cast(backbone.embeddings(ids), "float32")
    for block, spectra in zip(backbone.blocks, backbone._spectra.of(ids.shape[1]), strict=True):
        x = run_layer(backbone.blocks[0], block, x, spectra)
    return backbone.ln_f(x)


def predict(model, ids):
    """What a backbone, or a model with a head on one, makes of ids, as a NumPy array."""
    model.check_length(ids)
    backbone = getattr(model, "backbone", model)
    with without_gradients():
        hidden = forward(backbone, ids)
        return ops.convert_to_numpy(hidden if backbone is model else model.read_out(hidden, ops.convert_to_tensor(ids)))
