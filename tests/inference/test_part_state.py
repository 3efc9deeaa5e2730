"""The state of a part that takes long: saved in time and at signals, and read again."""

import errno
import os
import signal

import numpy as np
import pytest

from hyenadna_core.inference import part_state
from hyenadna_core.inference.part_state import PartStates
from hyenadna_core.inference.stop import Signals, Stopped, stopped_by_signals

ARRAYS = {"ids": np.arange(5, dtype=np.uint8), "0.recent": np.ones((2, 3), np.float32)}


@pytest.fixture
def states(tmp_path):
    return PartStates(tmp_path, "a" * 64, Signals())


@pytest.fixture
def saved(states, tmp_path):
    """Save the state of part 3, and return the states as a new run finds them."""
    states.save(3, lambda: ARRAYS)
    again = PartStates(tmp_path, "a" * 64, Signals())
    for part in range(5):
        again.find(part)
    return again


def test_a_state_comes_back(saved):
    assert saved.begun == {3}
    state = saved.read(3)
    assert state.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(state[name], array, strict=True)
    assert saved.read(2) is None


@pytest.mark.parametrize("damage", ["byte", "end", "empty", "other part", "other job", "link"])
def test_a_damaged_state_is_ignored_with_one_line(saved, tmp_path, damage, capsys):
    path = tmp_path / "state-000003.safetensors"
    content = path.read_bytes()
    if damage == "other job":
        PartStates(tmp_path, "b" * 64, Signals()).save(3, lambda: ARRAYS)
    elif damage == "other part":
        saved.save(2, lambda: ARRAYS)
        (tmp_path / "state-000002.safetensors").replace(path)
    elif damage == "link":
        path.replace(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.write_bytes({"byte": content[:-1] + bytes([content[-1] ^ 1]), "end": content[:-1], "empty": b""}[damage])
    assert saved.read(3) is None
    assert capsys.readouterr().err == f"{path} is damaged: the part is computed from its beginning.\n"
    assert not path.exists()
    assert 3 not in saved.begun


def test_a_state_is_due_in_time_and_rarer_if_it_takes_long(states, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(part_state.time, "monotonic", lambda: clock[0])
    states = PartStates(states.folder, "a" * 64, Signals())
    due = []

    def slow():
        clock[0] += 2
        return ARRAYS

    for second in range(300):
        clock[0] = max(clock[0], second)
        if states.is_due:
            due.append(clock[0])
            states.save(0, slow if len(due) == 2 else lambda: ARRAYS)
    assert due == [30, 60, 162, 192, 222, 252, 282]  # 2 seconds are 2 % of 100


def test_a_held_signal_waits_for_the_state(tmp_path):
    with stopped_by_signals() as signals:
        states = PartStates(tmp_path, "a" * 64, signals)
        with signals.held():
            assert not states.is_due
            os.kill(os.getpid(), signal.SIGTERM)
            assert states.is_due
            with pytest.raises(Stopped) as stopped:
                states.save(1, lambda: ARRAYS)
    assert stopped.value.number == signal.SIGTERM
    assert states.read(1).keys() == ARRAYS.keys()


def test_a_signal_stops_at_once_after_the_block(tmp_path):
    with stopped_by_signals() as signals:
        with signals.held():
            pass
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGTERM)


REMEDY = "a stopped run continues this part from its last saved state, if there is one."


def test_a_full_disk_costs_one_line_and_no_work(monkeypatch, capsys, tmp_path):
    def full(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(part_state, "file_written_aside", full)
    monkeypatch.setattr(part_state, "SECONDS", 0.0)
    states = PartStates(tmp_path, "a" * 64, Signals())
    assert states.is_due
    states.save(0, lambda: ARRAYS)
    line = f"Cannot write {tmp_path}/state-000000.safetensors: No space left on device: "
    assert capsys.readouterr().err == f"{line}{REMEDY}\n"
    assert not states.is_due
    assert states.begun == set()


def test_the_state_of_a_finished_part_is_removed(saved, tmp_path):
    saved.remove(3)
    assert list(tmp_path.iterdir()) == []
