import numpy as np
import pytest

from hyenadna_core.inference.part_file import NAME, Damaged, from_bytes, name_of, to_bytes

ARRAYS = {"llr": np.array([0.5, np.nan, -1], np.float32), "reason": np.array([0, 4, 0], np.uint8)}


def test_the_arrays_of_a_part_are_read_back():
    arrays = ARRAYS | {"wide": np.arange(6, dtype=">f8").reshape(2, 3).T, "empty": np.zeros((0, 4), np.float32)}
    read = from_bytes(to_bytes(arrays, 3, "job"), 3, "job")
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array, strict=name != "wide")


def test_the_same_arrays_give_the_same_bytes():
    assert to_bytes(ARRAYS, 3, "job") == to_bytes(dict(reversed(ARRAYS.items())), 3, "job")


def test_a_part_with_any_byte_changed_or_cut_off_is_damaged():
    content = to_bytes(ARRAYS, 3, "job")
    with pytest.raises(Damaged):
        from_bytes(content.replace(b"F32", b"I32"), 3, "job")
    for place in range(len(content)):
        for changed in (content[:place], content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :]):
            with pytest.raises(Damaged):
                from_bytes(changed, 3, "job")


@pytest.mark.parametrize(("part", "job"), [(4, "job"), (3, "other")])
def test_a_part_of_another_number_or_job_is_damaged(part, job):
    with pytest.raises(Damaged):
        from_bytes(to_bytes(ARRAYS, part, job), 3, "job")


@pytest.mark.parametrize("part", [0, 999_999, 1_000_000])
def test_the_name_of_each_part_is_recognised(part):
    assert NAME.fullmatch(name_of(part))
