"""The cautions of a row of the table: what should be known before its figures are compared."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hyenadna_benchmarks.report.columns import counted
from hyenadna_benchmarks.runner.cells import cropped_text
from hyenadna_benchmarks.runner.plan import Plan
from hyenadna_benchmarks.runner.protocols import PROTOCOLS

Result = Mapping[str, Any]
BACKENDS = ("jax", "torch", "mlx")  # packages, of which numbers depend on one


def caution_of(plan: Plan, results: Sequence[Result], mixed: Iterable[str]) -> str:
    """Return all cautions of the measurements of a contender on a set.

    `mixed` are the packages whose version differs in the table.
    """
    cautions = [PROTOCOLS[plan.protocol].caution]
    for result in results:
        cautions += [*result["cautions"], cropped_text(result)]
    if made_with := [*_threads(plan, results), *_packages(results, mixed)]:
        cautions.append(f"made with {', '.join(made_with)}: the last digits may differ")
    return "; ".join(dict.fromkeys(filter(None, cautions)))


def mixed_packages(plan: Plan, results: Sequence[Result]) -> list[str]:
    """Return the packages whose version is not the same in all results with a figure."""
    measured = [result for result in results if "figures" in result]
    names = dict.fromkeys(name for result in measured for name in result.get("versions", {}))
    used = [name for name in names if name not in BACKENDS or name == plan.backend]
    return [name for name in used if len(_versions(measured, name)) > 1]


def _threads(plan: Plan, results: Iterable[Result]) -> list[str]:
    """Return the numbers of threads, if they are not those that the table tells."""
    threads = list(dict.fromkeys(result.get("threads", plan.threads) for result in results))
    return [] if threads in ([], [plan.threads]) else [" and ".join(counted(each, "thread") for each in threads)]


def _packages(results: Sequence[Result], names: Iterable[str]) -> list[str]:
    return [f"{name} {' and '.join(versions)}" for name in names if (versions := _versions(results, name))]


def _versions(results: Iterable[Result], name: str) -> list[str]:
    versions = (result.get("versions", {}).get(name) for result in results)
    return list(dict.fromkeys(version for version in versions if version is not None))
