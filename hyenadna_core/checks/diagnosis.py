"""The state of this installation: the answer of `hyenadna doctor`."""

import platform
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import requires, version
from typing import Any

import click

from hyenadna_backends import BACKENDS, Choice, missing
from hyenadna_backends.devices import ask
from hyenadna_backends.heap import settle_heap
from hyenadna_backends.xla_fusions import RELEASES as FAULTY
from hyenadna_core.backend import installed_version
from hyenadna_core.terminal import print_result, print_table

EXTRAS = ("jax", "torch", "mlx", "classify", "hub", "h5ad", "vcf", "bigwig", "pictures", "tensorboard", "wandb")


def diagnose(choice: Choice) -> dict[str, Any]:
    """Return the versions, the chosen backend and its reason, all backends, and the extras."""
    installed = [name for name in BACKENDS if missing(name) is None]
    with ThreadPoolExecutor() as pool:
        answers = dict(zip(installed, pool.map(ask, installed), strict=True))
    backends = {name: answers.get(name) or {"missing": missing(name)} for name in BACKENDS}
    return {
        "hyenadna": version("hyenadna"),
        "keras": installed_version("keras") or installed_version("keras-nightly"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "heap": settle_heap(),
        "backend": choice.name,
        "reason": choice.reason,
        "backends": backends,
        "extras": _extras(),
    }


def print_diagnosis(diagnosis: dict[str, Any]) -> None:
    """Print a diagnosis: with tables at a terminal, else as lines to paste into a report."""
    if not sys.stdout.isatty():
        print_result(diagnosis_text(diagnosis))
        return
    width = shutil.get_terminal_size().columns
    print_result("\n".join([*(click.wrap_text(line, width) for line in _heading(diagnosis)), ""]))
    print_table([{"backend": name} | _state(name, state) for name, state in diagnosis["backends"].items()])
    print_result("")
    print_table(
        [{"extra": f"hyenadna[{extra}]", "packages": _listed(added)} for extra, added in diagnosis["extras"].items()]
    )


def diagnosis_text(diagnosis: dict[str, Any]) -> str:
    """Return a diagnosis as lines."""
    lines = [*_heading(diagnosis), ""]
    for name, state in diagnosis["backends"].items():
        cells = _state(name, state)
        if "missing" in state:
            lines.append(f"{name:<12}-  {cells['state']}")
        elif "error" in state:
            lines.append(f"{name:<12}{cells['state']}")
        else:
            kind = f"; {cells['state']}" if cells["state"] else ""
            lines.append(f"{name:<12}{cells['version']}: {cells['devices']}{kind}")
    lines.append("")
    lines += [f"hyenadna[{extra}] brings {_listed(added)}" for extra, added in diagnosis["extras"].items()]
    return "\n".join(lines)


def _heading(diagnosis: dict[str, Any]) -> list[str]:
    return [
        f"hyenadna {diagnosis['hyenadna']}, Keras {diagnosis['keras'] or 'not installed'}, "
        f"Python {diagnosis['python']}, {diagnosis['platform']}",
        f"heap: {diagnosis['heap']}",
        f"backend that runs: {diagnosis['backend']} ({diagnosis['reason']})",
    ]


def _state(name: str, state: dict[str, Any]) -> dict[str, str]:
    """Return the version, the devices and the state of a backend as text."""
    if "missing" in state:
        return {"version": "", "devices": "", "state": state["missing"]}
    if "error" in state:
        return {"version": "", "devices": "", "state": f"broken: {state['error']}"}
    kinds = [] if BACKENDS[name].trains else ["forward only"]
    if name == "jax" and state["version"] in FAULTY:
        kinds.append("on CPUs the faulty fusions of this release are off: install another one")
    return {"version": state["version"], "devices": ", ".join(state["devices"]), "state": ", ".join(kinds)}


def _listed(packages: dict[str, str]) -> str:
    return ", ".join(f"{name} ({state})" for name, state in packages.items())


def _extras() -> dict[str, dict[str, str]]:
    """Return the packages of each extra here, each with its version or "to install"."""
    from packaging.requirements import Requirement

    extras: dict[str, dict[str, str]] = {}
    for text in requires("hyenadna") or []:
        requirement = Requirement(text)
        if requirement.marker is None or "extra" not in str(requirement.marker):
            continue
        for extra in EXTRAS:
            if requirement.marker.evaluate({"extra": extra}):
                extras.setdefault(extra, {})[requirement.name] = installed_version(requirement.name) or "to install"
    return extras
