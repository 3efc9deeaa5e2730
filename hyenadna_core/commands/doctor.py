"""`hyenadna doctor`."""

import json

import click


@click.command("doctor")
@click.option("--backend", metavar="NAME", help="As in the other commands; here it only shows that it would be chosen.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(session, backend, as_json):
    """Show which backends are installed, their versions and devices, and what each extra would add."""
    from hyenadna_core.diagnosis import diagnose, diagnosis_text

    found = diagnose(session.backend)
    click.echo(json.dumps(found, indent=2) if as_json else diagnosis_text(found))
