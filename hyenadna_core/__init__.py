"""HyenaDNA for everyone: the genomic language model on every backend of Keras 3.

Letters that have one meaning in the whole project: B batch, L bases, D channels, O order, V
vocabulary rows, N FFT length (at least 2L - 1, the planner's choice), F = N//2 + 1 frequencies, C =
(O - 1) D filters, K targets. Coordinates are 0-based half-open. Likelihoods are natural
logarithms inside the library; its output has bits per base and perplexity.

Importing this package imports no backend. The first import of Keras decides which backend runs: the
one in KERAS_BACKEND, else the one in ~/.keras/keras.json, else the first that is installed. So
import this package before Keras.
"""

from importlib import import_module
from typing import Any

from hyenadna_backends import choose, missing, when_keras_is_imported
from hyenadna_core.keras_classes import register_stand_ins

_HOME = {
    "BaseByBase": "model.base_by_base",
    "Baseline": "evaluation.baselines",
    "Batch": "task",
    "CausalLM": "model.causal_lm",
    "ClassifyTask": "tasks.classify",
    "Dataset": "datasets",
    "Draw": "task",
    "FittedTask": "fitted_task",
    "Head": "model.heads",
    "GivenPath": "files.input",
    "HyenaBackbone": "model.backbone",
    "HyenaConfig": "hyena_config",
    "HyenaDNAError": "errors",
    "InputPath": "files.input",
    "Interval": "genome.intervals",
    "KeptPrefix": "model.kept_prefix",
    "LabelledPairs": "labelled.pairs",
    "LabelledSequences": "labelled.sequences",
    "Metric": "evaluation.metrics",
    "NamedInputPath": "files.input",
    "Preset": "presets",
    "ProbeModel": "probe.models",
    "Recipe": "recipe",
    "Rows": "labelled.rows",
    "RowsSubset": "labelled.rows",
    "Sampling": "inference.sampling",
    "SequenceTask": "tasks.sequence_task",
    "Stage": "training.warmup",
    "Target": "labelled.targets",
    "Task": "task",
    "TaskModel": "model.task_model",
    "TrainedRun": "training.trained_run",
    "Variant": "genome.variants",
    "about_part": "weights.part",
    "bootstrap_difference": "evaluation.bootstrap",
    "bundled_genome": "genome.fasta",
    "check_backend": "backend",
    "check_outputs": "files.output",
    "child_environment": "child",
    "contig_names": "genome.contig_names",
    "dataset_folder": "datasets",
    "decode": "tokens",
    "embed": "inference.embed",
    "embed_each": "inference.embed",
    "embed_file": "inference.embed_file",
    "encode": "tokens",
    "fetch_dataset": "datasets",
    "file_written_aside": "files.cache",
    "find_preset": "registry",
    "fit_baseline": "tasks.sequence_baselines",
    "generate": "inference.generate",
    "join_ids": "tokens",
    "load": "model.loading",
    "load_part": "weights.part",
    "locked": "files.lock",
    "markdown_table": "markdown",
    "model_sha256": "weights.part",
    "next_base_batch": "task",
    "notice": "terminal",
    "open_genome": "genome.fasta",
    "open_run": "training.trained_run",
    "open_table": "labelled.tables",
    "print_rows": "terminal",
    "probe_file": "probe.probe_file",
    "probe_folds": "probe.probe_file",
    "progress": "terminal",
    "read_labelled": "labelled.files",
    "resume": "training.trained_run",
    "read_weights": "weights.sources",
    "reverse_complement": "tokens",
    "save": "model.loading",
    "save_part": "weights.part",
    "score_variants": "inference.score",
    "settle_heap": "backend",
    "spellings": "labelled.class_names",
    "start_in_child": "child",
    "substitution_effects": "inference.mutate",
    "summarise": "training.summary",
    "tab_separated": "terminal",
    "table_columns": "labelled.tables",
    "text_lines": "files.text",
    "track_values": "inference.track",
    "train": "training.trained_run",
    "trained_length": "inference.model",
    "variant_reason": "genome.variants",
    "vcf_source": "genome.vcf_text",
    "vcf_text": "genome.vcf_text",
    "weights_sha256": "weights.part",
}

__all__ = sorted(_HOME)

when_keras_is_imported(register_stand_ins)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name == "keras":
            raise ImportError(missing(choose().name)) from None
        raise


def __dir__() -> list[str]:
    return __all__
