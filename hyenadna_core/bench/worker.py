"""A process that times calls on a backend: `python -m hyenadna_core.bench.worker NAME [--keeps]`.

It reads a line of JSON and answers with one; the output of libraries goes to stderr. Requests:
prepare (make a case ready on a kernel and run it once or twice), run (time one call), drop (forget
the prepared cases), peaks (of memory), devices.
"""

import contextlib
import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from hyenadna_backends import FFTConv
from hyenadna_core.bench.measure import Case
from hyenadna_core.bench.process import OUT_OF_MEMORY
from hyenadna_plugins import reason_of

SHORT = 1.0  # seconds: after a first call shorter than this, a second one warms up too
EXHAUSTED = (
    "out of memory",
    "out_of_memory",
    "resource_exhausted",
    "can't allocate memory",
    "unable to allocate",
    "bad_alloc",
)

Request = Mapping[str, Any]


class Calls:
    """The prepared calls, by kernel."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.kernels: dict[str, FFTConv | None] = {}
        self.prepared: dict[str, Callable[[], Any]] = {}

    def prepare(self, request: Request) -> dict[str, Any]:
        """Make a case ready on a kernel and warm it up."""
        from hyenadna_core.bench.cases import make

        name, case = request["kernel"], Case(**request["case"])
        self.prepared.pop(name, None)
        gc.collect()
        self.use(name)
        call = make(case, mixer=name if name in ("plain", "attention") else "hyena")
        if self.timed(call) < SHORT:
            self.timed(call)
        self.prepared[name] = call
        return {}

    def run(self, request: Request) -> dict[str, Any]:
        """Time one call with its kernel in use: eager backends look it up in every call."""
        self.use(request["kernel"])
        return {"seconds": self.timed(self.prepared[request["kernel"]])}

    def drop(self, request: Request) -> dict[str, Any]:
        """Forget the prepared calls, and give back their memory."""
        self.prepared.clear()
        gc.collect()
        return {}

    def peaks(self, request: Request) -> dict[str, Any]:
        """Return the peak memory of this process and of its device."""
        from hyenadna_core.bench.cases import device_peak

        return {"peak": peak_bytes(), "device_peak": device_peak()}

    def devices(self, request: Request) -> dict[str, Any]:
        """Return the version and the devices of the backend."""
        from hyenadna_backends.devices import ASK

        version, devices = ASK[self.backend]()
        return {"version": version, "devices": devices}

    def use(self, name: str) -> None:
        """Make models and convolutions compute with this kernel from now on."""
        from hyenadna_backends import use_kernel
        from hyenadna_core.bench.cases import PLAIN
        from hyenadna_core.registry import select_fft_conv, session_plugins

        if name not in self.kernels:
            known = {"native": None, "attention": None, "plain": PLAIN}
            self.kernels[name] = known[name] if name in known else select_fft_conv(session_plugins(), name)
        use_kernel(self.kernels[name])

    @staticmethod
    def timed(call: Callable[[], Any]) -> float:
        """Return the seconds that a call takes."""
        start = time.perf_counter()
        call()
        return time.perf_counter() - start


def peak_bytes() -> int:
    """Return the most memory that this process has held.

    On Linux a child inherits the ru_maxrss of its parent, so VmHWM is read there.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def serve(requests: Iterable[str], answers: TextIO, backend: str) -> None:
    """Answer requests until they end."""
    calls = Calls(backend)
    for line in requests:
        request = json.loads(line)
        try:
            answer = getattr(calls, request["do"])(request)
        except Exception as error:  # a backend may raise anything: the answer is its first line
            exhausted = isinstance(error, MemoryError) or any(words in str(error).lower() for words in EXHAUSTED)
            answer = {"error": reason_of(error), "kind": OUT_OF_MEMORY if exhausted else None}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main(backend: str, *options: str) -> None:
    """Answer the requests on stdin with lines on stdout; all other output goes to stderr."""
    from hyenadna_backends.heap import large_arrays_kept
    from hyenadna_core.child import start_in_child

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with contextlib.suppress(OSError):  # if memory runs out, Linux ends this process first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    start_in_child(backend)
    with large_arrays_kept() if "--keeps" in options else contextlib.nullcontext():
        serve(sys.stdin, answers, backend)


if __name__ == "__main__":
    main(*sys.argv[1:])
