"""A run that `hyenadna train` starts, up to the first step."""

import pytest

from hyenadna_core.training import run

pytestmark = pytest.mark.one_backend

NOTICE = f"MLX on Linux runs on the CPU only: this run takes about {run.MLX_LINUX_MINUTES} minutes on two cores"


@pytest.fixture
def start(cli, monkeypatch, toy_genome):
    """Return a function that starts a run without steps on a platform, and returns its notices."""
    monkeypatch.setattr(run, "check_backend", lambda *_, **__: None)
    monkeypatch.setattr(run, "_made", lambda *_: None)
    monkeypatch.setattr(run, "_run", lambda *_: "")

    def start(platform, backend, *options):
        monkeypatch.setattr(run.sys, "platform", platform)
        status, _, stderr = cli("train", "--fasta", toy_genome / "toy.fa", *options, backend=backend)
        assert status == 0, stderr
        return stderr

    return start


def test_the_default_run_on_mlx_for_linux_starts_with_how_long_it_takes(start):
    assert start("linux", "mlx").count(NOTICE) == 1


@pytest.mark.parametrize(
    ("platform", "backend", "options"),
    [("darwin", "mlx", ()), ("linux", "torch", ()), ("linux", "mlx", ("--steps", "9"))],
)
def test_other_runs_start_without_it(start, platform, backend, options):
    assert NOTICE not in start(platform, backend, *options)
