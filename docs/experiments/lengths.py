r"""The value of long context and length warmup on human chromosome 20: the runs of docs/lengths.md.

    KERAS_BACKEND=torch python docs/experiments/lengths.py human_GRCh37_chr20.fa.gz \
        runs/lengths --jobs 2

The script trains each point in its own run folder, continues interrupted runs, and prints the
tables of the finished ones. With `--jobs N`, N points train at once, each with its share of the
cores, and write their progress to FOLDER/POINT.txt. `--tables` prints the tables and trains
nothing.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from hyenadna_backends import choose
from hyenadna_core.child import thread_limits
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.presets import Preset
from hyenadna_core.recipe import Recipe
from hyenadna_core.terminal import notice
from hyenadna_plugins import hookimpl, plugin_manager

BASES = 20_000_000  # of each run
BASES_A_STEP = 16_384  # in every run and stage
CONTEXTS = (256, 1_024, 4_096, 16_384)
LAYERS = {2: 436_096, 4: 837_760}  # layers of 128 channels: number of parameters
FIRST = 64  # bases of the first stage of warmup
RECIPE = Recipe(learning_rate=3e-3, filter_rate=0.1, weight_decay=0.02, beta_2=0.99)


class Point(NamedTuple):
    """A run: number of layers, length in bases, seed, and with or without length warmup."""

    layers: int
    context: int
    seed: int = 0
    warmup: bool = False

    @property
    def preset(self) -> str:
        return f"{self.layers}-layers-{self.context}"

    @property
    def folder(self) -> str:
        return f"{self.preset}{'-warmup' if self.warmup else ''}-seed-{self.seed}"

    def options(self) -> list[str]:
        stages = ["--warmup", f"{FIRST if self.warmup else self.context}..{self.context}"]
        steps = ["--batch-bases", str(BASES_A_STEP), "--steps", str(round(BASES / BASES_A_STEP))]
        return ["--preset", self.preset, *stages, *steps, "--seed", str(self.seed)]


# First the two runs that show warmup, so that two jobs train them together; then the longest runs.
POINTS = (
    *(Point(2, CONTEXTS[-1], seed, warmup) for seed in (0, 1) for warmup in (True, False)),
    *(
        Point(layers, context, seed)
        for layers in sorted(LAYERS, reverse=True)
        for seed in (0, 1)
        for context in (CONTEXTS[::-1] if seed == 0 else (CONTEXTS[-1], CONTEXTS[0]))
        if (layers, context) != (2, CONTEXTS[-1])
    ),
)


@hookimpl
def register_presets(register):
    """Register a model for each context: filters depend on max_seq_len."""
    for layers, parameters in LAYERS.items():
        for context in CONTEXTS:
            config = {"n_layer": layers, "d_model": 128, "max_seq_len": context + 2}
            register(Preset(f"{layers}-layers-{context}", config, parameters, "docs/experiments/lengths.py", RECIPE))


def train(point: Point, arguments: argparse.Namespace) -> None:
    """Start or continue the run of a point; do nothing if it is finished."""
    path = arguments.folder / point.folder
    if (path / "run.json").exists():
        if held_out(path) is not None:
            return
        options = ["--resume", str(path)]
    else:
        options = ["--fasta", str(arguments.fasta), *point.options(), "--precision", arguments.precision]
        options += ["--out", str(path)]
    notice(f"{point.folder}: hyenadna train {' '.join(options)}")
    plugins = plugin_manager()
    plugins.register(sys.modules[__name__], name="lengths")
    if status := make_cli(Session(plugins, choose()))(["train", *options], standalone_mode=False):
        raise SystemExit(status)  # a signal asked it to stop


def train_in_process(point: Point, arguments: argparse.Namespace) -> int:
    """Train a point in its own process, with its share of the cores; return its exit status."""
    threads = max(1, (os.cpu_count() or 1) // arguments.jobs)
    words = [arguments.fasta, arguments.folder, "--precision", arguments.precision, "--point", point.folder]
    environment = os.environ | thread_limits(threads)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with (arguments.folder / f"{point.folder}.txt").open("a", encoding="utf-8") as progress:
        line = [sys.executable, "-P", __file__, *map(str, words)]
        status = subprocess.run(line, env=environment, stdout=progress, stderr=progress, check=False).returncode  # noqa: S603 (itself)
    bits = held_out(arguments.folder / point.folder)
    notice(f"{point.folder}: " + (f"stopped with status {status}" if bits is None else f"{bits:.4f} bits per base"))
    return status


def held_out(path: Path) -> float | None:
    """Return the held-out bits per base of a finished run, None for any other."""
    if not (path / "run.json").exists():
        return None
    figures = json.loads((path / "run.json").read_text(encoding="utf-8")).get("held_out")
    return figures and figures["bits_per_base"]


def seconds(path: Path) -> float:
    """Return the seconds that a run trained, over all its starts."""
    lines = (path / "log.tsv").read_text(encoding="utf-8").splitlines()[1:]
    times = [float(line.split("\t")[-1]) for line in lines]
    return sum(now - before if now > before else now for before, now in zip([0.0, *times], times, strict=False))


def tables(folder: Path) -> str:
    """Return the tables of the finished runs: bits by context, and by warmup."""
    bits = {point: held_out(folder / point.folder) for point in POINTS}
    lines = ["| layers | " + " | ".join(f"{context:,}" for context in CONTEXTS) + " |", "|" + " --- |" * 5]
    for layers in LAYERS:
        cells = [_seeds([bits.get(Point(layers, context, seed)) for seed in (0, 1)]) for context in CONTEXTS]
        lines.append(f"| {layers} | " + " | ".join(cells) + " |")
    lines += ["", "| | bits per base | seconds |", "| --- | --- | --- |"]
    for warmup, name in ((False, f"{CONTEXTS[-1]:,} bases from the first step on"), (True, f"from {FIRST} bases up")):
        points = [point for seed in (0, 1) if bits[point := Point(2, CONTEXTS[-1], seed, warmup)] is not None]
        took = f"{mean(seconds(folder / point.folder) for point in points):,.0f}" if points else "-"
        lines.append(f"| {name} | {_seeds([bits[point] for point in points])} | {took} |")
    return "\n".join(lines)


def _seeds(bits: list[float | None]) -> str:
    known = [value for value in bits if value is not None]
    spread = f" (seeds {max(known) - min(known):.4f} apart)" if len(known) > 1 else ""
    return f"{mean(known):.4f}{spread}" if known else "-"


def main() -> None:
    """Train the points that are not finished, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fasta", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, default=1, help="points at once")
    parser.add_argument("--precision", default="bfloat16", help="precision of runs that start now")
    parser.add_argument("--point", choices=[point.folder for point in POINTS], help="train only this point")
    parser.add_argument("--tables", action="store_true")
    arguments = parser.parse_args()
    if arguments.point:
        return train(next(point for point in POINTS if point.folder == arguments.point), arguments)
    if not arguments.tables:
        pool = ThreadPoolExecutor(arguments.jobs)
        try:
            if any(pool.map(partial(train_in_process, arguments=arguments), POINTS)):
                raise SystemExit("Some points are not finished: run the same command again to continue them.")
        finally:
            pool.shutdown(cancel_futures=True)
    print(tables(arguments.folder))


if __name__ == "__main__":
    main()
