import errno
import os
import pkgutil
from importlib import import_module
from pathlib import Path

import click
import pytest

from hyenadna_core import commands
from hyenadna_core.files.input import GivenPath, InputPath, absolute, copied_pipe, open_pipe


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


@pytest.mark.parametrize("kind", [GivenPath, InputPath])
def test_an_empty_path_is_wrong_usage(kind):
    with pytest.raises(click.BadParameter, match="the path is empty: give one"):
        kind().convert("", None, None)


def test_every_path_of_a_command_is_one_that_refuses_an_empty_text():
    modules = [import_module(f"{commands.__name__}.{each.name}") for each in pkgutil.iter_modules(commands.__path__)]
    paths = [
        (module.__name__, each.name)
        for module in modules
        for each in module.command.params
        if isinstance(each.type, click.Path) and not isinstance(each.type, GivenPath)
    ]
    assert paths == []


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
