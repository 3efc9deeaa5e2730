"""The command of docs/plugins.md that trains folds, as a plug-in that is installed."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from hyenadna_backends import choose
from hyenadna_core.cli import Session, make_cli
from hyenadna_plugins import plugin_manager

pytestmark = [pytest.mark.one_backend, pytest.mark.usefixtures("trains")]
PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"


def test_a_command_of_a_plugin_trains_resumes_and_compares_folds(install_plugin, tmp_path, random_bases):
    (source,) = re.findall(r"^```python\n(# my_folds\.py\n.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    install_plugin("my_folds", source)
    rows = (f"{random_bases(24, row)},{row % 2}" for row in range(24))
    (tmp_path / "pairs.csv").write_text("\n".join(["sequence,label", *rows]) + "\n")
    cli = make_cli(Session(plugin_manager(names=["my_folds"]), choose()))
    words = ["three-folds", str(tmp_path / "pairs.csv"), str(tmp_path / "runs"), "--epochs", "1"]
    first, second = (CliRunner().invoke(cli, words, catch_exceptions=False) for _ in range(2))
    assert first.exit_code == 0
    heading, *lines = first.stdout.splitlines()
    assert heading.split()[:7] == ["group", "model", "split", "figure", "runs", "mean", "sd"]
    accuracy = next(line for line in lines if " accuracy " in line)
    assert accuracy.startswith("all runs  human-chr20-1k")
    assert " 3 " in accuracy
    assert second.stdout == first.stdout
    assert second.stderr.count("is finished, and nothing was changed") == 3
