"""Fusions of XLA on CPUs that are wrong in some releases of JAX: they are switched off.

Since 0.10.2 XLA gives products and sums to the YNNPACK library. There, a sum over the products of
more than 32,768 rows can be wrong without a word (github.com/jax-ml/jax/issues/39103), and some
shapes write where they must not, which ends the process later (issues 39257 and 40412).
"""

import os
from collections.abc import MutableMapping

RELEASES = ("0.10.2", "0.11.0", "0.11.1")  # 0.11.1 was built about when the fault was mended
VARIABLE = "XLA_FLAGS"
FLAG = "--xla_cpu_experimental_ynn_fusion_type"  # other releases may not know it, and would stop


def switch_off_faulty_fusions(environment: MutableMapping[str, str] = os.environ) -> None:
    """Switch the fusions off where the installed XLA is one of RELEASES.

    Call this before its first array. A choice of the user stays.
    """
    chosen = environment.get(VARIABLE, "")
    if installed_xla() in RELEASES and FLAG not in chosen:
        environment[VARIABLE] = f"{chosen} {FLAG}=".lstrip()


def installed_xla() -> str | None:
    """Return the release of jaxlib, or None without it."""
    from importlib.metadata import PackageNotFoundError, version  # takes time, and no command needs it to start

    try:
        return version("jaxlib")
    except PackageNotFoundError:
        return None
