"""Join the shards of a job into the output of the whole job."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.files.output import check_outputs
from hyenadna_core.inference.assemblers import Assembler
from hyenadna_core.inference.job import with_inputs
from hyenadna_core.inference.locked_output import STDOUT, locked_output, parts_folder
from hyenadna_core.inference.part_file import Arrays
from hyenadna_core.inference.shard_file import SUFFIX, ShardFile, open_shard
from hyenadna_core.terminal import progress


def merge(
    out: Path,
    paths: Sequence[Path],
    inputs: Mapping[str, Path | None],
    assemblers: Mapping[str, Callable[[], Assembler]],
) -> None:
    """Write the output of a job from all its shards, with the bytes of a run without shards.

    Args:
        inputs: where inputs of the job are now, by name; None: where they were.

    Raises:
        HyenaDNAError: a shard is missing, is there twice, is damaged or is of another job; or an
            input is missing or has other content.
    """
    if out.suffix == SUFFIX:
        raise HyenaDNAError(f"{out} has the suffix of a shard: name the output first, then the shards.")
    shards = ordered([open_shard(path) for path in paths])
    job = shards[0].job
    if job.command not in assemblers:
        raise HyenaDNAError(f"{shards[0].path} is of `hyenadna {shown(job.command)}`, which cannot be merged.")
    if job.version != version("hyenadna"):
        raise HyenaDNAError(
            f"{shards[0].path} was written by hyenadna {shown(job.version)}, and this is {version('hyenadna')}: "
            "merge with the version that computed the shards."
        )
    assembler = assemblers[job.command]()
    job = with_inputs(job, assembler.inputs, inputs)
    outputs = assembler.outputs(job, out)
    if out == STDOUT:
        assembler.write(job, _all_arrays(shards), out)
        return
    check_outputs(outputs, [*paths, *(Path(job.inputs[name].path) for name in assembler.inputs if name in job.inputs)])
    with locked_output(out, parts_folder(out), outputs):
        assembler.write(job, _all_arrays(shards), out)


def ordered(shards: Sequence[ShardFile]) -> list[ShardFile]:
    """Return the shards of a job by their numbers, and check that each is there once.

    Raises:
        HyenaDNAError: one is missing, is there twice, or is of another job or another division.
    """
    first, by_number = shards[0], dict[int, ShardFile]()
    for each in shards:
        places = f"in {first.path}", f"in {each.path}"
        difference = first.job.difference(each.job, *places)
        if each.job.shard.count != first.job.shard.count:
            difference = f"--shard is {first.job.shard} {places[0]}, and {each.job.shard} {places[1]}"
        if difference:
            raise HyenaDNAError(f"The shards are of different runs: {difference}: merge the shards of one run.")
        same = by_number.setdefault(each.job.shard.number, each)
        if same is not each:
            raise HyenaDNAError(f"Shard {each.job.shard} is there twice, in {same.path} and {each.path}: name it once.")
    count = first.job.shard.count
    if lost := [f"{number}/{count}" for number in range(1, count + 1) if number not in by_number]:
        raise HyenaDNAError(f"Shards are missing: {first_names(lost)}: compute them with --shard, then name them too.")
    return [by_number[number] for number in sorted(by_number)]


def _all_arrays(shards: Sequence[ShardFile]) -> Iterable[Arrays]:
    with progress("Merging", shards[0].job.parts) as advance:
        for arrays in chain.from_iterable(shard.arrays() for shard in shards):
            yield arrays
            advance(1)
