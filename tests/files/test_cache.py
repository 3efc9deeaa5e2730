"""The cache folder, also on machines without a home folder."""

import errno
import os
import pwd
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.files import cache
from hyenadna_core.files.cache import cache_errors, cache_folder, place_matplotlib

UNWRITABLE = "/proc/none"  # also for root


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Take the variables of the cache away, and return the cache among the temporary files."""
    monkeypatch.delenv("HYENADNA_CACHE")
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cache._notice_temporary.cache_clear()
    return tmp_path / f"hyenadna-{os.getuid()}"


def test_the_cache_is_in_the_home_folder(temporary, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder("a", "b") == tmp_path / "home" / ".cache" / "hyenadna" / "a" / "b"
    place_matplotlib()
    assert "MPLCONFIGDIR" not in os.environ
    assert (capsys.readouterr().err, temporary.exists()) == ("", False)


def test_without_a_home_folder_that_can_be_written_the_cache_is_among_temporary_files(temporary, monkeypatch, capsys):
    monkeypatch.setenv("HOME", UNWRITABLE)
    assert cache_folder("genomes") == cache_folder("genomes") == temporary / "genomes"
    assert stat.S_IMODE(temporary.stat().st_mode) == 0o700
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"The cache is {temporary}, because the home folder cannot be written: set HYENADNA_CACHE")


def test_an_unknown_user_without_home_has_a_cache(temporary, monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}[uid])
    assert cache_folder() == temporary
    place_matplotlib()
    assert os.environ["MPLCONFIGDIR"] == str(temporary / "matplotlib")


def test_a_temporary_cache_of_another_user_is_not_used(temporary, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", UNWRITABLE)
    temporary.symlink_to(tmp_path)
    with pytest.raises(HyenaDNAError, match=f"{temporary} belongs to another user: set HYENADNA_CACHE"):
        cache_folder()
    place_matplotlib()


def test_a_cache_that_cannot_be_made_names_its_variable(monkeypatch):
    monkeypatch.setenv("HYENADNA_CACHE", UNWRITABLE)
    with pytest.raises(HyenaDNAError, match=f"Cannot write the cache {UNWRITABLE}.*: set HYENADNA_CACHE to a folder"):
        cache_folder("genomes")


def test_a_full_disk_names_the_variable_of_the_cache():
    with (
        pytest.raises(HyenaDNAError, match=r"Cannot write the cache: No space left.*: set HYENADNA_CACHE"),
        cache_errors(),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("command", ["presets", "plugins", "--help"])
def test_commands_run_without_a_home_folder(command, tmp_path):
    import hyenadna_backends
    import hyenadna_core
    import hyenadna_plugins

    paths = [str(Path(each.__file__).parents[1]) for each in (hyenadna_core, hyenadna_backends, hyenadna_plugins)]
    program = (
        "import pwd, sys; pwd.getpwuid = lambda uid: {}[uid]\nfrom hyenadna_core.cli import main; main(sys.argv[1:])"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-P", "-c", program, command], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert (answer.returncode, answer.stderr) == (0, "")
