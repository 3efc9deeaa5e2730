"""A whole run: from the options of `hyenadna train` to the run folder and the figures at the end."""

import platform
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hyenadna_backends import current_kernel
from hyenadna_core.backend import check_backend, notice
from hyenadna_core.config import BASES_A_STEP, FIRST_SEQ_LEN, STEPS, RunConfig, absolute
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome import bundled_genome, open_genome
from hyenadna_core.intervals import read_bed, split_by_position
from hyenadna_core.registry import by_name, select_fft_conv
from hyenadna_core.report import best_markov, held_out_json, held_out_table, markov_likelihoods
from hyenadna_core.run_folder import RunFolder, next_free
from hyenadna_core.warmup import Stage, doubling, parse_stages
from hyenadna_plugins import collect

EVALUATED_BASES = 1 << 21  # of the held-out part at most
EVALUATION_BATCH_BASES = 1 << 13
TOO_SHORT = {
    "random": "and take no part in that stage",
    "original": "and are extended by the bases around them, held out or not",
}
PACKAGES = ("hyenadna", "keras", "jax", "torch", "mlx", "keras-mlx", "numpy", "scipy")


def start_run(
    session,
    *,
    task,
    preset,
    fasta,
    bed,
    windows,
    stages,
    steps,
    batch_size,
    learning_rate,
    reverse_complements,
    seed,
    out,
    fft_conv=None,
):
    """Make a run folder and train in it, with the options of `hyenadna train`; the report.

    Raises:
        HyenaDNAError: an input that cannot be used; nothing is written then.
    """
    check_backend(session.backend, to_train=True)
    select_fft_conv(session.plugins, fft_conv)
    chosen = by_name(collect(session.plugins, "register_presets"), preset, "preset", prefix="hyenadna-")
    if not (stages or steps or batch_size):
        stages = chosen.stages
    plan = plan_stages(chosen.config["max_seq_len"], stages, steps or STEPS, batch_size)
    longest = max(stage.seq_len for stage in plan)
    if longest > chosen.config["max_seq_len"]:
        raise HyenaDNAError(
            f"A stage has {longest:,} bases but {chosen.name} takes at most {chosen.config['max_seq_len']:,}: "
            "shorten it, or choose a longer --preset."
        )
    config = RunConfig(
        task=task,
        preset=chosen.name,
        model=dict(chosen.config) | {"embed_dropout": 0.0, "seed": seed},  # dropout helps no run this short
        fasta=absolute(fasta or bundled_genome()),
        bed=absolute(bed),
        stages=tuple(plan),
        recipe=replace(chosen.recipe, learning_rate=learning_rate or chosen.recipe.learning_rate),
        reverse_complements=windows == "random" if reverse_complements is None else reverse_complements,
        seed=seed,
        windows=windows,
    )
    data = open_task(session, config)
    path = Path(out) if out else next_free(Path("runs"), chosen.name.removeprefix("hyenadna-"))
    run = {"config": config.to_json(), **provenance(session.backend.name, data.genome.sha256)}
    with RunFolder.create(path, run) as folder:
        return _run(config, data, folder)


def plan_stages(max_seq_len: int, stages: str | None, steps: int, batch_size: int | None) -> list[Stage]:
    """The stages asked for; by default lengths from 64, doubling, to the longest power of two that fits."""
    whole = 1 << (max_seq_len.bit_length() - 1)
    text = stages or ",".join(str(length) for length in doubling(min(FIRST_SEQ_LEN, whole), whole))
    if batch_size is None:
        batch_size = max(1, BASES_A_STEP // max(stage.seq_len for stage in parse_stages(text, 1, steps)))
    return parse_stages(text, batch_size, steps)


def resume_run(session, path: Path, fft_conv=None):
    """Continue the run in a folder from its latest checkpoint; the report.

    Raises:
        HyenaDNAError: no run there, in use, or its genome has changed.
    """
    check_backend(session.backend, to_train=True)
    select_fft_conv(session.plugins, fft_conv)
    with RunFolder.open(path) as folder:
        run = folder.read_run()
        config = RunConfig.from_json(run["config"])
        data = open_task(session, config)
        if data.genome.sha256 != run["genome_sha256"]:
            raise HyenaDNAError(f"{config.fasta} has changed since {path} was started: its checksum differs.")
        folder.write_run(run | provenance(session.backend.name, data.genome.sha256))
        return _run(config, data, folder)


def open_task(session, config: RunConfig):
    """The task of a run with its data, checked against its stages."""
    task_class = by_name(collect(session.plugins, "register_tasks"), config.task, "task")
    genome = open_genome(config.fasta)
    intervals = read_bed(config.bed, genome) if config.bed else split_by_position(genome)
    task = task_class(genome, intervals, config.reverse_complements, config.windows)
    if too_short := task.check(max(stage.seq_len for stage in config.stages)):
        notice(
            f"{len(too_short)} of {len(task.intervals_of('train'))} training intervals are too short for the longest "
            f"window {TOO_SHORT[config.windows]}."
        )
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


def _run(config: RunConfig, task, folder: RunFolder) -> str:
    from hyenadna_core.backbone import HyenaBackbone
    from hyenadna_core.causal_lm import CausalLM
    from hyenadna_core.curves import draw_curves
    from hyenadna_core.trainer import compile_model, held_out_likelihood, train

    seq_len = max(stage.seq_len for stage in config.stages)
    bases = sum(task.genome.contigs.values())
    notice(f"Training {config.preset} on {task.genome.path.name} ({bases:,} bases); run folder {folder.path}")
    model = compile_model(CausalLM(HyenaBackbone(**config.model)), config)
    train(model, task, config, folder)
    windows = task.held_out_windows(seq_len, EVALUATED_BASES)
    batch_size = max(1, EVALUATION_BATCH_BASES // seq_len)
    result = held_out_likelihood(model, task, windows, seq_len, batch_size)
    strands = markov_likelihoods(task, windows)
    folder.write_run(folder.read_run() | {"held_out": held_out_json(result, strands)})
    levels = [(f"{config.preset}, held-out", result.bits), best_markov(strands)]
    draw_curves(folder.path / "curves.png", folder.read_log(), config.stages, levels)
    return held_out_table(config.preset, result, strands, windows)
