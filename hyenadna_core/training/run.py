"""A whole run: from its options to the run folder and the figures at the end."""

import platform
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hyenadna_backends import current_kernel
from hyenadna_backends.processes import in_any_process, is_first_process
from hyenadna_core.backend import check_backend, check_installed, installed_version
from hyenadna_core.errors import HyenaDNAError, Interrupted
from hyenadna_core.files.run_names import check_free
from hyenadna_core.fitted_task import FittedTask
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.registry import Session, find_task, select_fft_conv
from hyenadna_core.task import SPLITS, Task, no_exit
from hyenadna_core.terminal import notice
from hyenadna_core.training.arguments import check_finite
from hyenadna_core.training.best import BestValidation
from hyenadna_core.training.config import RunConfig, RunFile, check_devices, configure, devices_of
from hyenadna_core.training.fitted import check_options, fitted_model
from hyenadna_core.training.options import RANDOM, TrainOptions
from hyenadna_core.training.origin import origin_of
from hyenadna_core.training.run_folder import RunFolder, next_free
from hyenadna_core.training.task_options import folded, task_of_run
from hyenadna_core.weights.checkpoints import WEIGHTS, Damaged, check_same, read_state, step_folders, step_of
from hyenadna_core.weights.sources import read_safetensors
from hyenadna_plugins import PluginError, Plugins, call, implementers, reason_of

PACKAGES = ("hyenadna", "keras", "jax", "torch", "mlx", "keras-mlx", "numpy", "scipy")
MLX_LINUX_MINUTES = 30  # of the default run on two cores


def start_run(
    session: Session,
    options: TrainOptions,
    task_options: Mapping[str, Any],
    fft_conv: str | None,
    given: Task | type[Task] | None = None,
    created: Callable[[Path], object] = lambda path: None,
) -> str:
    """Make a run folder, train in it, and return the report.

    Args:
        options: those of all tasks.
        task_options: those of the task, in the types of its command line.
        given: the task or its class, in place of the one that is registered under its name.
        created: called with the run folder before training starts.

    Raises:
        HyenaDNAError: an input cannot be used; nothing is written then.
    """
    registered: Any = type(given) if isinstance(given, Task) else given or find_task(session.plugins, options.task)
    task_class = registered if isinstance(given, Task) else registered.class_of(task_options)
    check_finite({**task_options, **options.given()})
    fits = issubclass(task_class, FittedTask)
    check_backend(session.backend, to_train=not fits)
    select_fft_conv(session.plugins, fft_conv)
    if fits:
        check_options(options)
    with no_exit(options.task):
        task: Task = given if isinstance(given, Task) else task_class.from_options(task_options)
        task = folded(task, options.fold)
        config = configure(session.plugins, session.backend.name, options, task, task_options)
        prepare(task, config)
        if config.start and not options.weights:
            notice(f"The run starts from the weights {config.start}; --weights {RANDOM} starts from random ones.")
        path = options.out or next_free(Path("runs"), config.preset.removeprefix("hyenadna-"))
        check_free(path)
        origin = origin_of(session.plugins, options.task, registered)
        run: dict[str, Any] = {"config": config.to_json(), "given": options.given(), "task": task.state()}
        run |= {"origin": asdict(origin) if origin else None, **provenance(session.backend.name, task.sha256)}
        run["splits"] = {split: task.checksum(split) for split in SPLITS if task.has(split)}
        run["whole_sha256"] = task.whole_sha256
        model = _made(config, task)
        with RunFolder.create(path, run) if is_first_process() else RunFolder.watch(path) as folder:
            default = options == TrainOptions(out=options.out) and given is None
            if session.backend.name == "mlx" and sys.platform == "linux" and default:
                notice(
                    f"MLX on Linux runs on the CPU only: this run takes about {MLX_LINUX_MINUTES} minutes on two "
                    "cores; JAX and PyTorch take two or three."
                )
            created(path)
            return _run(session.plugins, config, task, folder, model)


def resume_run(
    session: Session, path: Path, fft_conv: str | None = None, given: Task | type[Task] | None = None
) -> str:
    """Continue the run in a folder from its newest whole checkpoint, and return the report.

    A finished run is left as it is, and the report is empty. `given` is the task of the run or its
    class, if no plug-in registers it.

    Raises:
        HyenaDNAError: the folder has no run, is in use, or is of another version, or the training
            data have changed.
    """
    with RunFolder.open(path) if is_first_process() else RunFolder.watch(path) as folder:
        run = folder.read_run()
        kept, config = RunFile.of(run, path)
        if kept.finished == config.steps:
            notice(f"{path} is finished, and nothing was changed: hyenadna evaluate {path} measures it.")
            return ""
        check_installed(session.backend)
        with no_exit(config.task):
            task = task_of_run(session.plugins, config, path, origin=kept.origin, given=given)
            check_backend(session.backend, to_train=not isinstance(task, FittedTask))
            select_fft_conv(session.plugins, fft_conv)
            check_devices(config)
            prepare(task, config)
            if task.sha256 != kept.data_sha256:
                raise HyenaDNAError(f"{task.title} has changed since {path} was started: its checksum differs.")
            model = _made(config, task, folder)
            folder.write_run(run | provenance(session.backend.name, task.sha256))
            return _run(session.plugins, config, task, folder, model)


def prepare(task: Task, config: RunConfig) -> None:
    """Prepare a task for the longest stage, and print what the task reports.

    Raises:
        HyenaDNAError: the task cannot be trained with these options.
    """
    for sentence in filter(None, (task.caution, *task.prepare(max(stage.seq_len for stage in config.stages)))):
        notice(sentence)
    if config.fold:
        notice(f"Fold {config.fold}: the other parts of the training rows are for training, this one for validation.")
    BestValidation(*task.monitor)  # a direction that is wrong is an error now
    if config.valid_every and not task.has("valid"):
        raise HyenaDNAError(f"Nothing to validate on: {task.no_validation}.")
    if config.valid_every and type(task).evaluate is Task.evaluate:
        raise HyenaDNAError(f"The task {task.name} measures nothing: train it without --valid-every.")


def provenance(backend: str, data_sha256: str) -> dict[str, Any]:
    """Return all else that a run depends on: versions, backend, kernel, machine, data."""
    return {
        "backend": backend,
        "fft_conv": current_kernel().name,
        "versions": {name: version for name in PACKAGES if (version := installed_version(name))},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "data_sha256": data_sha256,
    }


def _made(config: RunConfig, task: Task, folder: RunFolder | None = None) -> Any:
    """Make the model of a run: with the weights that it starts from, unless it has checkpoints.

    A task that is fitted has none before the fit.

    Raises:
        HyenaDNAError: the task's model lacks a part, the weights cannot be read, or the checkpoints
            are of another model.
    """
    if isinstance(task, FittedTask):
        return None
    from hyenadna_core.training.trainer import make_model

    checkpoints = step_folders(folder.checkpoints) if folder else []
    for checkpoint in checkpoints:
        with suppress(Damaged):  # training skips it
            read_state(checkpoint, [WEIGHTS])
            check_same(HyenaConfig.from_arguments(config.model), read_safetensors(checkpoint / WEIGHTS), checkpoint)
            break
    return make_model(config, task, starts=not checkpoints)


def _run(plugins: Plugins, config: RunConfig, task: Task, folder: RunFolder, model: Any) -> str:
    """Train, and return the report.

    Raises:
        Interrupted: Ctrl-C came; the run can be resumed.
    """
    try:
        if isinstance(task, FittedTask):
            notice(f"Fitting {task.title} with {config.preset}; run folder {folder.path}")
            return _reported(task, config, folder, fitted_model(task, config, folder))
        from hyenadna_core.training.checkpoint import load_best
        from hyenadna_core.training.trainer import train

        if (count := devices_of(config.data_parallel)) > 1:
            notice(f"Each step runs on {count} devices.")
        random = "" if config.start else " from random weights"
        notice(f"Training {config.preset}{random} on {task.title}; run folder {folder.path}")
        for stage in config.stages:
            if (size := config.micro_batch_of(stage)) < stage.batch_size:
                notice(f"Stage {stage}: {size} sequences at a time.")
        best = train(model, task, config, folder, list(_watchers(plugins, folder)))
        in_any_process(False)  # all wait until the first one has written
        if best.value is not None:
            load_best(folder.checkpoints, model)
        return _reported(task, config, folder, model) if folder.writes else ""
    except KeyboardInterrupt:
        steps = [step_of(checkpoint) for checkpoint in step_folders(folder.checkpoints)]
        raise Interrupted(folder.path, max(steps, default=0), signal.SIGINT) from None


def _reported(task: Task, config: RunConfig, folder: RunFolder, model: Any) -> str:
    """Write the report of a run and that it is finished; return the report."""
    report = task.report(model, folder, config)
    if task.caution:
        report = f"{task.caution}\n{report}"
    folder.write_report(report)
    folder.write_run(folder.read_run() | {"finished": config.steps})
    return report


def _watchers(plugins: Plugins, folder: RunFolder) -> Iterator[Any]:
    """Yield the objects with which plug-ins watch the training."""
    for plugin in implementers(plugins, "training_callbacks"):
        try:
            answers = call(plugins, "training_callbacks", plugin, run=folder)
        except HyenaDNAError:
            raise
        except (Exception, SystemExit) as error:  # whatever a plug-in may raise
            raise PluginError(f"Plug-in {plugin!r} failed in training_callbacks: {reason_of(error)}") from error
        yield from (watcher for answer in answers for watcher in answer or ())
