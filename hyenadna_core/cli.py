"""The command `hyenadna`: made of what the plug-ins register, with errors as one line."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import click

from hyenadna_backends import SettingError, choose
from hyenadna_backends.allocator import leave_room, restart_with_settings
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.registry import Session, use_plugins
from hyenadna_plugins import Offer, PluginError, Plugins, PluginWarning, Registered, ask, implementers, plugin_manager


class Commands(click.Group):
    """A group whose commands end in one line and exit 1 where the user's input is at fault.

    `registered` says which plug-in each of them came from.
    """

    registered = Registered([])

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except (HyenaDNAError, PluginError, SettingError) as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:  # a full disk, a folder that may not be written
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}.") from None


def make_cli(session: Session) -> click.Group:
    """The command with all that the session's plug-ins add to it."""

    @click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(version("hyenadna"), prog_name="hyenadna")
    @click.pass_context
    def cli(ctx: click.Context) -> None:
        """HyenaDNA, the genomic language model of single nucleotides, on JAX, PyTorch, MLX and NumPy.

        The backend is taken from --backend, KERAS_BACKEND or ~/.keras/keras.json, else the first that is installed.
        """
        ctx.obj = session
        use_plugins(session.plugins)

    add_commands(cli, session.plugins)
    return cli


def add_commands(cli: Commands, plugins: Plugins) -> None:
    """Let each plug-in add its commands; one that fails adds none, and a name that two of them want runs neither."""
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
    """What stands for a command that more than one plug-in registered: it says so, whatever its arguments."""

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
    """Run the command line; the backend is settled first, since a plug-in may import Keras."""
    if arguments is None:
        arguments = sys.argv[1:]
        restart_with_settings(keeps="train" in arguments[:1])
        leave_room()
    choice = choose(option_value(arguments, "--backend"))
    with plugin_warnings_as_lines():
        make_cli(Session(plugin_manager(), choice))(arguments, prog_name="hyenadna")


@contextmanager
def plugin_warnings_as_lines() -> Iterator[None]:
    """Warnings about plug-ins go to stderr as a line each, once, whenever they come; others as they always do."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", PluginWarning)
        show, said = warnings.showwarning, set()

        def show_line(message, category, *where, **more) -> None:
            if not issubclass(category, PluginWarning):
                show(message, category, *where, **more)
            elif str(message) not in said:
                said.add(str(message))
                click.echo(f"Warning: {message}", err=True)

        warnings.showwarning = show_line
        yield


def option_value(arguments: list[str], option: str) -> str | None:
    """The value of an option on a command line that is not parsed yet."""
    for position, argument in enumerate(arguments):
        if argument == option:
            return next(iter(arguments[position + 1 :]), None)
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None
