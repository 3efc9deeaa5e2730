"""Inference: layer by layer, with the filters' spectra kept between calls.

Filters depend on weights and length alone. Their spectra are kept for the lengths in use, within a budget of bytes, the
least recently used given up first; they are used while the weights that they were made from are the ones in the model,
which is looked up before every call, however those were changed. Training never comes here.
"""

from collections import OrderedDict
from hashlib import blake2b

from keras import ops

from hyenadna_backends.convolution import keeps_spectra, spectrum
from hyenadna_backends.fft_length import planned_length
from hyenadna_backends.forward import run_layer, without_gradients
from hyenadna_core.memory import spectra_budget, spectra_bytes


class Spectra:
    """The spectra of a backbone's filters, by length: for each block (order - 1, D, F) complex numbers, or None."""

    def __init__(self, backbone):
        self.backbone = backbone
        self.kept = OrderedDict()  # length: (fingerprint, bytes, spectra)
        self.made = 0  # how many times they had to be computed

    def of(self, L):
        """The spectra for inputs of L bases: kept ones, new ones, or Nones where the budget is too small for them."""
        mixers = [block.mixer for block in self.backbone.blocks]
        if not keeps_spectra() or not all(hasattr(mixer, "filter_fn") for mixer in mixers):
            return [None] * len(mixers)
        budget, needed = spectra_budget(), spectra_bytes(self.backbone.get_config(), L)
        if needed > budget:
            self.kept.pop(L, None)
            return [None] * len(mixers)
        now = fingerprint(mixers, L)
        if L in self.kept and self.kept[L][0] == now:
            self.kept.move_to_end(L)
            return self.kept[L][2]
        self.made += 1
        found = [spectrum(mixer.filter_fn(*mixer.pos_emb.rows(L))) for mixer in mixers]
        self.kept[L] = now, needed, found
        self.kept.move_to_end(L)
        while sum(size for _, size, _ in self.kept.values()) > budget:
            self.kept.popitem(last=False)
        return found


def fingerprint(mixers, L):
    """A digest of all that the filters of length L are made from."""
    digest = blake2b(str(planned_length(L)).encode(), digest_size=16)
    seen = set()
    for mixer in mixers:
        z, t = mixer.pos_emb.rows(L)
        tables = [] if id(mixer.pos_emb) in seen else [z, t]
        seen.add(id(mixer.pos_emb))
        for value in (*tables, *(variable.value for variable in mixer.filter_fn.variables)):
            digest.update(ops.convert_to_numpy(value).tobytes())
    return digest.digest()


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
