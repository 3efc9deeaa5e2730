"""Which parts of a layer are quantized, so that a saved layer has the same parts again."""

from collections.abc import Iterator, Mapping
from typing import Any

import keras


def quantized_parts(*layers: Any) -> dict[str, Any]:
    """Return the quantization of each quantized part of some layers, by its name in them."""
    return {
        name: [keras.saving.serialize_keras_object(of) for of in (part.dtype_policy, part.quantization_config)]
        for name, part in _named_parts(layers)
        if part.quantization_mode is not None
    }


def quantize_parts(quantized: Mapping[str, Any], *layers: Any) -> None:
    """Quantize the parts of layers that are not built yet, as `quantized_parts` found them."""
    for name, part in _named_parts(layers):
        if name in quantized:
            part.dtype_policy, part.quantization_config = map(keras.saving.deserialize_keras_object, quantized[name])


def _named_parts(layers: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for layer in layers:
        if layer is not None:
            yield prefix + layer.name, layer
            yield from _named_parts(layer._layers, f"{prefix}{layer.name}/")
