"""The command `hyenadna`: made of what the plug-ins register, with errors as one line."""

import sys
import warnings
from dataclasses import dataclass
from importlib.metadata import version

import click
import pluggy

from hyenadna_backends import Choice, choose
from hyenadna_backends.allocator import restart_with_settings
from hyenadna_core.errors import HyenaDNAError
from hyenadna_plugins import PluginError, plugin_manager


@dataclass(frozen=True)
class Session:
    """What commands are handed as click's `obj`: the plug-ins that are there and the backend that was chosen."""

    plugins: pluggy.PluginManager
    backend: Choice


class Commands(click.Group):
    """A group whose commands end in one line and exit 1 where the user's input is at fault."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except (HyenaDNAError, PluginError) as error:
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

    session.plugins.hook.register_commands(cli=cli)
    return cli


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; the backend is settled first, since a plug-in may import Keras."""
    if arguments is None:
        arguments = sys.argv[1:]
        restart_with_settings(keeps="train" in arguments[:1])
    choice = choose(backend_option(arguments))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        session = Session(plugin_manager(), choice)
    for warning in caught:
        click.echo(f"Warning: {warning.message}", err=True)
    make_cli(session)(arguments, prog_name="hyenadna")


def backend_option(arguments: list[str]) -> str | None:
    """The value of --backend on a command line that is not parsed yet."""
    for position, argument in enumerate(arguments):
        if argument == "--backend":
            return next(iter(arguments[position + 1 :]), None)
        if argument.startswith("--backend="):
            return argument.partition("=")[2]
    return None
