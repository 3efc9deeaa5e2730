"""Commands that write a file, on a disk that is full: one line, and no half file."""

import resource
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


def run(folder, *arguments):
    """Run Python where no file can have over 100 bytes, as on a full disk: (status, stderr)."""
    command = [sys.executable, "-B", *arguments]  # a truncated .pyc would stay
    limits = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))}
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **limits)
    return answer.returncode, answer.stderr


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
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, arguments):
    status, error = run(tmp_path, "-m", "hyenadna_core", *arguments)
    assert (status, error.count("\n")) == (1, 1)
    assert error.startswith("Error: ")
    assert list(tmp_path.iterdir()) == []


def test_text_for_a_full_disk_leaves_nothing(tmp_path):
    code = (
        "from pathlib import Path; from hyenadna_core.files.cache import write_text; write_text(Path('out'), 'x' * 999)"
    )
    assert "OSError: [Errno 27]" in run(tmp_path, "-c", code)[1]
    assert list(tmp_path.iterdir()) == []
