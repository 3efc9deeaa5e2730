"""Kill a command of parts at random moments, resume it each time, and compare it with a whole run.

`python tests/inference/crash.py KILLS FILE COMMAND...` writes FILE, which is the word OUT
in COMMAND: `crash.py 20 runs/x.vcf hyenadna score in.vcf genome.fa --out OUT`. A word such as
OUT.tsv is another output, with the name of FILE before it.
"""

import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

STARTING = 300.0  # seconds at most


def compare(kills, out, command, seconds=0.3):
    """Run a command once without and once with kills; return a sentence about the equal outputs.

    Args:
        command: words; OUT is the output, and OUT.x another one.
        seconds: a run is killed within this time after its first new part or state.

    Raises:
        AssertionError: the outputs differ.
    """
    whole, moments = out.with_name(f"whole-{out.name}"), random.Random(7)
    subprocess.run(with_output(command, whole), check=True, capture_output=True)
    done = [run_and_kill(command, out, seconds * moments.random()) for _ in range(kills)]
    if files_of(out) or not out.exists():  # a kill may come between the output and the end, and it is finished
        subprocess.run([*with_output(command, out), "--resume"], check=not out.exists(), capture_output=True)
    outputs = [each for word, each in zip(command, with_output(command, out), strict=True) if is_output(word)]
    for path in map(Path, outputs):
        assert path.read_bytes() == path.with_name(f"whole-{path.name}").read_bytes()
    names = [path.name for path in out.parent.iterdir() if path.name.startswith((f".{out.name}", f"{out.name}."))]
    left = [name for name in names if not name.endswith((".tbi", ".csi")) and str(out.with_name(name)) not in outputs]
    assert left == []
    return f"killed with {', '.join(map(str, done))} parts done; the outputs are equal, and no folder is left"


def is_output(word):
    return str(word).partition(".")[0] == "OUT"


def with_output(command, out):
    return [f"{out}{str(word)[3:]}" if is_output(word) else str(word) for word in command]


def run_and_kill(command, out, seconds):
    """Run until some seconds after a new part or state, then kill; return the number of parts."""
    before = files_of(out)
    words = with_output(command, out) + ["--resume"] * bool(before)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + STARTING
    while process.poll() is None and not goes_on(out, before) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return sum(name.startswith("part-") for name, _ in files_of(out))


def goes_on(out, before):
    """Return whether there is a new part or state, or the output is being written."""
    return bool(files_of(out) - before) or any(out.parent.glob(f".{out.name}-*"))


def files_of(out):
    """Return the names and times of the finished parts, and of the state of the next one."""
    files = set()
    for path in out.with_name(f"{out.name}.parts").glob("[ps][at]*-*.safetensors"):
        with suppress(FileNotFoundError):  # it was removed in the meantime
            files.add((path.name, path.stat().st_mtime_ns))
    return files


if __name__ == "__main__":
    kills, out, *command = sys.argv[1:]
    sys.stdout.write(compare(int(kills), Path(out), command) + "\n")
