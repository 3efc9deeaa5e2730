"""The command `hyenadna`, built from the commands of all plug-ins; it prints errors as one line."""

import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import groupby
from typing import Any

import click

from hyenadna_backends import SettingError, choose
from hyenadna_core.errors import MESSAGE, HyenaDNAError, shown
from hyenadna_core.files.cache import place_matplotlib
from hyenadna_core.registry import Session, use_plugins
from hyenadna_core.terminal import LAYOUT, notice
from hyenadna_plugins import Offer, PluginError, Plugins, PluginWarning, Registered, ask, implementers, plugin_manager


class Commands(click.Group):
    """The group of all commands, whose help lists them in sections.

    If the user's input is wrong, a command prints one line and exits with 1. `registered` has the
    commands with their plug-ins.
    """

    registered = Registered([])

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sections: dict[str, str] = {}

    def add_command(self, cmd: click.Command, name: str | None = None, section: str = "From plug-ins") -> None:
        """Add a command to a section of the help."""
        super().add_command(cmd, name)
        self.sections[str(name or cmd.name)] = section

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands by section, in the order of registration."""
        sections = list(dict.fromkeys(self.sections.values()))
        return sorted(self.commands, key=lambda name: sections.index(self.sections[name]))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names and first sentences of the commands, section by section."""
        shown = [name for name in self.list_commands(ctx) if not self.commands[name].hidden]
        width = max(map(len, shown), default=0)
        for section, names in groupby(shown, key=self.sections.__getitem__):
            with formatter.section(section):
                limit = formatter.width - width - 4
                rows = [(name.ljust(width), self.commands[name].get_short_help_str(limit)) for name in names]
                formatter.write_dl(rows)

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        """Read the command line; Ctrl-C meanwhile is one line."""
        try:
            return super().make_context(*arguments, **extra)
        except KeyboardInterrupt:
            raise interrupted() from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn the errors of user input and of the file system into one line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise interrupted() from None
        except (HyenaDNAError, PluginError, SettingError) as error:
            raise click.ClickException(shown(error, MESSAGE)) from None
        except OSError as error:  # such as a full disk or a read-only folder
            path = f"{shown(error.filename)}: " if error.filename else ""
            raise click.ClickException(f"{path}{shown(error.strerror or error)}.") from None
        except click.ClickException as error:
            error.message = shown(error.message, MESSAGE, keep=LAYOUT)  # type: ignore[misc]  # Final
            raise


def interrupted() -> SystemExit:
    """Print the one line of a command that Ctrl-C ends, and return its exit."""
    notice("Interrupted.")
    return SystemExit(128 + signal.SIGINT)


def make_cli(session: Session) -> click.Group:
    """Return the command with the commands of all plug-ins of the session."""

    @click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(version("hyenadna"), prog_name="hyenadna")
    @click.pass_context
    def cli(ctx: click.Context) -> None:
        """Train and use HyenaDNA, the genomic language model, on JAX, PyTorch, MLX or NumPy.

        The backend comes from --backend, from KERAS_BACKEND, or from ~/.keras/keras.json. Without
        them it is the first installed backend.
        """
        ctx.obj = session
        use_plugins(session.plugins)

    add_commands(cli, session.plugins)
    return cli


def add_commands(cli: Commands, plugins: Plugins) -> None:
    """Let each plug-in add its commands.

    If a plug-in fails, none of its commands is added. If two plug-ins register the same name,
    neither command runs.
    """
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
    """Return a command that only raises an error, for a name that several plug-ins registered."""

    @click.command(
        name,
        short_help=f"Not available: registered by {', '.join(registered.taken[name])}.",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def command() -> None:
        raise PluginError(registered.clash(name))

    return command


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; choose the backend first, because a plug-in may import Keras."""
    if arguments is None:
        arguments = sys.argv[1:]
        place_matplotlib()
    choice = choose(option_value(arguments, "--backend"))
    with plugin_warnings_as_lines():
        make_cli(Session(plugin_manager(), choice))(arguments, prog_name="hyenadna")


@contextmanager
def plugin_warnings_as_lines() -> Iterator[None]:
    """Print each warning about a plug-in once, as one line on stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", PluginWarning)
        show, messages = warnings.showwarning, set[str]()

        def show_line(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            text = shown(message, MESSAGE, keep=LAYOUT)
            if not issubclass(category, PluginWarning):
                show(message if text == str(message) else UserWarning(text), category, *where, **more)
            elif text not in messages:
                messages.add(text)
                notice(f"Warning: {text}")

        warnings.showwarning = show_line
        yield


def option_value(arguments: list[str], option: str) -> str | None:
    """Return the value of an option on a command line that is not parsed yet."""
    for position, argument in enumerate(arguments):
        if argument == option:
            return next(iter(arguments[position + 1 :]), None)
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None
