import os
from pathlib import Path

import click
import pytest

from hyenadna_core.files.input import InputPath, absolute, open_pipe


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
