"""Times of sides beside each other, taken in turn in one run; a side is a kernel on a backend.

Each backend runs in a worker process of its own (bench_process.py), started once; its sides take turns in it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from hyenadna_backends import BACKENDS, missing
from hyenadna_core.bench.process import Exhausted, Worker, worker
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.terminal import Advance, progress

WHAT = ("conv", "forward", "step")
SYSTEM = "@system"  # behind a side's name: with the system's allocator as it is
CHANNELS = 64  # of a convolution alone, fewer where it would have more elements than this
ELEMENTS = 1 << 21
SETTLING = 0.05  # seconds between processes: the threads of the one before spin for some milliseconds
STARTING = 300.0  # seconds that a first call, which compiles, may take beyond the limit of a call


@dataclass(frozen=True)
class Contender:
    """What is timed beside others.

    `kernel` is "native", "plain" (kernels/plain.py and plain_operator.py), the name of a registered kernel, or
    "attention": a Transformer in the model's place. With `system` it allocates as any program does, without our
    commands' settings (hyenadna_backends.allocator).
    """

    backend: str
    kernel: str
    system: bool = False

    def __str__(self) -> str:
        return f"{self.backend}:{self.kernel}{SYSTEM if self.system else ''}"

    @property
    def process(self) -> tuple[str, bool]:
        """Sides of which this is the same take turns in one process."""
        return self.backend, self.system

    @classmethod
    def parse(cls, text: str) -> "Contender":
        """A side from BACKEND:KERNEL or BACKEND:KERNEL@system, its backend installed.

        Raises:
            HyenaDNAError: text of another form, a backend that is not here.
        """
        named, at, _ = text.strip().partition(SYSTEM)
        backend, colon, kernel = named.partition(":")
        if not (backend and colon and kernel) or text.strip() != named + at:
            raise HyenaDNAError(
                f"Cannot read the side {text!r}: write BACKEND:KERNEL or BACKEND:KERNEL{SYSTEM}, "
                "as in jax:native or torch:plain."
            )
        if problem := missing(backend):
            raise HyenaDNAError(problem)
        return cls(backend, kernel, bool(at))


@dataclass(frozen=True)
class Case:
    """One thing to time at one length: `channels` are those of a convolution alone, `model` arguments of a backbone."""

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
    """The times of one side at one case, one a round, or why there are none."""

    case: Case
    side: Contender
    seconds: list[float]
    failure: str | None = None
    peak_bytes: int | None = None
    device_peak_bytes: int | None = None


class SideFailed(Exception):
    """A side cannot do a case, but the run can go on: out of memory, or out of time."""

    def __init__(self, side: Contender, why: str) -> None:
        super().__init__(f"{side}: {why}")
        self.side, self.why = side, why


def plan(
    what: Sequence[str],
    lengths: Sequence[int],
    batch_size: int,
    channels: int | None,
    model: Mapping[str, Any],
    dtype: str,
    rematerialise: bool = False,
) -> list[Case]:
    """The cases of a run; the model takes the longest of them, whatever its preset says."""
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
    """As many channels as keep the input of a convolution within its bound, 64 at most."""
    return min(CHANNELS, max(1, ELEMENTS // bases))


def choose_sides(
    backend: str, sides: str | None = None, backends: str | None = None, against: str | None = None
) -> list[Contender]:
    """The sides asked for: named ones, or native and plain, or native and a Transformer, of backends or of one.

    Raises:
        HyenaDNAError: text that names none, or a backend that is not here.
    """
    if sides and (backends or against):
        raise HyenaDNAError("--sides says all: leave out --backends and --against, or name them among the sides.")
    if sides:
        return [Contender.parse(text) for text in sides.split(",")]
    names = backends.split(",") if backends else [backend]
    return [Contender.parse(f"{name}:{kernel}") for name in names for kernel in ("native", against or "plain")]


def choose_what(sides: Sequence[Contender]) -> list[str]:
    """All that every side can do."""
    convolves = all(side.kernel != "attention" for side in sides)
    trains = all(BACKENDS[side.backend].trains for side in sides)
    return [what for what, can in zip(WHAT, (convolves, True, trains), strict=True) if can]


def parse_lengths(text: str) -> list[int]:
    """Lengths from numbers with commas between.

    Raises:
        HyenaDNAError: text of another form, or a length below 1.
    """
    try:
        lengths = [int(part) for part in text.split(",")]
    except ValueError:
        lengths = [0]
    if min(lengths) < 1:
        raise HyenaDNAError(f"Cannot read the lengths {text!r}: write bases with commas between, as in 1024,32770.")
    return sorted(set(lengths))


def check(sides: Sequence[Contender], what: Sequence[str]) -> None:
    """Raise HyenaDNAError where a side has no meaning for what is timed."""
    if len(set(sides)) < len(sides):
        raise HyenaDNAError(f"A side is named twice in {', '.join(map(str, sides))}: name each once.")
    for side in sides:
        if side.kernel == "attention" and "conv" in what:
            raise HyenaDNAError("Attention takes the place of a model's operators: choose --what forward or step.")
        if "step" in what and not BACKENDS[side.backend].trains:
            raise HyenaDNAError(f"Backend {side.backend!r} has no gradients: choose --what conv or forward.")


def measure(
    cases: Sequence[Case],
    sides: Sequence[Contender],
    pairs: int,
    threads: int = 2,
    max_seconds: float | None = None,
    memory: bool = False,
) -> Iterator[Result]:
    """Every side's times at every case: in each round each side once, forwards in one round and backwards in the next.

    A side that runs out of memory or time is left out at greater lengths. With `memory`, each side does each case once
    more in a process of its own, for its peak.

    Raises:
        HyenaDNAError: a side failed otherwise; one line that names it.
    """
    given_up: dict[tuple[str, Contender], str] = {}
    with ExitStack() as stack, progress("Bench", len(cases) * len(sides) * (1 + pairs)) as advance:
        trains = any(case.what == "step" for case in cases)
        workers = {
            (name, system): stack.enter_context(worker(name, threads, keeps=trains, system=system))
            for name, system in dict.fromkeys(side.process for side in sides)
        }
        for case in cases:
            failures = {side: given_up[case.what, side] for side in sides if (case.what, side) in given_up}
            seconds: dict[Contender, list[float]] = {}
            while live := [side for side in sides if side not in failures]:
                try:
                    seconds = rounds(workers, case, live, pairs, max_seconds, advance)
                    break
                except SideFailed as failure:
                    failures[failure.side] = given_up[case.what, failure.side] = failure.why
            for process in workers.values():
                process.ask({"do": "drop"})
            for side in sides:
                result = Result(case, side, seconds.get(side, []), failures.get(side))
                if memory and result.seconds:
                    result.peak_bytes, result.device_peak_bytes = peaks_alone(case, side, threads)
                yield result


def rounds(
    workers: Mapping[tuple[str, bool], "Worker"],
    case: Case,
    sides: Sequence[Contender],
    pairs: int,
    max_seconds: float | None,
    advance: Advance,
) -> dict[Contender, list[float]]:
    """The times of all sides at one case, a round after the other."""
    for side in sides:
        timeout = None if max_seconds is None else max_seconds + STARTING
        ask(workers[side.process], side, {"do": "prepare", "case": asdict(case)}, timeout)
        advance(1)
    seconds: dict[Contender, list[float]] = {side: [] for side in sides}
    ran: tuple[str, bool] | None = None
    for number in range(pairs):
        for side in sides if number % 2 == 0 else reversed(sides):
            if ran != side.process:
                time.sleep(SETTLING)
            ran = side.process
            answer = ask(workers[side.process], side, {"do": "run"}, max_seconds)
            seconds[side].append(answer["seconds"])
            advance(1)
    return seconds


def ask(process: Worker, side: Contender, request: Mapping[str, Any], timeout: float | None = None) -> dict[str, Any]:
    """The answer of a worker to a request for one of its sides.

    Raises:
        SideFailed: out of memory or time.
        HyenaDNAError: any other failure.
    """
    try:
        return process.ask({**request, "kernel": side.kernel}, timeout)
    except Exhausted as error:
        raise SideFailed(side, str(error)) from None
    except HyenaDNAError as error:
        raise HyenaDNAError(f"{side} failed: {error}") from None


def peaks_alone(case: Case, side: Contender, threads: int) -> tuple[int | None, int | None]:
    """The peak of a process that does one case on one side, and of its device where that has memory of its own."""
    with worker(side.backend, threads, keeps=case.what == "step", system=side.system) as process:
        try:
            ask(process, side, {"do": "prepare", "case": asdict(case)})
            ask(process, side, {"do": "run"})
        except SideFailed:
            return None, None
        found = process.ask({"do": "peaks"})
        return found["peak"], found["device_peak"]
