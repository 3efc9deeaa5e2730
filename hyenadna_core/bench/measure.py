"""Times of contenders in one run, in turns; a contender is a kernel on a backend.

Each backend runs in its own worker process (process.py), which starts once. The contenders of one
backend take turns in it. The option of the command calls contenders "sides".
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from hyenadna_backends import BACKENDS, missing
from hyenadna_core.bench.process import HEAPS, Exhausted, Worker, busy_processes, worker
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.terminal import Advance, progress

WHAT = ("conv", "forward", "step")
CHANNELS = 64  # of a single convolution; fewer if its input would exceed ELEMENTS
ELEMENTS = 1 << 21
SETTLING = 0.05  # seconds between processes: threads of the previous one stay busy for milliseconds
STARTING = 300.0  # seconds added to the limit for a first call, which compiles


@dataclass(frozen=True)
class Contender:
    """A kernel on a backend, which is timed against others.

    `kernel` is "native", "plain" (kernels/plain.py and plain_operator.py), the name of a registered
    kernel, or "attention": a Transformer instead of the model. `heap` says how its process
    allocates memory (process.HEAPS).
    """

    backend: str
    kernel: str
    heap: str = ""

    def __str__(self) -> str:
        return f"{self.backend}:{self.kernel}{self.heap}"

    @property
    def process(self) -> tuple[str, str]:
        """Return the key of a process: contenders with the same key take turns in one."""
        return self.backend, self.heap

    @classmethod
    def parse(cls, text: str) -> "Contender":
        """Read BACKEND:KERNEL or BACKEND:KERNEL@system.

        Raises:
            HyenaDNAError: the text has another form, or the backend is not installed.
        """
        named, at, heap = text.strip().partition("@")
        backend, colon, kernel = named.partition(":")
        if not (backend and colon and kernel) or at + heap not in HEAPS:
            raise HyenaDNAError(
                f"Cannot read the side {text!r}: write BACKEND:KERNEL, as in jax:native or torch:plain, "
                "and after it nothing or @system."
            )
        if problem := missing(backend):
            raise HyenaDNAError(problem)
        return cls(backend, kernel, at + heap)


@dataclass(frozen=True)
class Case:
    """One thing to time at one length.

    `channels` belong to a single convolution; `model` has the arguments of a backbone.
    """

    what: str
    length: int
    batch_size: int
    channels: int | None
    model: Mapping[str, Any]
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{self.what}, {self.batch_size} x {self.length:,} bases"


@dataclass
class Result:
    """The times of one contender at one case, one for each round, or the reason for none."""

    case: Case
    contender: Contender
    seconds: list[float]
    failure: str | None = None
    peak_bytes: int | None = None
    device_peak_bytes: int | None = None


class ContenderFailed(Exception):
    """A contender ran out of memory or time at one case; the run can continue without it."""

    def __init__(self, contender: Contender, why: str) -> None:
        super().__init__(f"{contender}: {why}")
        self.contender, self.why = contender, why


def plan(
    what: Sequence[str],
    lengths: Sequence[int],
    batch_size: int,
    channels: int | None,
    model: Mapping[str, Any],
    dtype: str,
    rematerialise: bool = False,
) -> list[Case]:
    """Return the cases of a run; the model accepts the longest of them, whatever its preset."""
    longest = max(model["max_seq_len"], *lengths)
    model = dict(model) | {"max_seq_len": longest, "embed_dropout": 0.0, "rematerialise": rematerialise}
    return [
        Case(name, L, batch_size, channels or default_channels(batch_size * L), model, dtype)
        if name == "conv"
        else Case(name, L, batch_size, None, model, dtype)
        for name in what
        for L in lengths
    ]


def default_channels(bases: int) -> int:
    """Return how many channels fit into ELEMENTS values, at most 64."""
    return min(CHANNELS, max(1, ELEMENTS // bases))


def choose_contenders(
    backend: str, sides: str | None = None, backends: str | None = None, against: str | None = None
) -> list[Contender]:
    """Return the contenders of the options: those of --sides, or two for each backend.

    The two are the native kernel and the plain one, or the native one and a Transformer.

    Raises:
        HyenaDNAError: a name has another form, or its backend is not installed.
    """
    if sides and (backends or against):
        raise HyenaDNAError("--sides names every side: leave out --backends and --against, or name those in --sides.")
    if sides:
        return [Contender.parse(text) for text in sides.split(",")]
    names = backends.split(",") if backends else [backend]
    return [Contender.parse(f"{name}:{kernel}") for name in names for kernel in ("native", against or "plain")]


def choose_what(contenders: Sequence[Contender]) -> list[str]:
    """Return the things to time that all contenders can do."""
    convolves = all(contender.kernel != "attention" for contender in contenders)
    trains = all(BACKENDS[contender.backend].trains for contender in contenders)
    return [what for what, can in zip(WHAT, (convolves, True, trains), strict=True) if can]


def parse_lengths(text: str) -> list[int]:
    """Read lengths that are separated by commas.

    Raises:
        HyenaDNAError: the text has another form, or a length is below 1.
    """
    try:
        lengths = [int(part) for part in text.split(",")]
    except ValueError:
        lengths = [0]
    if min(lengths) < 1:
        raise HyenaDNAError(f"Cannot read the lengths {text!r}: write bases separated by commas, as in 1024,32770.")
    return sorted(set(lengths))


def check(contenders: Sequence[Contender], what: Sequence[str]) -> None:
    """Raise HyenaDNAError if a contender appears twice or cannot do one of the things to time."""
    if len(set(contenders)) < len(contenders):
        raise HyenaDNAError(f"A side is named twice in {', '.join(map(str, contenders))}: name each once.")
    for contender in contenders:
        if contender.kernel == "attention" and "conv" in what:
            raise HyenaDNAError("Attention takes the place of a model's operators: choose --what forward or step.")
        if "step" in what and not BACKENDS[contender.backend].trains:
            raise HyenaDNAError(f"Backend {contender.backend!r} has no gradients: choose --what conv or forward.")


def measure(
    cases: Sequence[Case],
    contenders: Sequence[Contender],
    pairs: int,
    threads: int = 2,
    max_seconds: float | None = None,
    memory: bool = False,
    beside: int = 0,
) -> Iterator[Result]:
    """Yield the times of every contender at every case.

    Each contender runs once a round; the order is reversed in every second round. A contender that
    runs out of memory or time is left out at greater lengths. With `memory`, each contender does
    each case once more in its own process, to measure its peak. Meanwhile `beside` other processes
    compute without a pause.

    Raises:
        HyenaDNAError: a contender failed for another reason; the line names it.
    """
    given_up: dict[tuple[str, Contender], str] = {}
    with ExitStack() as stack, progress("Bench", len(cases) * len(contenders) * (1 + pairs)) as advance:
        trains = any(case.what == "step" for case in cases)
        workers = {
            (name, heap): stack.enter_context(worker(name, threads, keeps=trains, heap=heap))
            for name, heap in dict.fromkeys(contender.process for contender in contenders)
        }
        stack.enter_context(busy_processes(beside))
        for case in cases:
            failures = {one: given_up[case.what, one] for one in contenders if (case.what, one) in given_up}
            seconds: dict[Contender, list[float]] = {}
            while live := [one for one in contenders if one not in failures]:
                try:
                    seconds = rounds(workers, case, live, pairs, max_seconds, advance)
                    break
                except ContenderFailed as failure:
                    failures[failure.contender] = given_up[case.what, failure.contender] = failure.why
            for process in workers.values():
                process.ask({"do": "drop"})
            for contender in contenders:
                result = Result(case, contender, seconds.get(contender, []), failures.get(contender))
                if memory and result.seconds:
                    result.peak_bytes, result.device_peak_bytes = peaks_in_own_process(case, contender, threads)
                yield result


def rounds(
    workers: Mapping[tuple[str, str], "Worker"],
    case: Case,
    contenders: Sequence[Contender],
    pairs: int,
    max_seconds: float | None,
    advance: Advance,
) -> dict[Contender, list[float]]:
    """Return the times of all contenders at one case, one for each round."""
    for contender in contenders:
        timeout = None if max_seconds is None else max_seconds + STARTING
        ask(workers[contender.process], contender, {"do": "prepare", "case": asdict(case)}, timeout)
        advance(1)
    seconds: dict[Contender, list[float]] = {contender: [] for contender in contenders}
    ran: tuple[str, str] | None = None
    for number in range(pairs):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            if ran != contender.process:
                time.sleep(SETTLING)
            ran = contender.process
            answer = ask(workers[contender.process], contender, {"do": "run"}, max_seconds)
            seconds[contender].append(answer["seconds"])
            advance(1)
    return seconds


def ask(
    process: Worker, contender: Contender, request: Mapping[str, Any], timeout: float | None = None
) -> dict[str, Any]:
    """Return the answer of a worker to a request for one of its contenders.

    Raises:
        ContenderFailed: out of memory or time.
        HyenaDNAError: any other failure.
    """
    try:
        return process.ask({**request, "kernel": contender.kernel}, timeout)
    except Exhausted as error:
        raise ContenderFailed(contender, str(error)) from None
    except HyenaDNAError as error:
        raise HyenaDNAError(f"{contender} failed: {error}") from None


def peaks_in_own_process(case: Case, contender: Contender, threads: int) -> tuple[int | None, int | None]:
    """Return the peak memory of a process that does one case, and that of its device or None."""
    with worker(contender.backend, threads, keeps=case.what == "step", heap=contender.heap) as process:
        try:
            ask(process, contender, {"do": "prepare", "case": asdict(case)})
            ask(process, contender, {"do": "run"})
        except ContenderFailed:
            return None, None
        peaks = process.ask({"do": "peaks"})
        return peaks["peak"], peaks["device_peak"]
