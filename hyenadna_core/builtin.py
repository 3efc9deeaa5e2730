"""HyenaDNA's own plug-in: what the package brings comes in through the hooks that others use."""

from hyenadna_plugins import hookimpl


@hookimpl
def register_commands(cli):
    from hyenadna_core.commands import doctor, presets, train

    for module in (train, presets, doctor):
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
