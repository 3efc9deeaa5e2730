"""HyenaDNA's own plug-in: what the package brings comes in through the hooks that others use."""

from hyenadna_plugins import hookimpl


@hookimpl
def register_commands(cli):
    from hyenadna_core.commands import (
        bench,
        convert,
        datasets,
        doctor,
        evaluate,
        new_task,
        parity,
        plugins,
        predict,
        presets,
        tasks,
        train,
    )

    for module in (
        train,
        evaluate,
        predict,
        convert,
        new_task,
        tasks,
        presets,
        datasets,
        plugins,
        doctor,
        parity,
        bench,
    ):
        cli.add_command(module.command)


@hookimpl
def register_presets(register):
    from hyenadna_core.presets import PRESETS

    for preset in PRESETS:
        register(preset)


@hookimpl
def register_tasks(register):
    from hyenadna_core.tasks.causal_lm import CausalLMTask
    from hyenadna_core.tasks.classify import ClassifyTask

    register(CausalLMTask)
    register(ClassifyTask)


@hookimpl
def register_datasets(register):
    from hyenadna_core.datasets import DATASETS

    for dataset in DATASETS:
        register(dataset)


@hookimpl
def register_metrics(register):
    from hyenadna_core.evaluation.metrics import METRICS

    for metric in METRICS.values():
        register(metric)


@hookimpl
def register_fft_convs(register):
    from hyenadna_backends.convolution import BUILTIN

    for fft_conv in BUILTIN.values():
        register(fft_conv)


@hookimpl
def training_callbacks(run):
    from hyenadna_core.training.watchers import watchers_of

    return watchers_of(run)


@hookimpl
def fetch_weights(uri):
    if not uri.startswith("hf://"):
        return None
    from hyenadna_core.weights.hub import fetch

    return fetch(uri)
