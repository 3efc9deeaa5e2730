"""What times say: medians with quartiles, ratios with their interval, exponents, and where two curves cross."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np

from hyenadna_backends import BACKENDS
from hyenadna_core.bench.measure import Contender, Result

FITTED = 3  # of the longest lengths, which an extrapolation is fitted on
SPREAD = 2  # times the shortest length that the longest of a fit has to be: between neighbours, noise decides
FAR = 1_000_000


@dataclass(frozen=True)
class Ratio:
    """How many times a side is faster than another, round by round: the median, and its interval if rounds suffice."""

    against: str
    per_pair: list[float]
    median: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        return f"{self.median:.2f}" + ("" if self.low is None else f" [{self.low:.2f}, {self.high:.2f}]")


@dataclass(frozen=True)
class Row:
    """One side at one case: its times in seconds, or why there are none."""

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
    """Seconds as constant * length ** exponent, by least squares of logarithms.

    They are those of one sequence, and of one channel for a convolution alone.
    """

    what: str
    side: str
    lengths: list[int]
    constant: float
    exponent: float

    def at(self, length: int) -> float:
        """Seconds at a length."""
        return float(self.constant * length**self.exponent)


@dataclass(frozen=True)
class Crossing:
    """A model beside another over lengths: ratios measured, where they pass 1, and the one to be expected far out."""

    what: str
    side: str
    against: str
    ratios: dict[int, float]
    crosses_at: float | None
    extrapolated_to: int
    extrapolated: float | None


def rows(results: Sequence[Result], sides: Sequence[Contender]) -> list[Row]:
    """A row each; those of one case are compared with the plain side of their backend, and with the last side.

    Where that allocates as the system does, with its like that does not as well.
    """
    last = sides[-1]
    found = []
    for result in results:
        case, side, seconds = result.case, result.side, result.seconds
        together = {other.side: other for other in results if other.case == case}
        likes = Contender(side.backend, "plain"), Contender(last.backend, last.kernel), last
        baselines = [other for other in dict.fromkeys(likes) if other in together]
        ratios = [
            ratio(str(other), together[other].seconds, seconds)
            for other in baselines
            if other != side and seconds and together[other].seconds and comparable(case.what, side, other)
        ]
        middle = median(seconds) if seconds else None
        found.append(
            Row(
                what=case.what,
                length=case.length,
                batch_size=case.batch_size,
                channels=case.channels,
                dtype=case.dtype,
                side=str(side),
                gradients=case.what == "step" or (case.what == "conv" and BACKENDS[side.backend].trains),
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
    return found


def comparable(what: str, one: Contender, other: Contender) -> bool:
    """A convolution with gradients takes longer than one without."""
    return what != "conv" or BACKENDS[one.backend].trains == BACKENDS[other.backend].trains


def median(values: Sequence[float]) -> float:
    return float(np.median(values))


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.percentile(values, (25, 75))
    return float(low), float(high)


def ratio(against: str, theirs: Sequence[float], ours: Sequence[float]) -> Ratio:
    """Their times over ours, pair by pair."""
    per_pair = [their / our for their, our in zip(theirs, ours, strict=True)]
    low, high = interval(per_pair) or (None, None)
    return Ratio(against, per_pair, median(per_pair), low, high)


def interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float] | None:
    """The interval of the median between two of the values, exact for every distribution; None for fewer than six.

    The median lies below the j-th smallest of n with the probability that fewer than j of n tosses are heads.
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
    """(constant, exponent) of seconds = constant * length ** exponent."""
    lengths, seconds = np.log(np.array(points, np.float64)).T
    exponent, logarithm = np.polyfit(lengths, seconds, 1)
    return math.exp(logarithm), float(exponent)


def fits(found: Sequence[Row], last: int | None = None) -> list[Fit]:
    """A fit for each side and what it did at lengths that are `SPREAD` apart, or at the last few of them."""
    result = []
    for what, side in dict.fromkeys((row.what, row.side) for row in found):
        points = [
            (row.length, row.median / row.batch_size / (row.channels or 1))
            for row in found
            if (row.what, row.side) == (what, side) and row.median
        ]
        points = sorted(points)[-last:] if last else sorted(points)
        if points and points[-1][0] >= SPREAD * points[0][0]:
            result.append(Fit(what, side, [length for length, _ in points], *fit(points)))
    return result


def crossing_length(ratios: dict[int, float]) -> float | None:
    """The length at which ratios first rise past 1, on a straight line between logarithms; None where they do not."""
    lengths = sorted(ratios)
    for shorter, longer in pairwise(lengths):
        low, high = math.log(ratios[shorter]), math.log(ratios[longer])
        if low < 0 <= high:
            return math.exp(math.log(shorter) + math.log(longer / shorter) * -low / (high - low))
    return None


def crossings(found: Sequence[Row]) -> list[Crossing]:
    """Of all sides with a Transformer for their last: how they compare over lengths, and how at a million bases."""
    far = {(one.what, one.side): one.at(FAR) for one in fits(found, FITTED)}
    result = []
    for what, side in dict.fromkeys((row.what, row.side) for row in found if row.ratios):
        mine = [row for row in found if (row.what, row.side) == (what, side)]
        for against in dict.fromkeys(ratio.against for row in mine for ratio in row.ratios):
            if against.endswith(":attention"):
                ratios = {row.length: one.median for row in mine for one in row.ratios if one.against == against}
                both = (what, side) in far and (what, against) in far
                expected = far[what, against] / far[what, side] if both and max(ratios) < FAR else None
                result.append(Crossing(what, side, against, ratios, crossing_length(ratios), FAR, expected))
    return result


def as_json(found: Sequence[Row], machine: dict[str, Any]) -> dict[str, Any]:
    """All of a run, for json.dumps."""
    return {
        "machine": machine,
        "rows": [asdict(row) for row in found],
        "exponents": [asdict(one) for one in fits(found)],
        "crossings": [asdict(one) for one in crossings(found)],
    }
