"""The names of tensors in each published layout, and the plain names (docs/model.md section 3).

Plain names are the names in the original's training code without the leading `model.`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from hyenadna_core.errors import HyenaDNAError

T = TypeVar("T")

# Parts of names that torch.compile, data parallelism and activation checkpointing add.
WRAPPERS = re.compile(r"(?<![^.])(?:_orig_mod|module|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
PARAMETER = re.compile(r"(?:(?:model|hyena)\.)*(backbone\.(?:embeddings|layers\.\d+|ln_f)\..+|lm_head\.weight)")
FREQ = re.compile(r"(backbone\.layers\.\d+\.mixer\.filter_fn\.implicit_filter\.)(\d+)\.freq")


@dataclass(frozen=True)
class Layout:
    """A layout: the prefixes of the names of the backbone and of the head, and two variations."""

    name: str
    backbone: str
    head: str
    checkpointed: bool = False  # activation checkpointing adds a module called layer
    lone_freq: bool = False  # the file has the sine frequency once, not for each sine


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("plain", "", ""),
        Layout("original", "model.", "model."),
        Layout("checkpointed", "model.", "model.", checkpointed=True),
        Layout("hub", "hyena.", "", lone_freq=True),
    )
}


def to_plain(tensors: Mapping[str, T]) -> tuple[dict[str, T], list[str]]:
    """Rename tensors of any layout to plain names; also list the names outside the language model.

    Raises:
        HyenaDNAError: two tensors have the same plain name.
    """
    plain_tensors: dict[str, T] = {}
    left_out = []
    for name, tensor in tensors.items():
        match = PARAMETER.fullmatch(WRAPPERS.sub("", name))
        if match is None:
            left_out.append(name)
            continue
        plain = re.sub(r"\.(mixer|mlp)\.layer\.", r".\1.", match[1])
        if plain in plain_tensors:
            raise HyenaDNAError(f"{plain} exists twice, under the names of two layouts: remove one.")
        plain_tensors[plain] = tensor
    for name in [name for name in plain_tensors if name.endswith(".implicit_filter.1.freq")]:
        filter_network = name.removesuffix("1.freq")
        sine = 3
        while f"{filter_network}{sine + 1}.weight" in plain_tensors:
            plain_tensors.setdefault(f"{filter_network}{sine}.freq", plain_tensors[name])
            sine += 2
    return plain_tensors, left_out


def to_layout(tensors: Mapping[str, T], layout: Layout) -> dict[str, T]:
    """Rename tensors with plain names to the names of a layout."""
    renamed = {}
    for name, tensor in tensors.items():
        freq = FREQ.fullmatch(name)
        if layout.lone_freq and freq and freq[2] != "1":
            continue
        if layout.checkpointed:
            name = re.sub(r"\.(mixer|mlp)\.", r".\1.layer.", name)
        renamed[(layout.head if name.startswith("lm_head.") else layout.backbone) + name] = tensor
    return renamed


def layout_of(names: Mapping[str, T]) -> str:
    """Recognise the layout from the names of a file's tensors."""
    unwrapped = [WRAPPERS.sub("", name) for name in names]
    if any("hyena.backbone." in name for name in unwrapped):
        return "hub"
    if any(".mixer.layer." in name or ".mlp.layer." in name for name in unwrapped):
        return "checkpointed"
    return "original" if any(name.startswith("model.") for name in unwrapped) else "plain"
