"""All hooks. A function of a plug-in may omit the arguments that it does not use.

A new hook or argument is a new minor version. A change that breaks plug-ins is a new major version.
Plug-ins for it use their own entry-point group, such as `hyenadna.2`. Plug-ins for another version
are refused without an import.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hyenadna_plugins.markers import hookspec

HOOKS_VERSION = "1.0"

Register = Callable[[Any], None]  # takes one thing, which has a `name`


@hookspec
def register_commands(cli: Any) -> None:
    """Add commands to `hyenadna`; cli is its click.Group.

    Called once at every start, so import large modules inside the commands.
    """


@hookspec
def register_presets(register: Register) -> None:
    """Offer architectures by name: register(hyenadna_core.Preset(...)) for each.

    Called when presets are listed or looked up, as by `hyenadna train --preset NAME` and
    `load(NAME)`.
    """


@hookspec
def register_tasks(register: Register) -> None:
    """Offer tasks by name: register(MyTask) for each subclass of hyenadna_core.Task.

    Called when tasks are listed or looked up, as by `hyenadna train --task NAME`.
    """


@hookspec
def register_datasets(register: Register) -> None:
    """Offer data by name: register(hyenadna_core.Dataset(...)) for each.

    Called when datasets are listed or looked up. `fetch` of a dataset is called when its files are
    needed.
    """


@hookspec
def register_metrics(register: Register) -> None:
    """Offer metrics of predictions by name: register(hyenadna_core.Metric(...)) for each.

    Called when a metric is looked up.
    """


@hookspec
def register_fft_convs(register: Register) -> None:
    """Offer kernels of the long convolution: register(hyenadna_backends.FFTConv(...)) for each.

    Called when a kernel is looked up, as by `hyenadna train --fft-conv NAME`.
    `load` of a kernel imports it when it is chosen.
    """


@hookspec(firstresult=True)
def fetch_weights(uri: str, cache_dir: Path) -> Path | None:
    """Fetch weights from an address such as s3://...; return the local file or folder, or None.

    Called when `load` or `convert` gets an address; the first plug-in that returns a path is used.
    Keep the files in the folder cache_dir. If the weights are not available, raise
    hyenadna_core.HyenaDNAError with one line.
    """


@hookspec
def training_callbacks(run: Any) -> list[Any] | None:
    """Watch training: return a list of objects with logged(line) and validated(step, figures).

    Called once, when training starts or is resumed. run is the run folder, with run.path and
    run.read_run(). A line has the fields of log.tsv. figures are the figures of a validation by
    name: dict[str, float].
    """
