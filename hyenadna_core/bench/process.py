"""Processes that compute on one backend each and answer over a pipe; `worker.py` runs in them."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import Any

from hyenadna_backends.barriers import OF_LIBRARY, VARIABLE
from hyenadna_backends.heap import OPT_OUT
from hyenadna_core.child import child_environment
from hyenadna_core.errors import HyenaDNAError

OUT_OF_MEMORY = "out of memory"
HEAPS: dict[str, dict[str, str]] = {  # the variables of a process, by the end of the name of a side
    "": {},  # its heap is that of every script and command that uses this library
    "@system": {OPT_OUT: "system", VARIABLE: OF_LIBRARY},  # heap and barriers are those of any other program
}
BUSY = "import hashlib\nwhile True: hashlib.sha256(bytes(1 << 20))"


class Exhausted(Exception):
    """A worker ran out of memory or time; it can still do something smaller."""


class Worker:
    """A process that computes on one backend: it reads a line of JSON and answers with one.

    If it ended because of a time limit or lack of memory, the next request starts a fresh one.
    """

    def __init__(self, backend: str, threads: int, variables: dict[str, str], keeps: bool) -> None:
        self.backend, self.threads, self.variables, self.keeps = backend, threads, variables, keeps
        self._process: subprocess.Popen[str] | None = None
        self._messages = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (closed by close)

    def ask(self, request: Mapping[str, Any], timeout: float | None = None) -> dict[str, Any]:
        """Return the answer to a request; `timeout` is in seconds.

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
            killed = self._end() == -signal.SIGKILL  # Linux does this to the process that takes the last memory
            answer = {"error": self._last_words(), "kind": OUT_OF_MEMORY if killed else None}
        if expired.is_set():
            raise Exhausted(f"over {timeout:.0f} s")
        if answer.get("kind") == OUT_OF_MEMORY:
            raise Exhausted(OUT_OF_MEMORY)
        if "error" in answer:
            raise HyenaDNAError(answer["error"])
        return answer

    def environment(self) -> dict[str, str]:
        """Return the environment in which the process starts."""
        return child_environment(self.backend, self.threads) | self.variables

    def close(self) -> None:
        """End the process if there is one."""
        self._end()
        self._messages.close()

    def _start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "hyenadna_core.bench.worker", self.backend, *(["--keeps"] * self.keeps)]
        pipe, to = subprocess.PIPE, self._messages
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=to, text=True, env=self.environment())  # noqa: S603 (our own command)

    def _end(self) -> int:
        """End the process and return its exit status."""
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
        self._messages.seek(0)
        lines = self._messages.read().strip().splitlines()
        return lines[-1] if lines else "the process ended without a message"


def _exchange(process: "subprocess.Popen[str]", request: str) -> str:
    """Write a line and return the line of the answer, or "" if the process has ended."""
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
def worker(backend: str, threads: int, keeps: bool = False, heap: str = "") -> Iterator[Worker]:
    """Make a worker that ends with the block.

    It allocates memory as `heap` says (HEAPS); with `keeps` as in training.
    """
    process = Worker(backend, threads, HEAPS[heap], keeps)
    try:
        yield process
    finally:
        process.close()


@contextmanager
def busy_processes(count: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Keep this many processes computing, one thread each, until the block ends."""
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]  # noqa: S603 (our own command)
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def devices(backends: Sequence[str], threads: int) -> dict[str, str]:
    """Return for each backend its version and its devices, as text."""
    texts = {}
    for name in dict.fromkeys(backends):
        with worker(name, threads) as process:
            answer = process.ask({"do": "devices"})
        texts[name] = f"{answer['version']} on {', '.join(answer['devices'])}"
    return texts
