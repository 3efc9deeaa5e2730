import json
import os

import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.files.json_file import parse_object, read_object

FAULTS = {
    "nothing": (b"", "not JSON"),
    "no JSON": (b"{'a': 1}", "not JSON"),
    "a list": (b"[]", "holds no JSON object"),
    "a number": (b"1", "holds no JSON object"),
    "text": (b'"run"', "holds no JSON object"),
    "bytes that are not UTF-8": (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
    "half a character": (b'{"a": "\\ud800"}', "not JSON"),
    "half a character in a name": (b'{"\\udfff": 1}', "not JSON"),
    "a number of 5,000 digits": (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    "65 lists in each other": (b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}", "more than 64 deep"),
    "a million lists in each other": (b"[" * 1_000_000, "more than 64 deep"),
    "a million objects in each other": (b'{"a":' * 1_000_000, "more than 64 deep"),
    "seventeen megabytes": (b" " * 17_000_000, "more than 16,777,216 bytes"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_holds_no_object_is_one_line(tmp_path, fault):
    content, message = FAULTS[fault]
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(HyenaDNAError, match=rf"Cannot read .*run\.json: .*{message}") as error:
        read_object(tmp_path / "run.json")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


def test_what_is_no_file_is_one_line(tmp_path):
    with pytest.raises(HyenaDNAError, match="No such file"):
        read_object(tmp_path / "run.json")
    (tmp_path / "run.json").mkdir()
    with pytest.raises(HyenaDNAError, match="it is not a file"):
        read_object(tmp_path / "run.json")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HyenaDNAError, match="it is not a file"):
        read_object(tmp_path / "pipe")
    with pytest.raises(HyenaDNAError, match="null"):
        read_object(tmp_path / "a\0b")


def test_an_object_is_read_as_it_was_written(tmp_path):
    value = {"a": [1, 2.5, None, True, "\u00e9\U0001f9ec"], "b": {"c": {}}}
    (tmp_path / "a.json").write_text(json.dumps(value))
    assert read_object(tmp_path / "a.json") == value
    assert parse_object(json.dumps(value, ensure_ascii=False), "here") == value
