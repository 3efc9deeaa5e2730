"""A whole run: from its configuration to the run folder and the figures at the end."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hyenadna_backends import current_kernel
from hyenadna_backends.processes import is_first_process
from hyenadna_core.backend import check_backend, notice
from hyenadna_core.config import RunConfig
from hyenadna_core.configure import check_devices, configure, devices_of
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome import open_genome
from hyenadna_core.intervals import read_bed, split_by_position
from hyenadna_core.joined_genomes import JoinedGenomes
from hyenadna_core.pretraining import EVALUATION_BATCH_BASES
from hyenadna_core.registry import by_name, select_fft_conv
from hyenadna_core.report import best_markov, held_out_json, held_out_table, markov_likelihoods
from hyenadna_core.run_folder import RunFolder, next_free
from hyenadna_plugins import collect

EVALUATED_BASES = 1 << 21  # of the held-out part at most
TOO_SHORT = {
    "random": "and come whole, with padding behind",
    "original": "and are extended by the bases around them, held out or not",
}
PACKAGES = ("hyenadna", "keras", "jax", "torch", "mlx", "keras-mlx", "numpy", "scipy")


def start_run(session, options: Mapping[str, Any], fft_conv: str | None = None) -> str:
    """Make a run folder and train in it, with the options of `hyenadna train` by their names; the report.

    Raises:
        HyenaDNAError: an input that cannot be used; nothing is written then.
    """
    check_backend(session.backend, to_train=True)
    select_fft_conv(session.plugins, fft_conv)
    config = configure(session, options)
    data = open_task(session, config)
    out = options["out"]
    path = Path(out) if out else next_free(Path("runs"), config.preset.removeprefix("hyenadna-"))
    run = {"config": config.to_json(), **provenance(session.backend.name, data.genome.sha256)}
    with RunFolder.create(path, run) if is_first_process() else RunFolder.watch(path) as folder:
        return _run(session, config, data, folder)


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
        data = open_task(session, config)
        if data.genome.sha256 != run["genome_sha256"]:
            names = ", ".join(config.fasta)
            raise HyenaDNAError(f"{names} has changed since {path} was started: its checksum differs.")
        folder.write_run(run | provenance(session.backend.name, data.genome.sha256))
        return _run(session, config, data, folder)


def open_task(session, config: RunConfig):
    """The task of a run with its data, checked against its stages."""
    task_class = by_name(collect(session.plugins, "register_tasks"), config.task, "task")
    genomes = [open_genome(path) for path in config.fasta]
    beds = config.bed or (None,) * len(genomes)
    intervals = [
        read_bed(bed, genome) if bed else split_by_position(genome) for genome, bed in zip(genomes, beds, strict=True)
    ]
    genome, of_all, weights = genomes[0], intervals[0], None
    if len(genomes) > 1:
        genome = JoinedGenomes(genomes)
        of_all = genome.join(intervals)
        weights = dict(zip(genome.names, config.weights, strict=True)) if config.weights else None
    longest = max(stage.seq_len for stage in config.stages)
    valid = (longest, config.valid_bases)
    task = task_class(genome, of_all, config.reverse_complements, config.windows, *valid, weights)
    if too_short := task.check(longest):
        notice(
            f"{len(too_short)} of {len(task.intervals_of('train'))} training intervals are too short for the longest "
            f"window {TOO_SHORT[config.windows]}."
        )
    if config.valid_every and not task.intervals_of("valid"):
        raise HyenaDNAError("Nothing to validate on: mark some intervals valid in column 4 of the BED.")
    return task


def provenance(backend: str, genome_sha256: str) -> dict[str, Any]:
    """What else a run's numbers depend on: versions, backend, kernel, machine, genome."""
    return {
        "backend": backend,
        "fft_conv": current_kernel().name,
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "genome_sha256": genome_sha256,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _run(session, config: RunConfig, task, folder: RunFolder) -> str:
    from hyenadna_core.curves import draw_curves
    from hyenadna_core.evaluation import held_out_likelihood
    from hyenadna_core.trainer import make_model, train

    seq_len = max(stage.seq_len for stage in config.stages)
    bases = sum(task.genome.contigs.values())
    if (count := devices_of(config.data_parallel)) > 1:
        notice(f"Each step on {count} devices.")
    notice(f"Training {config.preset} on {task.genome.path.name} ({bases:,} bases); run folder {folder.path}")
    for stage in config.stages:
        if (size := config.micro_batch_of(stage)) < stage.batch_size:
            notice(f"Stage {stage} goes {size} sequences at a time.")
    model = make_model(config, starts=not (folder.checkpoints / "latest").exists())
    watchers = [watcher for found in session.plugins.hook.training_callbacks(run=folder) for watcher in found or ()]
    train(model, task, config, folder, watchers)
    if not folder.writes:
        return ""
    windows = task.held_out_windows(seq_len, EVALUATED_BASES)
    batch_size = max(1, EVALUATION_BATCH_BASES // seq_len)
    result = held_out_likelihood(model, task, windows, seq_len, batch_size)
    strands = markov_likelihoods(task, windows)
    folder.write_run(folder.read_run() | {"held_out": held_out_json(result, strands)})
    levels = [(f"{config.preset}, held-out", result.bits), best_markov(strands)]
    draw_curves(folder.path / "curves.png", folder.read_log(), config.stages, levels)
    return held_out_table(config.preset, result, strands, windows)
