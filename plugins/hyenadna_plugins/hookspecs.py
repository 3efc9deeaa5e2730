"""Every hook there is. Arguments that a plug-in has no use for may be left out of its functions.

A hook or an argument more is a new minor version. What breaks a plug-in is a new major version: plug-ins for it are in
an entry-point group of their own, `hyenadna.2` and so on, and those for another version are refused unimported.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hyenadna_plugins.markers import hookspec

HOOKS_VERSION = "1.0"

Register = Callable[[Any], None]  # takes a thing with a `name`


@hookspec
def register_commands(cli: Any) -> None:
    """Add commands to `hyenadna`: cli is its click.Group. Called once at every start, so import inside the commands."""


@hookspec
def register_presets(register: Register) -> None:
    """Offer architectures by name: register(hyenadna_core.Preset(...)) for each.

    Called when presets are listed or looked up, as by `hyenadna train --preset NAME` and `load(NAME)`.
    """


@hookspec
def register_tasks(register: Register) -> None:
    """Offer tasks by name: register(MyTask) for each subclass of hyenadna_core.Task.

    Called when tasks are listed or looked up, as by `hyenadna train --task NAME`.
    """


@hookspec
def register_datasets(register: Register) -> None:
    """Offer data by name: register(hyenadna_core.Dataset(...)) for each.

    Called when datasets are listed or looked up; a dataset's `fetch` is called when its files are wanted.
    """


@hookspec
def register_metrics(register: Register) -> None:
    """Offer measures of predictions by name: register(hyenadna_core.Metric(...)) for each.

    Called when a metric is looked up.
    """


@hookspec
def register_fft_convs(register: Register) -> None:
    """Offer kernels of the long convolution by name: register(hyenadna_backends.FFTConv(...)) for each.

    Called when a kernel is looked up, as by `hyenadna train --fft-conv NAME`; its `load` imports it when it is chosen.
    """


@hookspec(firstresult=True)
def fetch_weights(uri: str, cache_dir: Path) -> Path | None:
    """Fetch weights by an address that only you know, such as s3://...: the local file or folder, or None.

    Called when `load` or `convert` meets an address, plug-in by plug-in until one gives a path. cache_dir is a folder
    to keep them in. Raise hyenadna_core.HyenaDNAError with one line when they cannot be had.
    """


@hookspec
def training_callbacks(run: Any) -> list[Any] | None:
    """Watch training: a list of objects with logged(line) and validated(step, figures), called as those come.

    Called once, when training starts or is resumed. run is the folder of the run: run.path,
    run.read_run(). A line has the fields of log.tsv; figures are those of the validation by name: dict[str, float].
    """
