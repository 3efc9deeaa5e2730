"""Processes that compute on one backend each, asked over a pipe; `bench_worker.py` is what runs in them."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import Any

from hyenadna_backends.allocator import allocator_settings, system_environment
from hyenadna_core.errors import HyenaDNAError

OUT_OF_MEMORY = "out of memory"


class Exhausted(Exception):
    """A worker ran out of memory or time; it can be asked again for something smaller."""


class Worker:
    """A process that computes on one backend; a line of JSON in, a line of JSON out.

    One that was lost, by a limit of time or for want of memory, is replaced by a fresh one at the next request.
    """

    def __init__(self, backend: str, threads: int, allocator: Mapping[str, str]) -> None:
        self.backend, self.threads, self.allocator = backend, threads, allocator
        self._process: subprocess.Popen[str] | None = None
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (closed by close)

    def ask(self, request: Mapping[str, Any], timeout: float | None = None) -> dict[str, Any]:
        """The answer to a request, within some seconds.

        Raises:
            Exhausted: out of memory or time.
            HyenaDNAError: any other failure.
        """
        if self._process is None:
            self._process = self._start()
        process, expired = self._process, Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = Timer(timeout or 0, expire)
        if timeout:
            timer.start()
        try:
            line = _exchange(process, json.dumps(request))
        finally:
            timer.cancel()
        if line and not expired.is_set():
            answer: dict[str, Any] = json.loads(line)
        else:
            killed = self._end() == -signal.SIGKILL  # as Linux does to whoever takes the last memory
            answer = {"error": self._last_words(), "kind": OUT_OF_MEMORY if killed else None}
        if expired.is_set():
            raise Exhausted(f"over {timeout:.0f} s")
        if answer.get("kind") == OUT_OF_MEMORY:
            raise Exhausted(OUT_OF_MEMORY)
        if "error" in answer:
            raise HyenaDNAError(answer["error"])
        return answer

    def environment(self) -> dict[str, str]:
        """What the process is started with."""
        backend = {"KERAS_BACKEND": self.backend}
        return system_environment() | dict(self.allocator) | thread_limits(self.threads) | backend

    def close(self) -> None:
        """End the process, if there is one."""
        self._end()
        self._said.close()

    def _start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "hyenadna_core.bench.worker", self.backend]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self._said, text=True, env=self.environment())  # noqa: S603 (our own words)

    def _end(self) -> int:
        """Let the process go and return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()
        try:
            return process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _last_words(self) -> str:
        self._said.seek(0)
        said = self._said.read().strip().splitlines()
        return said[-1] if said else "the process ended without a word"


def _exchange(process: "subprocess.Popen[str]", request: str) -> str:
    """Write a line and read one; nothing where the process is gone."""
    to, back = process.stdin, process.stdout
    if to is None or back is None:
        return ""
    try:
        to.write(request + "\n")
        to.flush()
        return back.readline()
    except BrokenPipeError:
        return ""


@contextmanager
def worker(backend: str, threads: int, keeps: bool = False, system: bool = False) -> Iterator[Worker]:
    """A worker that is ended with the block, allocating as our commands do, or with `system` as any other program.

    With `keeps` its memory is that of `hyenadna train`.
    """
    process = Worker(backend, threads, {} if system else allocator_settings(keeps))
    try:
        yield process
    finally:
        process.close()


def devices(backends: Sequence[str], threads: int) -> dict[str, str]:
    """By backend, its version and the device that it computes on."""
    found = {}
    for name in dict.fromkeys(backends):
        with worker(name, threads) as process:
            answer = process.ask({"do": "devices"})
        found[name] = f"{answer['version']} on {', '.join(answer['devices'])}"
    return found


def thread_limits(threads: int) -> dict[str, str]:
    """The variables that bound a backend's threads, to be set before it starts.

    XLA's CPU client has no flag for it: its pools are as wide as NPROC says.
    """
    pools = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return dict.fromkeys((*pools, "NPROC", "PJRT_NPROC"), str(threads))
