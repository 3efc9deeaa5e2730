"""`hyenadna icl`: commands for in-context learning."""

import click

from hyenadna_icl.commands.predict import predict
from hyenadna_icl.commands.sweep import sweep


@click.group("icl")
def icl() -> None:
    """Use a model by its context: stored soft prompts, and sweeps."""


icl.add_command(predict)
icl.add_command(sweep)
