"""Planning the stages of a run: lengths, sequences per step, sequences at a time."""

import re
from collections.abc import Sequence

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.memory import micro_batch
from hyenadna_core.training.warmup import Stage, doubling, parse_stages

STEPS = 3000
BASES_A_STEP = 1024
FIRST_SEQ_LEN = 64
WARMUP = re.compile(r"([0-9]{1,18})\.\.([0-9]{1,18})")


def plan_stages(
    max_seq_len: int,
    *,
    stages: str | None = None,
    warmup: str | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    batch_bases: int | None = None,
) -> list[Stage]:
    """Plan the stages; by default lengths double from 64 to the longest power of two that fits.

    Args:
        max_seq_len: the longest sequence that the model takes, in bases.
        stages: text such as `64x256@200,128`. If a stage gives no batch size, a step has as many
            bases as `batch_size` sequences of the longest stage.
        warmup: text such as `64..32768`: doubling lengths, with `batch_size` sequences per step.
        steps: the steps of all stages that give none, shared evenly.
        batch_size: sequences per step in the longest stage.
        batch_bases: bases per step, instead of sequences, in all stages that give no batch size.

    Raises:
        HyenaDNAError: text of another form, options that contradict each other, or a stage that is
            too long for the model.
    """
    if stages and warmup:
        raise HyenaDNAError("--stages and --warmup both set the lengths: leave one out.")
    if batch_size and batch_bases:
        raise HyenaDNAError("--batch-size and --batch-bases both set the size of a step: leave one out.")
    if steps and stages and all("@" in part for part in stages.split(",")):
        own = sum(stage.steps for stage in parse_stages(stages, 1, steps))
        if own != steps:
            raise HyenaDNAError(f"--stages {stages} has {own:,} steps, and --steps is {steps:,}: leave one out.")
    whole = 1 << (max_seq_len.bit_length() - 1)
    lengths = _warmup_lengths(warmup) if warmup else doubling(min(FIRST_SEQ_LEN, whole), whole)
    text = stages or ",".join(map(str, lengths))
    longest = max(stage.seq_len for stage in parse_stages(text, 1, steps or STEPS))
    sequences = batch_size or max(1, (batch_bases or BASES_A_STEP) // longest)
    if warmup and not batch_bases:
        text = ",".join(f"{length}x{sequences}" for length in lengths)
    planned = parse_stages(text, sequences, steps or STEPS)
    if longest > max_seq_len:
        raise HyenaDNAError(
            f"A stage has {longest:,} bases but the model takes at most {max_seq_len:,}: "
            "shorten it, or choose a longer --preset."
        )
    return planned


def plan_micro_batches(
    config: HyenaConfig,
    stages: Sequence[Stage],
    asked: int | None,
    devices: int,
    limit: int,
    backend: str,
    passes: int = 1,
) -> tuple[int, ...]:
    """Return how many sequences of a step are computed at a time in each stage, on all devices.

    The number is at most `asked`. If `asked` is None, it is as many as fit in `limit` bytes on each
    device, by the estimate, if the model reads each sequence `passes` times. All parts of a step
    have the same size.

    Raises:
        HyenaDNAError: the sequences do not divide among the devices.
    """
    sizes = []
    for stage in stages:
        if stage.batch_size % devices:
            raise HyenaDNAError(
                f"Stage {stage} has {stage.batch_size} sequences a step, which do not divide among {devices} devices."
            )
        of_device = stage.batch_size // devices
        fitting = micro_batch(config, passes * of_device, stage.seq_len, limit, backend) // passes
        most = max(1, asked // devices if asked else fitting)
        sizes.append(devices * max(size for size in range(1, min(most, of_device) + 1) if of_device % size == 0))
    return tuple(sizes)


def _warmup_lengths(text: str) -> list[int]:
    match = WARMUP.fullmatch(text.strip())
    if not match or not 0 < int(match[1]) <= int(match[2]):
        raise HyenaDNAError(f"Cannot read the warmup {text!r}: write FIRST..LAST, as in 64..32768.")
    return doubling(int(match[1]), int(match[2]))
