"""Every hook there is. Arguments that a plug-in has no use for may be left out of its functions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hyenadna_plugins.markers import hookspec


@hookspec
def register_commands(cli: Any) -> None:
    """Add commands to `hyenadna`: cli is the click group. Called once at every start, so import inside the commands."""


@hookspec
def register_presets(register: Callable[[Any], None]) -> None:
    """Offer architectures by name: register(hyenadna_core.presets.Preset(...)) for each."""


@hookspec
def register_tasks(register: Callable[[Any], None]) -> None:
    """Offer tasks by name: register(MyTask) for each subclass of hyenadna_core.task.Task."""


@hookspec
def register_fft_convs(register: Callable[[Any], None]) -> None:
    """Offer kernels of the long convolution by name: register(hyenadna_backends.FFTConv(...)) for each.

    Called when a kernel is looked up, as by `hyenadna train --fft-conv NAME`; its `load` imports it when it is chosen.
    """


@hookspec
def training_callbacks(run: Any) -> list[Any] | None:
    """Watch training: a list of objects with logged(line) and validated(step, figures), called as those come.

    run is the hyenadna_core.run_folder.RunFolder: run.path, run.read_run(). A line has the fields of log.tsv; figures
    are those of the validation by name. Called once, when training starts or is resumed.
    """


@hookspec(firstresult=True)
def fetch_weights(uri: str, cache_dir: Path) -> Path | None:
    """Fetch weights by an address that only you know, such as s3://...: the local file or folder, or None.

    cache_dir is a folder to keep them in. Raise hyenadna_core.HyenaDNAError with one line when they cannot be had.
    """
