"""`hyenadna presets`."""

import json

import click


@click.command("presets")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(session, as_json):
    """List the architectures that have a name."""
    from hyenadna_plugins import collect

    rows = [
        {
            "name": preset.name,
            "n_layer": preset.config["n_layer"],
            "d_model": preset.config["d_model"],
            "max_seq_len": preset.config["max_seq_len"],
            "parameters": preset.parameters,
            "source": preset.source,
            "weights": preset.weights,
            "sha256": preset.sha256,
            "licence": preset.licence,
            "plugin": plugin,
        }
        for preset, plugin in collect(session.plugins, "register_presets").values()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    click.echo("\t".join(rows[0]))
    for row in rows:
        click.echo("\t".join("" if value is None else str(value) for value in row.values()))
