"""`hyenadna presets`."""

import click

from hyenadna_core.terminal import json_option, print_rows, rows_of


@click.command("presets")
@json_option
@click.pass_obj
def command(session, as_json):
    """List the architectures that have a name, and where their weights are."""
    from hyenadna_plugins import collect

    print_rows(rows_of(collect(session.plugins, "register_presets"), described), as_json)


def described(preset):
    """What is listed of a preset."""
    return {
        "n_layer": preset.config["n_layer"],
        "d_model": preset.config["d_model"],
        "max_seq_len": preset.config["max_seq_len"],
        "parameters": preset.parameters,
        "source": preset.source,
        "weights": preset.weights,
        "sha256": preset.sha256,
        "licence": preset.licence,
    }
