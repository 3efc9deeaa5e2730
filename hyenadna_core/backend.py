"""The backend that a command runs on, and the versions of installed packages."""

from importlib.metadata import PackageNotFoundError, version

from hyenadna_backends import BACKENDS, Choice, missing
from hyenadna_backends.heap import settle_heap as settle_heap
from hyenadna_backends.heap import settle_process
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.terminal import notice


def check_installed(choice: Choice) -> None:
    """Raise HyenaDNAError if the backend is not installed; importing Keras would fail."""
    if problem := missing(choice.name):
        raise HyenaDNAError(problem)


def check_backend(choice: Choice, to_train: bool = False) -> None:
    """Check the backend, print which one runs and why, and apply the settings of all commands.

    Raises:
        HyenaDNAError: the backend is not installed, or cannot train and has to; or an environment
            variable for its memory is wrong.
        SettingError: an environment variable for its transforms is wrong.
    """
    check_installed(choice)
    if to_train and not BACKENDS[choice.name].trains:
        trainable = ", ".join(backend.name for backend in BACKENDS.values() if backend.trains)
        raise HyenaDNAError(f"Backend {choice.name!r} has no gradients and cannot train: choose one of {trainable}.")
    from hyenadna_backends.fft_length import overriding_rule, overriding_start  # SciPy, which `notice` can do without
    from hyenadna_core.model.sizes import spectra_budget

    for setting in (overriding_rule, overriding_start, spectra_budget):
        setting()
    settle_process(choice.name)
    notice(f"Backend: {choice.name} ({choice.reason})")


def installed_version(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
