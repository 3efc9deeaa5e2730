"""Commands that write a file, on a disk that is full: one line, and no half file."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.one_backend,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems limit files otherwise"),
]
DATA = Path(__file__).parents[1] / "data"
SOURCE = str(DATA / "tiny_order2.lightning_layout.ckpt")


@pytest.fixture
def run(no_larger, tmp_path):
    """Return a function that runs Python where no file can be large: (status, stderr)."""

    def run_python(*arguments):
        command = no_larger(100, [sys.executable, "-B", *arguments])  # a truncated .pyc would stay
        answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return answer.returncode, answer.stderr

    return run_python


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert", SOURCE, "out"),
        ("convert", SOURCE, "out.safetensors"),
        ("convert", SOURCE, "out.ckpt"),
        ("convert", SOURCE, "out", "--layout", "checkpointed"),
        ("new-task", "mine", "--out", "out"),
    ],
)
def test_a_full_disk_is_one_line_and_leaves_nothing(run, tmp_path, arguments):
    status, error = run("-m", "hyenadna_core", *arguments)
    assert (status, error.count("\n")) == (1, 1)
    assert error.startswith("Error: ")
    assert list(tmp_path.iterdir()) == []


def test_text_for_a_full_disk_leaves_nothing(run, tmp_path):
    code = (
        "from pathlib import Path; from hyenadna_core.files.cache import write_text; write_text(Path('out'), 'x' * 999)"
    )
    assert "OSError: [Errno 27]" in run("-c", code)[1]
    assert list(tmp_path.iterdir()) == []
