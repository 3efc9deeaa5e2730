"""HyenaDNA's own plug-in: what the package brings comes in through the hooks that others use."""

from hyenadna_plugins import hookimpl


@hookimpl
def register_commands(cli):
    from hyenadna_core.commands import bench, convert, doctor, parity, presets, train

    for module in (train, convert, presets, doctor, parity, bench):
        cli.add_command(module.command)


@hookimpl
def register_presets(register):
    from hyenadna_core.presets import PRESETS

    for preset in PRESETS:
        register(preset)


@hookimpl
def register_tasks(register):
    from hyenadna_core.pretraining import CausalLMTask

    register(CausalLMTask)


@hookimpl
def register_fft_convs(register):
    from hyenadna_backends.convolution import BUILTIN

    for fft_conv in BUILTIN.values():
        register(fft_conv)


@hookimpl
def training_callbacks(run):
    from hyenadna_core.watchers import watchers_of

    return watchers_of(run)


@hookimpl
def fetch_weights(uri):
    if not uri.startswith("hf://"):
        return None
    from hyenadna_core.hub import fetch

    return fetch(uri)
