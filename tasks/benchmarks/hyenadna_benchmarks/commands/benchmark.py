"""`hyenadna benchmark`: a group with a command for each suite."""

import click

from hyenadna_benchmarks.commands.recall import recall
from hyenadna_benchmarks.commands.suite import suite_commands
from hyenadna_benchmarks.commands.traitgym import traitgym


@click.group("benchmark")
def benchmark() -> None:
    """Run a benchmark suite, and compare with published figures and simple models."""


for command in (*suite_commands(), traitgym, recall):
    benchmark.add_command(command)
