"""The legend of a picture, with names that users gave."""

from collections.abc import Mapping
from typing import Any


def add_legend(axes: Any, artists: Mapping[str, Any], **options: Any) -> None:
    """Add a legend of artists by name. Names stay as they are, also with `$` or a leading `_`."""
    numbers = [str(number) for number in range(len(artists))]  # Matplotlib leaves out labels such as "_mine"
    legend = axes.legend(list(artists.values()), numbers, **options)
    for text, name in zip(legend.get_texts(), artists, strict=True):
        text.set_parse_math(False)
        text.set_text(name)
