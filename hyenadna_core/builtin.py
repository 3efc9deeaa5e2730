"""HyenaDNA's own plug-in: it registers its parts through the hooks that all plug-ins use."""

from importlib import import_module
from pathlib import Path
from typing import Any

from hyenadna_plugins import hookimpl


@hookimpl
def register_commands(cli: Any) -> None:
    """Add the commands by section of `hyenadna --help`."""
    sections = {
        "Train and use a model": ("train", "evaluate", "predict", "summarise"),
        "A genome through the model": ("score", "track", "mutate", "generate", "merge"),
        "Vectors": ("embed", "probe"),
        "Weights and data": ("presets", "convert", "datasets"),
        "Tasks and plug-ins": ("tasks", "new_task", "plugins"),
        "This installation": ("doctor", "parity", "bench"),
    }
    for section, names in sections.items():
        for name in names:
            cli.add_command(import_module(f"hyenadna_core.commands.{name}").command, section=section)


@hookimpl
def register_presets(register: Any) -> None:
    """Register the presets of the published weights."""
    from hyenadna_core.presets import PRESETS

    for preset in PRESETS:
        register(preset)


@hookimpl
def register_tasks(register: Any) -> None:
    """Register the tasks causal-lm and classify."""
    from hyenadna_core.tasks.causal_lm import CausalLMTask
    from hyenadna_core.tasks.classify import ClassifyTask

    register(CausalLMTask)
    register(ClassifyTask)


@hookimpl
def register_datasets(register: Any) -> None:
    """Register the bundled datasets."""
    from hyenadna_core.datasets import DATASETS

    for dataset in DATASETS:
        register(dataset)


@hookimpl
def register_metrics(register: Any) -> None:
    """Register the metrics."""
    from hyenadna_core.evaluation.metrics import METRICS

    for metric in METRICS.values():
        register(metric)


@hookimpl
def register_fft_convs(register: Any) -> None:
    """Register the kernels of the long convolution."""
    from hyenadna_backends.convolution import BUILTIN

    for fft_conv in BUILTIN.values():
        register(fft_conv)


@hookimpl
def training_callbacks(run: Any) -> list[Any]:
    """Return the watchers of `--log-to`."""
    from hyenadna_core.training.watchers import watchers_of

    return watchers_of(run)


@hookimpl
def fetch_weights(uri: str) -> Path | None:
    """Fetch weights of the Hugging Face Hub (hf://owner/name) or of the package (bundled://name)."""
    scheme, separator, _ = uri.partition("://")
    if not separator or scheme not in ("hf", "bundled"):
        return None
    from hyenadna_core.weights import bundled, hub

    return hub.fetch(uri) if scheme == "hf" else bundled.fetch(uri)
