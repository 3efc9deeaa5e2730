"""What works on this machine: the answer of `hyenadna doctor`."""

import platform
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import requires, version
from typing import Any

from hyenadna_backends import BACKENDS, Choice, missing
from hyenadna_backends.allocator import has_huge_pages
from hyenadna_backends.devices import ask
from hyenadna_core.backend import installed_version


def diagnose(choice: Choice) -> dict[str, Any]:
    """Versions, the backend that was chosen and why, each backend's state, what each extra requires."""
    installed = [name for name in BACKENDS if missing(name) is None]
    with ThreadPoolExecutor() as pool:
        answers = dict(zip(installed, pool.map(ask, installed), strict=True))
    backends = {name: answers.get(name) or {"missing": missing(name)} for name in BACKENDS}
    return {
        "hyenadna": version("hyenadna"),
        "keras": installed_version("keras") or installed_version("keras-nightly"),
        "python": platform.pythoninstalled_version(),
        "platform": platform.platform(),
        "huge_pages": has_huge_pages(),
        "backend": choice.name,
        "reason": choice.reason,
        "backends": backends,
        "extras": _extras(),
    }


def diagnosis_text(found: dict[str, Any]) -> str:
    """A diagnosis as lines to read, and to paste into a report."""
    lines = [
        f"hyenadna {found['hyenadna']}, Keras {found['keras'] or 'not installed'}, Python {found['python']}, "
        f"{found['platform']}{', huge pages' if found['huge_pages'] else ''}",
        f"backend that runs: {found['backend']} ({found['reason']})",
        "",
    ]
    for name, state in found["backends"].items():
        if "missing" in state:
            lines.append(f"{name:<12}-  {state['missing']}")
        elif "error" in state:
            lines.append(f"{name:<12}broken: {state['error']}")
        else:
            kind = "" if BACKENDS[name].trains else "; forward only"
            lines.append(f"{name:<12}{state['version']}: {', '.join(state['devices'])}{kind}")
    lines.append("")
    for extra, added in found["extras"].items():
        lines.append(f"hyenadna[{extra}] brings " + ", ".join(f"{name} ({state})" for name, state in added.items()))
    return "\n".join(lines)


def _extras() -> dict[str, dict[str, str]]:
    """By extra: the packages that it requires on this machine, each with the version that is here or "to install"."""
    from packaging.requirements import Requirement

    extras: dict[str, dict[str, str]] = {}
    for text in requires("hyenadna") or []:
        requirement = Requirement(text)
        if requirement.marker is None or "extra" not in str(requirement.marker):
            continue
        for extra in ("jax", "torch", "mlx", "classify", "hub", "tensorboard", "wandb"):
            if requirement.marker.evaluate({"extra": extra}):
                extras.setdefault(extra, {})[requirement.name] = installed_version(requirement.name) or "to install"
    return extras
