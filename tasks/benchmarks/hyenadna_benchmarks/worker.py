"""The process of a cell: `python -P -m hyenadna_benchmarks.worker SPEC.json`.

It ends when its parent ends: then stdin ends, and the process stops as on SIGTERM, with a
checkpoint of a run. A failure is one line in error.json; the output of the process is log.txt, with
the Python calls if a library crashes.
"""

import faulthandler
import json
import os
import signal
import sys
import threading
from pathlib import Path

FAILED = 1


def stop_with_parent() -> None:
    """Send SIGTERM to this process when stdin ends."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main(path: str) -> int:
    """Compute the cell of a file, and return the exit status."""
    faulthandler.enable()
    threading.Thread(target=stop_with_parent, daemon=True).start()
    spec, folder = json.loads(Path(path).read_text(encoding="utf-8")), Path(path).parent
    from hyenadna_core import start_in_child

    start_in_child(spec["backend"])
    from hyenadna_benchmarks.runner.cells import ERROR, first_line, write_json
    from hyenadna_benchmarks.runner.measured import measure
    from hyenadna_core import HyenaDNAError

    try:
        measure(spec, folder)
    except HyenaDNAError as error:
        write_json(folder / ERROR, {"error": " ".join(str(error).split())})
        return FAILED
    except Exception as error:  # a bug, or a full disk: the log has the traceback
        write_json(folder / ERROR, {"error": f"{type(error).__name__}: {first_line(error)}"})
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
