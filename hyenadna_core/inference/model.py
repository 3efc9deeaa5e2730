"""The language model of a command, the window that it reads, and how many windows at a time."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hyenadna_core.backend import check_backend
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.hyena_config import SPECIAL_TOKENS, HyenaConfig
from hyenadna_core.inference.job import Input, Job
from hyenadna_core.inference.options import DEFAULT_WEIGHTS, SMALL, Reading
from hyenadna_core.registry import Session, select_fft_conv
from hyenadna_core.terminal import notice
from hyenadna_core.training.config import POLICIES, RunFile
from hyenadna_core.training.run_folder import read_run
from hyenadna_core.weights.sources import Weights, read_weights

LANGUAGE_MODEL = "causal-lm"  # the task
BASES_AT_ONCE = 1 << 15  # more are not faster on a CPU
MEMORY_USED = 0.5  # of the free memory


class Source(NamedTuple):
    """Weights that were read and checked, but have not made a model yet."""

    name: str
    sha256: str
    weights: Weights
    window: int  # bases
    reading: Reading


def find_weights(session: Session, reading: Reading) -> Source:
    """Read weights, and decide how many bases the model reads at once; print both in one line.

    Raises:
        HyenaDNAError: there are no such weights, they are of another task, the window is longer
            than in their training, or the backend is not installed.
    """
    name = reading.weights or DEFAULT_WEIGHTS
    weights = read_weights(name)
    trained = trained_length(weights)
    window = reading.window or trained
    if window > trained and not reading.allow_longer:
        raise HyenaDNAError(
            f"--window {window:,} is longer than the {trained:,} bases of the training of {name}, and models fail "
            "beyond that: choose a shorter one, or add --allow-longer."
        )
    about = f" ({SMALL})" if name == DEFAULT_WEIGHTS else ""
    notice(f"Weights: {name}{about}; windows of {window:,} bases")
    check_backend(session.backend)
    select_fft_conv(session.plugins, None)
    return Source(name, sha256_of(weights.path), weights, window, reading)


def job_of(source: Source, command: str, inputs: Mapping[str, Input], options: Mapping[str, Any], parts: int) -> Job:
    """Return the job of a command that reads a genome with these weights."""
    from hyenadna_backends.blocks import backend
    from hyenadna_backends.convolution import current_kernel

    reading = source.reading
    numbers = {"weights": source.name, "window": source.window, "strand": reading.strand}
    numbers |= {"precision": reading.precision, "backend": backend(), "fft_conv": current_kernel().name}
    return Job(
        command=command,
        inputs={**inputs, "weights": Input(str(source.weights.path), source.sha256)},
        options=numbers | {"batch_size": reading.batch_size, **options},
        parts=parts,
        chosen={"batch_size": batch_size_of(source)},
    )


def batch_size_of(source: Source) -> int:
    """Return how many windows to compute at a time: as the user says, or as many as fit."""
    config = HyenaConfig.from_arguments(source.weights.architecture)
    return source.reading.batch_size or windows_at_once(config, source.window)


def trained_length(weights: Weights) -> int:
    """Return the number of bases of the longest sequences that weights were trained with.

    A checkpoint of a run has it in the run.json of its folder. Other weights are taken to be
    trained at their full length.

    Raises:
        HyenaDNAError: they are of a run of a task with a head of its own.
    """
    step = weights.path.parent  # RUN/checkpoints/step-N/model.safetensors
    run = step.parent.parent
    if step.parent.name == "checkpoints" and (run / "run.json").is_file():
        config = RunFile.of(read_run(run), run)[1]
        if weights.left_out:
            raise HyenaDNAError(
                f"{run} is a run of the task {shown(config.task)}, not a language model: choose other --weights."
            )
        return max(stage.seq_len for stage in config.stages)
    return HyenaConfig.from_arguments(weights.architecture).most_bases


def make_model(source: Source) -> Any:
    """Return the language model of weights, for windows of `source.window` bases."""
    from hyenadna_core.model.causal_lm import CausalLM

    overrides: dict[str, Any] = {"dtype": POLICIES[source.reading.precision]}
    if source.window > source.weights.architecture["max_seq_len"]:
        overrides["max_seq_len"] = source.window + SPECIAL_TOKENS
    return CausalLM.from_weights(source.weights, **overrides)


def windows_at_once(config: Any, window: int) -> int:
    """Return how many windows fit into half of the free memory, and no more than are useful.

    Raises:
        HyenaDNAError: one window needs more than the free memory.
    """
    from hyenadna_backends.device_memory import free_memory
    from hyenadna_core.model.continuation import kept_bytes
    from hyenadna_core.model.memory import estimate

    one, two = (estimate(config, B, window, training=False).peak for B in (1, 2))
    each = max(1, two - one) + 2 * kept_bytes(config, window)
    free = free_memory()
    if one > free:
        raise HyenaDNAError(
            f"A window of {window:,} bases needs about {one / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free: "
            "choose a shorter --window, or try it with --batch-size 1."
        )
    fit = 1 + max(0, int(MEMORY_USED * free) - one) // each
    return max(1, min(fit, BASES_AT_ONCE // window))
