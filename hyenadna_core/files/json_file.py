"""Read JSON from files that anybody may have written: every fault is one line."""

import json
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError

MOST_BYTES = 1 << 24
MOST_DEPTH = 64  # of lists and objects in each other


def read_object(path: Path, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        HyenaDNAError: the file cannot be read, is too large, or holds no object (`parse_object`).
    """
    return parse_object(read_bytes(path, most_bytes), str(path))


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """Read a small file.

    Raises:
        HyenaDNAError: the file cannot be read, is no regular file, or is larger than `most_bytes`.
    """
    try:
        if path.exists() and not path.is_file():
            raise HyenaDNAError(f"Cannot read {path}: it is not a file.")
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise HyenaDNAError(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from None
    if len(content) > most_bytes:
        raise HyenaDNAError(f"Cannot read {path}: it has more than {most_bytes:,} bytes.")
    return content


def parse_object(content: bytes | str, name: str) -> dict[str, Any]:
    """Parse the JSON text of an object; `name` names its source in messages.

    Raises:
        HyenaDNAError: the text is not UTF-8 or not JSON, is too deep, or is not an object.
    """
    try:
        value = json.loads(content.decode() if isinstance(content, bytes) else content)
        _check(value)
    except UnicodeDecodeError as error:
        raise HyenaDNAError(f"Cannot read {name}: it is not UTF-8 at byte {error.start:,}.") from None
    except RecursionError:
        raise HyenaDNAError(f"Cannot read {name}: lists and objects are more than {MOST_DEPTH} deep.") from None
    except ValueError as error:
        raise HyenaDNAError(f"Cannot read {name}: it is not JSON ({error}).") from None
    if not isinstance(value, dict):
        raise HyenaDNAError(f"Cannot read {name}: it holds no JSON object.")
    return value


def _check(value: Any) -> None:
    """Raise RecursionError if a value is too deep, ValueError if a text in it is not Unicode."""
    level = [value]
    for _ in range(MOST_DEPTH):
        texts = [one for one in level if isinstance(one, str)]
        objects = [one for one in level if isinstance(one, dict)]
        for text in (*texts, *(name for one in objects for name in one)):
            text.encode()  # a lone surrogate is no character
        inner = [each for one in level if isinstance(one, list) for each in one]
        level = inner + [each for one in objects for each in one.values()]
        if not level:
            return
    raise RecursionError
