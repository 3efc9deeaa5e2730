"""Saying which backend a command runs on, or why it cannot."""

from hyenadna_backends import BACKENDS, Choice, missing
from hyenadna_backends.allocator import wait_for_each_call
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.terminal import notice


def check_backend(choice: Choice, to_train: bool = False) -> None:
    """Say which backend runs and why; let it compute as all commands do.

    Raises:
        HyenaDNAError: it is not installed, or cannot train and must; or the environment sets its memory up wrongly.
        SettingError: the environment sets its transforms up wrongly.
    """
    if problem := missing(choice.name):
        raise HyenaDNAError(problem)
    if to_train and not BACKENDS[choice.name].trains:
        trainable = ", ".join(backend.name for backend in BACKENDS.values() if backend.trains)
        raise HyenaDNAError(f"Backend {choice.name!r} has no gradients and cannot train: choose one of {trainable}.")
    from hyenadna_backends.fft_length import overriding_rule, overriding_start  # SciPy, which `notice` can do without
    from hyenadna_core.model.memory import spectra_budget

    for setting in (overriding_rule, overriding_start, spectra_budget):
        setting()
    wait_for_each_call(choice.name)
    notice(f"Backend: {choice.name} ({choice.reason})")
