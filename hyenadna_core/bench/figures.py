"""Statistics of times: medians, quartiles, ratios with intervals, exponents, crossings."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np

from hyenadna_backends import BACKENDS
from hyenadna_core.bench.measure import Contender, Result

FITTED = 3  # number of longest lengths that an extrapolation is fitted on
SPREAD = 2  # the longest length of a fit is at least this many times the shortest; else noise decides
FAR = 1_000_000


@dataclass(frozen=True)
class Ratio:
    """How many times faster one contender is than another: the median over rounds and its interval.

    The interval is None if there are too few rounds.
    """

    against: str
    per_pair: list[float]
    median: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        return f"{self.median:.2f}" + ("" if self.low is None else f" [{self.low:.2f}, {self.high:.2f}]")


@dataclass(frozen=True)
class Row:
    """One contender (`side`) at one case: its times in seconds, or the reason for none."""

    what: str
    length: int
    batch_size: int
    channels: int | None
    dtype: str
    side: str
    gradients: bool
    seconds: list[float]
    median: float | None
    quartiles: tuple[float, float] | None
    bases_per_second: float | None
    peak_bytes: int | None
    device_peak_bytes: int | None
    ratios: list[Ratio]
    failure: str | None


@dataclass(frozen=True)
class Fit:
    """A fit of seconds as constant * length ** exponent, by least squares of logarithms.

    The seconds are those of one sequence, and for a single convolution those of one channel.
    """

    what: str
    side: str
    lengths: list[int]
    constant: float
    exponent: float

    def at(self, length: int) -> float:
        """Return the seconds at a length."""
        return float(self.constant * length**self.exponent)


@dataclass(frozen=True)
class Crossing:
    """Two models compared: ratios by length, the length at which they pass 1, an extrapolation."""

    what: str
    side: str
    against: str
    ratios: dict[int, float]
    crosses_at: float | None
    extrapolated_to: int
    extrapolated: float | None


def rows(results: Sequence[Result], contenders: Sequence[Contender]) -> list[Row]:
    """Return one row for each result.

    Each contender is compared with the plain one of its backend and with the last one. If the last
    one allocates as the system does, the same kernel with our settings is compared too.
    """
    last = contenders[-1]
    made = []
    for result in results:
        case, contender, seconds = result.case, result.contender, result.seconds
        together = {other.contender: other for other in results if other.case == case}
        likes = Contender(contender.backend, "plain"), Contender(last.backend, last.kernel), last
        baselines = [other for other in dict.fromkeys(likes) if other in together]
        ratios = [
            ratio(str(other), together[other].seconds, seconds)
            for other in baselines
            if other != contender and seconds and together[other].seconds and comparable(case.what, contender, other)
        ]
        middle = median(seconds) if seconds else None
        made.append(
            Row(
                what=case.what,
                length=case.length,
                batch_size=case.batch_size,
                channels=case.channels,
                dtype=case.dtype,
                side=str(contender),
                gradients=case.what == "step" or (case.what == "conv" and BACKENDS[contender.backend].trains),
                seconds=seconds,
                median=middle,
                quartiles=quartiles(seconds) if seconds else None,
                bases_per_second=case.batch_size * case.length / middle if middle else None,
                peak_bytes=result.peak_bytes,
                device_peak_bytes=result.device_peak_bytes,
                ratios=ratios,
                failure=result.failure,
            )
        )
    return made


def comparable(what: str, one: Contender, other: Contender) -> bool:
    """Return whether two times can be compared: both with gradients, or both without."""
    return what != "conv" or BACKENDS[one.backend].trains == BACKENDS[other.backend].trains


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return float(np.median(values))


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Return the 25th and the 75th percentile."""
    low, high = np.percentile(values, (25, 75))
    return float(low), float(high)


def ratio(against: str, theirs: Sequence[float], ours: Sequence[float]) -> Ratio:
    """Divide their times by ours, pair by pair."""
    per_pair = [their / our for their, our in zip(theirs, ours, strict=True)]
    low, high = interval(per_pair) or (None, None)
    return Ratio(against, per_pair, median(per_pair), low, high)


def interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float] | None:
    """Return an interval of the median between two of the values; None for fewer than six values.

    It holds for every distribution: the median lies below the j-th smallest of n values with the
    probability that fewer than j of n coin tosses are heads.
    """
    n, ordered = len(values), sorted(values)
    below, cut = 0.0, 0
    for j in range(n // 2):
        below += comb(n, j) / 2**n
        if below > (1 - level) / 2:
            break
        cut = j + 1
    return (ordered[cut - 1], ordered[n - cut]) if cut else None


def fit(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Fit seconds = constant * length ** exponent; return (constant, exponent)."""
    lengths, seconds = np.log(np.array(points, np.float64)).T
    exponent, logarithm = np.polyfit(lengths, seconds, 1)
    return math.exp(logarithm), float(exponent)


def fits(table: Sequence[Row], last: int | None = None) -> list[Fit]:
    """Return a fit for each contender and thing timed, over all lengths or the `last` few."""
    result = []
    for what, side in dict.fromkeys((row.what, row.side) for row in table):
        points = [
            (row.length, row.median / row.batch_size / (row.channels or 1))
            for row in table
            if (row.what, row.side) == (what, side) and row.median
        ]
        points = sorted(points)[-last:] if last else sorted(points)
        if points and points[-1][0] >= SPREAD * points[0][0]:
            result.append(Fit(what, side, [length for length, _ in points], *fit(points)))
    return result


def crossing_length(ratios: dict[int, float]) -> float | None:
    """Return the length at which ratios first pass 1, or None.

    Between two lengths, the ratio is a straight line in logarithms.
    """
    lengths = sorted(ratios)
    for shorter, longer in pairwise(lengths):
        low, high = math.log(ratios[shorter]), math.log(ratios[longer])
        if low < 0 <= high:
            return math.exp(math.log(shorter) + math.log(longer / shorter) * -low / (high - low))
    return None


def crossings(table: Sequence[Row]) -> list[Crossing]:
    """Compare each contender with the Transformer, and extrapolate to a million bases."""
    far = {(one.what, one.side): one.at(FAR) for one in fits(table, FITTED)}
    result = []
    for what, side in dict.fromkeys((row.what, row.side) for row in table if row.ratios):
        mine = [row for row in table if (row.what, row.side) == (what, side)]
        for against in dict.fromkeys(ratio.against for row in mine for ratio in row.ratios):
            if against.endswith(":attention"):
                ratios = {row.length: one.median for row in mine for one in row.ratios if one.against == against}
                both = (what, side) in far and (what, against) in far
                expected = far[what, against] / far[what, side] if both and max(ratios) < FAR else None
                result.append(Crossing(what, side, against, ratios, crossing_length(ratios), FAR, expected))
    return result


def as_json(table: Sequence[Row], machine: dict[str, Any]) -> dict[str, Any]:
    """Return all results of a run, for json.dumps."""
    return {
        "machine": machine,
        "rows": [asdict(row) for row in table],
        "exponents": [asdict(one) for one in fits(table)],
        "crossings": [asdict(one) for one in crossings(table)],
    }
