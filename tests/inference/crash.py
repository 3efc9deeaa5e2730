"""Kill a command of parts at random moments, resume it each time, and compare it with a whole run.

`python tests/inference/crash.py KILLS FILE COMMAND...` writes FILE, which is the word OUT
in COMMAND: `crash.py 20 runs/x.vcf hyenadna score in.vcf genome.fa --out OUT`.
"""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

STARTING = 300.0  # seconds at most


def compare(kills, out, command, seconds=0.3):
    """Run a command once without and once with kills; return a sentence about the equal outputs.

    Args:
        command: words; OUT is the output.
        seconds: a run is killed within this time after its first new part.

    Raises:
        AssertionError: the outputs differ.
    """
    whole, moments = out.with_name(f"whole-{out.name}"), random.Random(7)
    subprocess.run(with_output(command, whole), check=True, capture_output=True)
    done = [run_and_kill(command, out, seconds * moments.random()) for _ in range(kills)]
    if parts_of(out) or not out.exists():  # a kill may come between the output and the end, and it is finished
        subprocess.run([*with_output(command, out), "--resume"], check=not out.exists(), capture_output=True)
    assert out.read_bytes() == whole.read_bytes()
    names = [path.name for path in out.parent.iterdir() if path.name.startswith((f".{out.name}", f"{out.name}."))]
    left = [name for name in names if not name.endswith((".tbi", ".csi"))]  # of the output
    assert left == []
    return f"killed with {', '.join(map(str, done))} parts done; the outputs are equal, and no folder is left"


def with_output(command, out):
    return [str(out) if word == "OUT" else str(word) for word in command]


def run_and_kill(command, out, seconds):
    """Run until some seconds after the first new part, then kill; return the number of parts."""
    before = parts_of(out)
    words = with_output(command, out) + ["--resume"] * bool(before)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + STARTING
    while process.poll() is None and not goes_on(out, before) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return parts_of(out)


def goes_on(out, before):
    """Return whether there is a new part, or the output is being written."""
    return parts_of(out) > before or any(out.parent.glob(f".{out.name}-*"))


def parts_of(out):
    return len(list(out.with_name(f"{out.name}.parts").glob("part-*")))


if __name__ == "__main__":
    kills, out, *command = sys.argv[1:]
    sys.stdout.write(compare(int(kills), Path(out), command) + "\n")
