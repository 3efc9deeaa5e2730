"""`hyenadna benchmark`: a group with a command for each suite."""

import click


@click.group("benchmark")
def benchmark() -> None:
    """Run a benchmark suite, and compare with published figures and simple models."""
