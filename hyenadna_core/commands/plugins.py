"""`hyenadna plugins`."""

import click

from hyenadna_core.terminal import json_option, print_rows


@click.command("plugins")
@json_option
@click.pass_context
def command(ctx, as_json):
    """List the plug-ins: the hooks that they implement, what they registered, and what is wrong with them."""
    from hyenadna_plugins import collect, hookspecs

    plugins = ctx.obj.plugins
    registered = {
        hook.removeprefix("register_"): collect(plugins, hook)
        for hook in vars(hookspecs)
        if hook.startswith("register_") and hook != "register_commands"
    }
    registered["commands"] = ctx.find_root().command.registered
    rows = [loaded_row(plugins, name, plugin, registered) for name, plugin in plugins.list_name_plugin()]
    print_rows(rows + [left_out_row(entry_point, reason) for entry_point, reason in plugins.left_out], as_json)


def loaded_row(plugins, name, plugin, registered):
    """What is listed of a plug-in that was loaded; `registered` by kind."""
    kinds = {
        kind: [offered for offered, offer in offers.offers if offer.plugin == name]
        for kind, offers in registered.items()
    }
    failed = [f"{kind}: {offers.failed[name]}" for kind, offers in registered.items() if name in offers.failed]
    clashes = [
        offers.clash(taken) for offers in registered.values() for taken, by in offers.taken.items() if name in by
    ]
    hooks = [hook.name for hook in plugins.get_hookcallers(plugin) if hook.has_spec()]
    some = {kind: names for kind, names in kinds.items() if names}
    return row(plugins.entry_points.get(name), name, hooks, some, failed + clashes)


def left_out_row(entry_point, reason):
    """What is listed of a plug-in that was left out."""
    return row(entry_point, entry_point.name, [], {}, [f"left out: {reason}"])


def row(entry_point, name, hooks, registered, problems):
    """A line of the list."""
    distribution = entry_point and entry_point.dist
    return {
        "name": name,
        "distribution": distribution and distribution.name,
        "version": distribution and distribution.version,
        "hooks": hooks,
        "registered": registered,
        "problems": problems,
    }
