import errno
import fcntl
import os

import pytest

from hyenadna_core.files.lock import locked


def fails_with(monkeypatch, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_leaves_the_folder_unlocked_and_says_so(tmp_path, monkeypatch, capsys, number):
    fails_with(monkeypatch, number)
    with (tmp_path / "lock").open("w") as file:
        assert locked(file, tmp_path)
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"{tmp_path} cannot be locked ({os.strerror(number)}): start no second run in this folder."


def test_only_a_lock_of_another_process_is_in_use(tmp_path, monkeypatch):
    with (tmp_path / "lock").open("w") as file, (tmp_path / "lock").open("w") as other:
        assert locked(file, tmp_path)
        assert not locked(other, tmp_path)
        fails_with(monkeypatch, errno.EIO)
        with pytest.raises(OSError, match="Input/output error"):
            locked(other, tmp_path)
