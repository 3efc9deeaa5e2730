"""The plan of a benchmark: all that its numbers depend on, and the cells that follow from it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hyenadna_benchmarks.benchmark_set import find_set
from hyenadna_benchmarks.runner import recipes
from hyenadna_benchmarks.runner.cells import AUDIT, Cell, results
from hyenadna_benchmarks.runner.contenders import RANDOM, TRAINED, Contender, contenders_of
from hyenadna_benchmarks.runner.inputs import WEIGHTS
from hyenadna_benchmarks.runner.protocols import PROTOCOLS
from hyenadna_benchmarks.suites import SUITES, chosen_sets
from hyenadna_core import HyenaDNAError, find_preset, read_weights

GENOMES = "class_fasta"  # the option of the task with a genome for each class


@dataclass(frozen=True)
class Plan:
    """What is run in a folder.

    Args:
        suite: as in BenchmarkSet.suite.
        sets: names of sets.
        weights: sources of weights, and "none" for random ones.
        contenders: kinds of contenders.
        protocol: one of PROTOCOLS.
        seeds: number of seeds.
        recipe: the name of a recipe.
        options: options of training that were given, in place of those of the recipe.
        trials: of each trained contender on each set, to choose its options; 0 without a sweep.
        preset: the architecture of the network from random weights.
        folder: of the data.
        task: options of the task that tell how its files are read, such as fasta.
        backend: of Keras.
        threads: of each process.
        audit: whether the splits are audited.
    """

    suite: str
    sets: tuple[str, ...]
    weights: tuple[str, ...]
    contenders: tuple[str, ...]
    protocol: str
    seeds: int
    recipe: str
    options: Mapping[str, Any]
    trials: int
    preset: str
    folder: str | None
    task: Mapping[str, Any]
    backend: str
    threads: int
    audit: bool

    def checked(self) -> Self:
        """Return the plan, if it can be run.

        Raises:
            HyenaDNAError: a name is unknown, weights cannot be read, no set has the class of a
                genome, or two options contradict each other.
        """
        sets = chosen_sets(self.suite, self.sets)
        for name in sets:
            recipes.recipe(self.recipe, self.suite, name)
        classes = list(dict.fromkeys(label for each in sets.values() for label in each.classes))
        for label in map(_class_of, self.task.get(GENOMES, ())):
            if label not in classes:
                raise HyenaDNAError(
                    f"--class-fasta {label}: no chosen set has this class; their classes are {', '.join(classes)}."
                )
        if self.trials and PROTOCOLS[self.protocol].of_task == "paper":
            raise HyenaDNAError(
                "--sweep chooses on the validation rows, which --protocol paper takes from test: use holdout."
            )
        for source in dict.fromkeys(each.weights for each in self.all_contenders):
            if source == RANDOM:
                find_preset(self.preset)
            elif source is not None:
                read_weights(source)
        return self

    @property
    def threads_text(self) -> str:
        return f"{self.threads} thread{'s' * (self.threads > 1)}"

    @property
    def all_contenders(self) -> list[Contender]:
        return contenders_of(self.weights, self.contenders)

    def cells(self) -> list[Cell]:
        """Return all cells, set by set; trials come before what waits for them."""
        return [cell for name in self.sets for cell in self.cells_of(name)]

    def cells_of(self, name: str) -> list[Cell]:
        """Return the cells of a set."""
        cells = [Cell(name, AUDIT)] if self.audit else []
        protocol = PROTOCOLS[self.protocol]
        for contender in self.all_contenders:
            cells += self.trials_of(name, contender)
            for seed, fold in protocol.splits(self.seeds, contender.seeded):
                cells.append(Cell(name, contender, seed, fold))
        return cells

    def trials_of(self, name: str, contender: Contender) -> list[Cell]:
        """Return the trials from which a contender's options are chosen; only networks have any."""
        fold = 1 if PROTOCOLS[self.protocol].folds else None
        trained = contender.kind in TRAINED
        return [Cell(name, contender, 0, fold, trial) for trial in range(self.trials * trained)]

    def before(self, cell: Cell) -> list[Cell]:
        """Return the cells that a cell waits for."""
        return [] if cell.trial is not None else self.trials_of(cell.set, cell.contender)

    def options_of(self, cell: Cell, out: Path) -> dict[str, Any]:
        """Return the options with which a cell is trained; after a sweep, those of its best trial.

        Raises:
            HyenaDNAError: a trial has no result.
        """
        options = recipes.with_given(recipes.recipe(self.recipe, self.suite, cell.set), self.options)
        if cell.contender.kind not in TRAINED:
            return {}
        if cell.trial is not None:
            drawn = recipes.draw(cell.trial, self.options)
            return options | drawn | ({"trial_batch": True} if "batch_size" in drawn else {})
        if self.trials:
            from hyenadna_benchmarks.runner.sweep import best_of

            return options | best_of(self.before(cell), out)
        return options

    def task_of(self, name: str) -> dict[str, Any]:
        """Return the options with which the task of the suite reads a set."""
        given = dict(self.task) | ({} if self.folder is None else {"folder": self.folder})
        if GENOMES in given:
            classes = find_set(self.suite, name).classes
            given[GENOMES] = [each for each in given[GENOMES] if _class_of(each) in classes]
        return {"set": name, "protocol": PROTOCOLS[self.protocol].of_task, **SUITES[self.suite].options, **given}

    def kept_weights(self, source: str | None, out: Path) -> str | None:
        """Return the checksum of weights that finished cells were measured with, or None."""
        same = (cell for cell in self.cells() if cell.contender.weights == source and source)
        return next((result[WEIGHTS] for _, result in results(same, out)), None)

    def spec(self, cell: Cell, out: Path) -> dict[str, Any]:
        """Return all that the process of a cell needs."""
        return self.made_with(cell) | {
            "cell": cell.to_json(),
            "suite": self.suite,
            "task": self.task_of(cell.set),
            "options": self.options_of(cell, out),
            "drawn": [] if cell.trial is None else list(recipes.draw(cell.trial, self.options)),
            "kept_weights": self.kept_weights(cell.contender.weights, out),
            "threads": self.threads,
        }

    def made_with(self, cell: Cell) -> dict[str, Any]:
        """Return what the numbers of a cell depend on, without its options, rows and weights."""
        has_choice = cell.contender.kind in TRAINED and cell.trial is None
        return {
            "protocol": self.protocol,
            "backend": self.backend,
            "preset": self.preset if cell.contender.weights == RANDOM else None,
            "trials": self.trials if has_choice else 0,
        }


def threads_for(jobs: int) -> int:
    """Return the threads of each of some processes at once: their share of the cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // jobs)


def source_of(weights: str) -> str:
    """Return a path of weights as absolute, so that the command goes on from any folder."""
    return str(Path(weights).absolute()) if weights != RANDOM and Path(weights).exists() else weights


def _class_of(genome: str) -> str:
    """Return the class of a genome that is given as CLASS=PATH."""
    return genome.partition("=")[0]
