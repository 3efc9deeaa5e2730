"""A command for tests: `python squares.py squares NUMBERS --out OUT` squares numbers, slowly.

NUMBERS has one number in a line. `merge` and all other commands of hyenadna are there too.
"""

import os
import sys
import time
from pathlib import Path

import click
import numpy as np

from hyenadna_backends import Choice
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.inference.assemblers import ASSEMBLERS, Assembler
from hyenadna_core.inference.job import Input, Job
from hyenadna_core.inference.parts import opened_parts
from hyenadna_core.inference.shard import resume_option, shard_option
from hyenadna_plugins import plugin_manager

A_PART = 4  # numbers
PATH = click.Path(path_type=Path)


def write(job, parts, out):
    """Write each number and its square as a line."""
    with file_written_aside(out) as aside, aside.open("w") as file, Path(job.inputs["vcf"].path).open() as numbers:
        for arrays in parts:
            time.sleep(job.options["seconds"] / 4)
            file.writelines(f"{next(numbers).strip()}\t{square}\n" for square in arrays["square"])


def job_of(numbers, power=2, seconds=0.0, chosen=None, **more):
    count = len(numbers.read_text().splitlines())
    inputs = {"vcf": Input(str(numbers), sha256_of(numbers))}
    options = {"power": power, "seconds": seconds}
    parts = -(-count // A_PART)
    return Job(command="squares", inputs=inputs, options=options, parts=parts, chosen=chosen or {"batch": 2}, **more)


def compute_from(numbers, job, computed=()):
    """Return compute(part, advance); it adds the part to the list `computed`."""
    values = np.array(numbers.read_text().split(), np.float64)

    def compute(part, advance):
        if isinstance(computed, list):
            computed.append(part)
        own = values[part * A_PART : (part + 1) * A_PART]
        time.sleep(job.options["seconds"])
        advance(len(own))
        return {"square": own ** job.options["power"], "sign": own > 0}

    return compute


def run(numbers, out, job, resume=False, compute=None):
    with opened_parts(out, job, resume) as parts:
        parts.run(compute or compute_from(numbers, parts.job), "Squares", [A_PART] * job.parts)
        parts.finish(SQUARES)


@click.command("squares")
@click.argument("numbers", type=PATH)
@click.option("--out", type=PATH, required=True)
@click.option("--power", type=int, default=2)
@click.option("--seconds", type=float, default=0.0)
@shard_option
@resume_option
def command(numbers, out, power, seconds, shard, resume):
    """Square numbers."""
    run(numbers, out, job_of(numbers, power, seconds, shard=shard), resume)


SQUARES = Assembler(inputs=("vcf",), outputs=lambda _job, out: [out], write=write)


if __name__ == "__main__":
    ASSEMBLERS["squares"] = lambda: SQUARES
    cli = make_cli(Session(plugin_manager(names=[]), Choice(os.environ.get("KERAS_BACKEND", ""), "test")))
    cli.add_command(command)
    cli(sys.argv[1:], prog_name="hyenadna")
