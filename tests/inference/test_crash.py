import sys
from pathlib import Path
from runpy import run_path

FOLDER = Path(__file__).parent


def test_a_run_that_was_killed_twice_gives_the_same_bytes(tmp_path):
    compare = run_path(str(FOLDER / "crash.py"))["compare"]
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("".join(f"{number}\n" for number in range(40)))
    command = [sys.executable, FOLDER / "squares.py", "squares", numbers, "--out", "OUT", "--seconds", "0.03"]
    assert compare(2, tmp_path / "squares.tsv", command).endswith("the outputs are equal, and no folder is left")
