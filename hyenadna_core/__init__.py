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
from typing import TYPE_CHECKING, Any

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
    "check_references": "genome.vcf",
    "child_environment": "child",
    "contig_names": "genome.contig_names",
    "count_variants": "genome.vcf",
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
    "read_variants": "genome.vcf",
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

if TYPE_CHECKING:  # a test compares these with _HOME
    from hyenadna_core.backend import check_backend as check_backend
    from hyenadna_core.backend import settle_heap as settle_heap
    from hyenadna_core.child import child_environment as child_environment
    from hyenadna_core.child import start_in_child as start_in_child
    from hyenadna_core.datasets import Dataset as Dataset
    from hyenadna_core.datasets import dataset_folder as dataset_folder
    from hyenadna_core.datasets import fetch_dataset as fetch_dataset
    from hyenadna_core.errors import HyenaDNAError as HyenaDNAError
    from hyenadna_core.evaluation.baselines import Baseline as Baseline
    from hyenadna_core.evaluation.bootstrap import bootstrap_difference as bootstrap_difference
    from hyenadna_core.evaluation.metrics import Metric as Metric
    from hyenadna_core.files.cache import file_written_aside as file_written_aside
    from hyenadna_core.files.input import GivenPath as GivenPath
    from hyenadna_core.files.input import InputPath as InputPath
    from hyenadna_core.files.input import NamedInputPath as NamedInputPath
    from hyenadna_core.files.lock import locked as locked
    from hyenadna_core.files.output import check_outputs as check_outputs
    from hyenadna_core.files.text import text_lines as text_lines
    from hyenadna_core.fitted_task import FittedTask as FittedTask
    from hyenadna_core.genome.contig_names import contig_names as contig_names
    from hyenadna_core.genome.fasta import bundled_genome as bundled_genome
    from hyenadna_core.genome.fasta import open_genome as open_genome
    from hyenadna_core.genome.intervals import Interval as Interval
    from hyenadna_core.genome.variants import Variant as Variant
    from hyenadna_core.genome.variants import variant_reason as variant_reason
    from hyenadna_core.genome.vcf import check_references as check_references
    from hyenadna_core.genome.vcf import count_variants as count_variants
    from hyenadna_core.genome.vcf import read_variants as read_variants
    from hyenadna_core.genome.vcf_text import vcf_source as vcf_source
    from hyenadna_core.genome.vcf_text import vcf_text as vcf_text
    from hyenadna_core.hyena_config import HyenaConfig as HyenaConfig
    from hyenadna_core.inference.embed import embed as embed
    from hyenadna_core.inference.embed import embed_each as embed_each
    from hyenadna_core.inference.embed_file import embed_file as embed_file
    from hyenadna_core.inference.generate import generate as generate
    from hyenadna_core.inference.model import trained_length as trained_length
    from hyenadna_core.inference.mutate import substitution_effects as substitution_effects
    from hyenadna_core.inference.sampling import Sampling as Sampling
    from hyenadna_core.inference.score import score_variants as score_variants
    from hyenadna_core.inference.track import track_values as track_values
    from hyenadna_core.labelled.class_names import spellings as spellings
    from hyenadna_core.labelled.files import read_labelled as read_labelled
    from hyenadna_core.labelled.pairs import LabelledPairs as LabelledPairs
    from hyenadna_core.labelled.rows import Rows as Rows
    from hyenadna_core.labelled.rows import RowsSubset as RowsSubset
    from hyenadna_core.labelled.sequences import LabelledSequences as LabelledSequences
    from hyenadna_core.labelled.tables import open_table as open_table
    from hyenadna_core.labelled.tables import table_columns as table_columns
    from hyenadna_core.labelled.targets import Target as Target
    from hyenadna_core.markdown import markdown_table as markdown_table
    from hyenadna_core.model.backbone import HyenaBackbone as HyenaBackbone
    from hyenadna_core.model.base_by_base import BaseByBase as BaseByBase
    from hyenadna_core.model.causal_lm import CausalLM as CausalLM
    from hyenadna_core.model.heads import Head as Head
    from hyenadna_core.model.kept_prefix import KeptPrefix as KeptPrefix
    from hyenadna_core.model.loading import load as load
    from hyenadna_core.model.loading import save as save
    from hyenadna_core.model.task_model import TaskModel as TaskModel
    from hyenadna_core.presets import Preset as Preset
    from hyenadna_core.probe.models import ProbeModel as ProbeModel
    from hyenadna_core.probe.probe_file import probe_file as probe_file
    from hyenadna_core.probe.probe_file import probe_folds as probe_folds
    from hyenadna_core.recipe import Recipe as Recipe
    from hyenadna_core.registry import find_preset as find_preset
    from hyenadna_core.task import Batch as Batch
    from hyenadna_core.task import Draw as Draw
    from hyenadna_core.task import Task as Task
    from hyenadna_core.task import next_base_batch as next_base_batch
    from hyenadna_core.tasks.classify import ClassifyTask as ClassifyTask
    from hyenadna_core.tasks.sequence_baselines import fit_baseline as fit_baseline
    from hyenadna_core.tasks.sequence_task import SequenceTask as SequenceTask
    from hyenadna_core.terminal import notice as notice
    from hyenadna_core.terminal import print_rows as print_rows
    from hyenadna_core.terminal import progress as progress
    from hyenadna_core.terminal import tab_separated as tab_separated
    from hyenadna_core.tokens import decode as decode
    from hyenadna_core.tokens import encode as encode
    from hyenadna_core.tokens import join_ids as join_ids
    from hyenadna_core.tokens import reverse_complement as reverse_complement
    from hyenadna_core.training.summary import summarise as summarise
    from hyenadna_core.training.trained_run import TrainedRun as TrainedRun
    from hyenadna_core.training.trained_run import open_run as open_run
    from hyenadna_core.training.trained_run import resume as resume
    from hyenadna_core.training.trained_run import train as train
    from hyenadna_core.training.warmup import Stage as Stage
    from hyenadna_core.weights.part import about_part as about_part
    from hyenadna_core.weights.part import load_part as load_part
    from hyenadna_core.weights.part import model_sha256 as model_sha256
    from hyenadna_core.weights.part import save_part as save_part
    from hyenadna_core.weights.part import weights_sha256 as weights_sha256
    from hyenadna_core.weights.sources import read_weights as read_weights
else:  # with a `__getattr__`, a type checker would accept any name

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
