"""`hyenadna presets`."""

from typing import TYPE_CHECKING

import click

from hyenadna_core.registry import Session
from hyenadna_core.terminal import PLUGIN_COLUMNS, Column, Row, json_option, print_rows, rows_of
from hyenadna_plugins import collect

if TYPE_CHECKING:
    from hyenadna_core.presets import Preset

COLUMNS = (
    Column("name"),
    Column("layers", "n_layer"),
    Column("width", "d_model"),
    Column("positions", "max_seq_len"),
    Column("parameters"),
    Column("licence"),
    *PLUGIN_COLUMNS,
)


@click.command("presets")
@json_option
@click.pass_obj
def command(session: Session, as_json: bool) -> None:
    """List the named architectures and their published weights.

    In a pipe, and with --json, each row also has the address and the checksum of the weights.
    """
    print_rows(rows_of(collect(session.plugins, "register_presets"), described), as_json, COLUMNS)


def described(preset: "Preset") -> Row:
    """Return the columns of a preset."""
    config = preset.hyena_config
    return {
        "n_layer": config.n_layer,
        "d_model": config.d_model,
        "max_seq_len": config.max_seq_len,
        "parameters": preset.parameters,
        "source": preset.source,
        "weights": preset.weights,
        "sha256": preset.sha256,
        "licence": preset.licence,
    }
