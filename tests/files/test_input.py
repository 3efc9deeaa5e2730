import errno
import os
from pathlib import Path

import click
import pytest

from hyenadna_core.files.input import InputPath, absolute, copied_pipe, open_pipe


@pytest.fixture
def pipe():
    """Return the path of an open pipe."""
    read_end, write_end = os.pipe()
    yield Path(f"/dev/fd/{read_end}")
    os.close(read_end)
    os.close(write_end)


def test_the_path_of_an_open_pipe_stays_and_others_become_absolute(pipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for change in (absolute, lambda path: InputPath().convert(path, None, None)):
        assert change(pipe) == pipe
        assert change(Path("a.fa")) == Path("a.fa").resolve()


@pytest.mark.parametrize("path", ["/dev/fd/999", "/dev/fd/x", "/dev/null", "pipe", "/proc/self/fd/-1"])
def test_other_paths_are_no_open_pipe(path):
    assert open_pipe(Path(path)) is None


def test_a_nul_on_the_command_line_is_wrong_usage():
    with pytest.raises(click.BadParameter, match="is no path: it has a NUL"):
        InputPath().convert("a\0b", None, None)


def fail_with_a_copy(number):
    with copied_pipe(number) as copy:
        assert copy.read_bytes() == b"content"
        raise OSError(errno.ENOSPC, "No space left on device", str(copy))


def test_an_error_while_the_copy_of_a_pipe_is_used_is_not_one_of_the_cache():
    read, write = os.pipe()
    os.write(write, b"content")
    os.close(write)
    with pytest.raises(OSError, match="No space left on device") as error:
        fail_with_a_copy(read)
    os.close(read)
    assert not Path(error.value.filename).exists()
