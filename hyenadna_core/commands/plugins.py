"""`hyenadna plugins`."""

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint

import click

from hyenadna_core.errors import first_names
from hyenadna_core.terminal import Column, Row, json_option, print_rows
from hyenadna_plugins import Plugins, Registered, collect, hookspecs
from hyenadna_plugins.installed import metadata_of

MANY = 30  # names of one kind; at a terminal, more are counted
COLUMNS = (
    Column("name"),
    Column("version"),
    Column(
        "registered",
        lambda row: (
            {kind: names if len(names) <= MANY else first_names(names) for kind, names in row["registered"].items()}
            or row["hooks"]
        ),
    ),
    Column("problems"),
)


@click.command("plugins")
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the plug-ins, their additions and their problems.

    In a pipe, and with --json, each row also has the distribution and the hooks that the plug-in
    implements.
    """
    plugins = ctx.obj.plugins
    registered = {
        hook.removeprefix("register_"): collect(plugins, hook)
        for hook in vars(hookspecs)
        if hook.startswith("register_") and hook != "register_commands"
    }
    registered["commands"] = ctx.find_root().command.registered  # type: ignore[attr-defined]  # it is our group
    rows = [loaded_row(plugins, name, plugin, registered) for name, plugin in plugins.list_name_plugin()]
    rows += [
        row(entry_point, entry_point.name, problems=[f"left out: {reason}"]) for entry_point, reason in plugins.left_out
    ]
    print_rows(rows, as_json, COLUMNS)


def loaded_row(plugins: Plugins, name: str, plugin: object, registered: Mapping[str, Registered]) -> Row:
    """Return the row of a loaded plug-in; `registered` has the parts of all plug-ins by kind."""
    names, problems = {}, []
    for kind, offers in registered.items():
        if own := [offered for offered, offer in offers.offers if offer.plugin == name]:
            names[kind] = own
        if name in offers.failed:
            problems.append(f"{kind}: {offers.failed[name]}")
    for offers in registered.values():
        problems += [offers.clash(taken) for taken, rivals in offers.taken.items() if name in rivals]
    hooks = [hook.name for hook in plugins.get_hookcallers(plugin) or () if hook.has_spec()]
    return row(plugins.entry_points.get(name), name, hooks, names, problems)


def row(
    entry_point: EntryPoint | None,
    name: str,
    hooks: Sequence[str] = (),
    registered: Mapping[str, Sequence[str]] | None = None,
    problems: Sequence[str] = (),
) -> Row:
    """Return a row of the list."""
    distribution = entry_point.dist if entry_point else None
    return {
        "name": name,
        "distribution": metadata_of(distribution, "Name"),
        "version": metadata_of(distribution, "Version"),
        "hooks": list(hooks),
        "registered": dict(registered or {}),
        "problems": list(problems),
    }
