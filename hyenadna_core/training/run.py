"""A whole run: from its configuration to the run folder and the figures at the end."""

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hyenadna_backends import current_kernel
from hyenadna_backends.processes import in_any_process, is_first_process
from hyenadna_core.backend import check_backend
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.registry import find_task, select_fft_conv
from hyenadna_core.task import SPLITS, Task
from hyenadna_core.terminal import notice
from hyenadna_core.training.config import RunConfig
from hyenadna_core.training.options import check_devices, configure, devices_of
from hyenadna_core.training.run_folder import RunFolder, next_free
from hyenadna_plugins import PluginError, call, implementers, reason_of

PACKAGES = ("hyenadna", "keras", "jax", "torch", "mlx", "keras-mlx", "numpy", "scipy")


def start_run(session, options: Mapping[str, Any], fft_conv: str | None = None) -> str:
    """Make a run folder and train in it, with the options of `hyenadna train` by their names; the report.

    Raises:
        HyenaDNAError: an input that cannot be used; nothing is written then.
    """
    check_backend(session.backend, to_train=True)
    select_fft_conv(session.plugins, fft_conv)
    task_class = find_task(session.plugins, options["task"])
    given = {parameter.name: options[parameter.name] for parameter in task_class.options}
    task = task_class.from_options(given)
    config = configure(session, options, task, given)
    prepare(task, config)
    out = options["out"]
    path = Path(out) if out else next_free(Path("runs"), config.preset.removeprefix("hyenadna-"))
    run = {"config": config.to_json(), "task": task.state(), **provenance(session.backend.name, task.sha256)}
    run["splits"] = {split: task.checksum(split) for split in SPLITS if task.has(split)}
    with RunFolder.create(path, run) if is_first_process() else RunFolder.watch(path) as folder:
        return _run(session, config, task, folder)


def resume_run(session, path: Path, fft_conv: str | None = None) -> str:
    """Continue the run in a folder from its newest whole checkpoint; the report.

    Raises:
        HyenaDNAError: no run there, in use, or its genome has changed.
    """
    check_backend(session.backend, to_train=True)
    select_fft_conv(session.plugins, fft_conv)
    with RunFolder.open(path) if is_first_process() else RunFolder.watch(path) as folder:
        run = folder.read_run()
        config = RunConfig.from_json(run["config"])
        check_devices(config)
        task = find_task(session.plugins, config.task).from_options(config.options)
        prepare(task, config)
        if task.sha256 != run.get("data_sha256", run.get("genome_sha256")):
            raise HyenaDNAError(f"{task.title} has changed since {path} was started: its checksum differs.")
        folder.write_run(run | provenance(session.backend.name, task.sha256))
        return _run(session, config, task, folder)


def prepare(task: Task, config: RunConfig) -> None:
    """Tell a task how long its sequences will be, and the user what it says to that.

    Raises:
        HyenaDNAError: it cannot be trained so.
    """
    for sentence in task.prepare(max(stage.seq_len for stage in config.stages)):
        notice(sentence)
    if config.valid_every and not task.has("valid"):
        raise HyenaDNAError(f"Nothing to validate on: {task.no_validation}.")


def provenance(backend: str, data_sha256: str) -> dict[str, Any]:
    """What else a run's numbers depend on: versions, backend, kernel, machine, data."""
    return {
        "backend": backend,
        "fft_conv": current_kernel().name,
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "data_sha256": data_sha256,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _run(session, config: RunConfig, task: Task, folder: RunFolder) -> str:
    from hyenadna_core.training.checkpoint import BEST, load_best
    from hyenadna_core.training.trainer import make_model, train

    if (count := devices_of(config.data_parallel)) > 1:
        notice(f"Each step on {count} devices.")
    notice(f"Training {config.preset} on {task.title}; run folder {folder.path}")
    for stage in config.stages:
        if (size := config.micro_batch_of(stage)) < stage.batch_size:
            notice(f"Stage {stage} goes {size} sequences at a time.")
    model = make_model(config, task, starts=not (folder.checkpoints / "latest").exists())
    train(model, task, config, folder, list(_watchers(session.plugins, folder)))
    in_any_process(False)  # all wait until the first one has written
    if (folder.checkpoints / BEST).exists():
        load_best(folder.checkpoints, model)
    if not folder.writes:
        return ""
    return task.report(model, folder, config)


def _watchers(plugins, folder: RunFolder) -> Iterator[Any]:
    """What plug-ins watch the training with."""
    for plugin in implementers(plugins, "training_callbacks"):
        try:
            found = call(plugins, "training_callbacks", plugin, run=folder)
        except HyenaDNAError:
            raise
        except Exception as error:  # whatever a plug-in may raise
            raise PluginError(f"Plug-in {plugin!r} failed in training_callbacks: {reason_of(error)}") from error
        yield from (watcher for of_plugin in found for watcher in of_plugin or ())
