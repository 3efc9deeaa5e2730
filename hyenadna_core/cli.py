"""The command `hyenadna`: its commands come from plug-ins, its errors are one line."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import click

from hyenadna_backends import SettingError, choose
from hyenadna_backends.allocator import leave_room, restart_with_settings
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.registry import Session, use_plugins
from hyenadna_plugins import Offer, PluginError, Plugins, PluginWarning, Registered, ask, implementers, plugin_manager


class Commands(click.Group):
    """A group whose commands end with one line and exit status 1 if the user's input is wrong.

    `registered` has the plug-in of each command.
    """

    registered = Registered([])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (HyenaDNAError, PluginError, SettingError) as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:  # a full disk, a folder that may not be written
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}.") from None


def make_cli(session: Session) -> click.Group:
    """Make the command `hyenadna` with the commands of all plug-ins of the session."""

    @click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(version("hyenadna"), prog_name="hyenadna")
    @click.pass_context
    def cli(ctx: click.Context) -> None:
        """Run HyenaDNA, the genomic language model, on JAX, PyTorch, MLX and NumPy.

        The backend comes from --backend, KERAS_BACKEND or ~/.keras/keras.json. Without them it is
        the first installed one.
        """
        ctx.obj = session
        use_plugins(session.plugins)

    add_commands(cli, session.plugins)
    return cli


def add_commands(cli: Commands, plugins: Plugins) -> None:
    """Add the commands of each plug-in, except of those that fail or share a name."""
    offers, failed = [], {}
    for plugin in implementers(plugins, "register_commands"):
        before = dict(cli.commands)
        if reason := ask(plugins, "register_commands", plugin, cli=cli):
            cli.commands, failed[plugin] = before, reason
        new = [(name, command) for name, command in cli.commands.items() if command is not before.get(name)]
        offers += [(name, Offer(command, plugin)) for name, command in new]
    cli.registered = Registered(offers, failed, [name for name, _ in plugins.list_name_plugin()])
    for name in cli.registered.taken:
        cli.add_command(refused(name, cli.registered))


def refused(name: str, registered: Registered) -> click.Command:
    """Make a command that only says that more than one plug-in registered its name."""

    @click.command(
        name,
        short_help=f"Not to be had: registered by {', '.join(registered.taken[name])}.",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def command() -> None:
        raise PluginError(registered.clash(name))

    return command


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; the backend is chosen first, because a plug-in may import Keras."""
    if arguments is None:
        arguments = sys.argv[1:]
        restart_with_settings(keeps="train" in arguments[:1])
        leave_room()
    choice = choose(option_value(arguments, "--backend"))
    with plugin_warnings_as_lines():
        make_cli(Session(plugin_manager(), choice))(arguments, prog_name="hyenadna")


@contextmanager
def plugin_warnings_as_lines() -> Iterator[None]:
    """Print each warning about plug-ins once, as one line on stderr, while the block runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", PluginWarning)
        show, shown = warnings.showwarning, set[str]()

        def show_line(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, PluginWarning):
                show(message, category, *where, **more)
            elif str(message) not in shown:
                shown.add(str(message))
                click.echo(f"Warning: {message}", err=True)

        warnings.showwarning = show_line
        yield


def option_value(arguments: list[str], option: str) -> str | None:
    """Return the value of an option on a command line that is not parsed yet, or None."""
    for position, argument in enumerate(arguments):
        if argument == option:
            return next(iter(arguments[position + 1 :]), None)
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None
