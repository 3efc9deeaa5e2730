import json

import numpy as np
import pytest
from hyenadna_benchmarks.kept_parts import KeptParts

from hyenadna_core import HyenaDNAError

ARRAYS = {"a": np.arange(5.0), "b": np.arange(6).reshape(2, 3)}


@pytest.fixture
def kept(tmp_path):
    """Return the file of a part, and a function that reads it or computes it again."""
    computed = []

    def compute():
        computed.append(1)
        return ARRAYS

    def part():
        arrays = KeptParts(tmp_path, {"n": 1}).part("part", ARRAYS, compute)
        assert arrays.keys() == ARRAYS.keys()
        for name, values in ARRAYS.items():
            np.testing.assert_array_equal(arrays[name], values)
        return len(computed)

    assert (part(), part()) == (1, 1)
    return tmp_path / "part.npz", part


def test_each_flipped_bit_is_found_or_has_no_effect(kept, capsys):
    path, part = kept
    whole, count = path.read_bytes(), 1
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        count = part()
    assert capsys.readouterr().err.count("part.npz is damaged: it is computed again.") == count - 1
    assert count > len(whole) // 2


def test_a_file_with_other_names_or_cut_off_is_computed_again(kept):
    path, part = kept
    np.savez(path, a=ARRAYS["a"])
    assert part() == 2
    np.savez(path, **ARRAYS, c=ARRAYS["a"])
    assert part() == 3
    path.write_bytes(path.read_bytes()[:-5])
    assert part() == 4


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, "\xff"])
def test_a_damaged_job_is_one_line(kept, text):
    path, _ = kept
    path.with_name("job.json").write_text(text, encoding="latin-1")
    with pytest.raises(HyenaDNAError, match=r"job.json is damaged: choose another --out, or remove"):
        KeptParts(path.parent, {"n": 1})


def test_a_job_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "job.json").mkdir()
    with pytest.raises(HyenaDNAError, match=r"Cannot read .*job.json: Is a directory: choose another --out"):
        KeptParts(tmp_path, {"n": 1})


def test_another_job_is_refused(kept):
    path, _ = kept
    assert json.loads(path.with_name("job.json").read_text()) == {"n": 1}
    with pytest.raises(HyenaDNAError, match="has results with another n, m: choose another --out"):
        KeptParts(path.parent, {"n": 2, "m": 1})
