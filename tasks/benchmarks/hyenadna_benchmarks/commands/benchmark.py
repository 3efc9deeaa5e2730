"""`hyenadna benchmark`: a group with a command for each suite."""

import click

from hyenadna_benchmarks.commands.suite import suite_commands


@click.group("benchmark")
def benchmark() -> None:
    """Run a benchmark suite, and compare with published figures and simple models."""


for command in suite_commands():
    benchmark.add_command(command)
