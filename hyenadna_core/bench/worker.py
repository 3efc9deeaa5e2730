"""A process that times calls on one backend: `python -m hyenadna_core.bench.worker BACKEND`.

A line of JSON in, a line of JSON out; what libraries print goes to stderr. Requests: prepare (a case on a kernel, once
or twice to warm up), run (time one call), drop (what is prepared), peaks (of memory), devices.
"""

import contextlib
import gc
import json
import os
import resource
import sys
import time
from pathlib import Path

from hyenadna_core.bench.measure import Case
from hyenadna_core.bench.process import OUT_OF_MEMORY

SHORT = 1.0  # seconds: a first call below it is followed by a second before any is timed
EXHAUSTED = (
    "out of memory",
    "out_of_memory",
    "resource_exhausted",
    "can't allocate memory",
    "unable to allocate",
    "bad_alloc",
)


class Calls:
    """What is prepared, by kernel."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.kernels: dict = {}
        self.prepared: dict = {}

    def prepare(self, request):
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

    def run(self, request):
        """Time one call; eager backends look up the kernel at each."""
        self.use(request["kernel"])
        return {"seconds": self.timed(self.prepared[request["kernel"]])}

    def drop(self, request):
        self.prepared.clear()
        gc.collect()
        return {}

    def peaks(self, request):
        from hyenadna_core.bench.cases import device_peak

        return {"peak": peak_bytes(), "device_peak": device_peak()}

    def devices(self, request):
        from hyenadna_backends.devices import ASK

        version, devices = ASK[self.backend]()
        return {"version": version, "devices": devices}

    def use(self, name):
        """Let models and convolutions compute with a kernel from now on."""
        from hyenadna_backends import use_kernel
        from hyenadna_core.bench.cases import PLAIN
        from hyenadna_core.registry import select_fft_conv, session_plugins

        if name not in self.kernels:
            known = {"native": None, "attention": None, "plain": PLAIN}
            self.kernels[name] = known[name] if name in known else select_fft_conv(session_plugins(), name)
        use_kernel(self.kernels[name])

    @staticmethod
    def timed(call) -> float:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start


def peak_bytes() -> int:
    """The most memory that this process has held.

    Linux hands a parent's ru_maxrss down to its children, so there VmHWM is what counts.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def serve(requests, answers, backend: str) -> None:
    """Answer requests until there are no more."""
    calls = Calls(backend)
    for line in requests:
        request = json.loads(line)
        try:
            answer = getattr(calls, request["do"])(request)
        except Exception as error:  # whatever a backend may raise: one line for whoever asked
            text = str(error).strip() or type(error).__name__
            exhausted = isinstance(error, MemoryError) or any(words in text.lower() for words in EXHAUSTED)
            answer = {"error": text.splitlines()[0], "kind": OUT_OF_MEMORY if exhausted else None}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main(backend: str) -> None:
    from hyenadna_backends import choose
    from hyenadna_backends.allocator import leave_room, wait_for_each_call

    leave_room()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with contextlib.suppress(OSError):  # where memory runs out, Linux is to end this process and no other
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    choose(backend)
    wait_for_each_call(backend)
    serve(sys.stdin, answers, backend)


if __name__ == "__main__":
    main(sys.argv[1])
