"""The commands `hyenadna benchmark SUITE`: one for each suite of labelled sequences."""

from pathlib import Path
from typing import Any

import click

from hyenadna_benchmarks.report import PERCENT, ROUNDS
from hyenadna_benchmarks.runner.contenders import KINDS, PRESET, RANDOM, SEEDED
from hyenadna_benchmarks.runner.protocols import FOLDS, PROTOCOLS
from hyenadna_benchmarks.suites import Suite, options_of_data, suites_of
from hyenadna_core import HyenaDNAError, InputPath

SEEDS, TRIALS = 3, 8
TRAINING = ("steps", "epochs", "batch_size", "learning_rate")
HELP = """Measure models on the sets of {title}, and compare with published figures.

    Each set gets a majority class, k-mer regression, the small CNN of GenomicBenchmarks, the network
    from random weights (scratch), fine-tuned for each of --weights, and a frozen probe of each. The
    table has the mean over seeds, its difference from k-mers and from scratch with a {percent} %
    interval by the paired bootstrap over test rows ({rounds:,} rounds), and the published figures.
    The audit adds the figures without test rows that repeat training rows.

    --protocol holdout validates on the published dev rows, else on a tenth of train; paper selects
    on test, as the paper did; cv5 has {folds} folds of train.

    Ctrl-C stops, and the same command goes on. --out gets table.tsv, table.md and table.html.

    \b
      hyenadna benchmark {command} --datasets {example} --out runs/{command}
      hyenadna benchmark {command} --weights runs/mine,none --sweep --trials {trials} --out runs/swept
    """
COMMA: Any = {
    "callback": lambda _context, _option, value: tuple(each.strip() for each in value.split(",") if each.strip())
}
EXAMPLES = {"genomic-benchmarks": "human_nontata_promoters", "nucleotide-transformer": "H3,H4", "gue": "tf_0,tf_1"}


class SuiteCommand(click.Command):
    """The command of suites, which also has the options that only their task has."""

    suite: Suite

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        *params, help_option = super().get_params(ctx)
        return [*params, *options_of_data(self.suite.name), help_option]


def suite_command(command: str) -> click.Command:
    """Return the command of a suite."""
    suites = suites_of(command)
    releases = [suite.release for suite in suites if suite.release]
    release = click.Option(
        ["--release"], type=click.Choice(releases), default=releases[0] if releases else None, show_default=True
    )
    title = suites[0].title.partition(" (")[0]

    def run(**values: Any) -> None:
        chosen = values.pop("release", None)
        run_suite(next(suite for suite in suites if suite.release == chosen), **values)

    constants = {"percent": PERCENT, "rounds": ROUNDS, "folds": FOLDS, "trials": TRIALS}
    text = HELP.format(title=title, command=command, example=EXAMPLES[command], **constants)
    options: list[click.Parameter] = [*([release] if releases else []), *OPTIONS]
    short = f"Run {title}, and compare with published figures."
    made = SuiteCommand(command, params=options, callback=run, help=text, short_help=short)
    made.suite = suites[0]
    return made


OPTIONS = (
    click.Option(
        ["--datasets"],
        default="",
        metavar="A,B",
        help="Sets, by name, or all.  [default: all, without those of GUE+]",
        **COMMA,
    ),
    click.Option(
        ["--weights"],
        default="human-chr20-1k,none",
        show_default=True,
        metavar="W,W2,none",
        help="Weights to fine-tune and to probe; none for random ones.",
        **COMMA,
    ),
    click.Option(
        ["--contenders"],
        default=",".join(KINDS),
        show_default=True,
        metavar="A,B",
        help="Kinds of models to measure.",
        **COMMA,
    ),
    click.Option(["--protocol"], type=click.Choice(list(PROTOCOLS)), default="holdout", show_default=True),
    click.Option(
        ["--seeds"],
        type=click.IntRange(1),
        help=f"Seeds of each network, from 0; not with cv5.  [default: {SEEDS}]",
    ),
    click.Option(["--jobs"], type=click.IntRange(1), default=1, show_default=True, help="Processes at a time."),
    click.Option(
        ["--recipe"],
        default="default",
        show_default=True,
        metavar="NAME",
        help="Options of training by the name of a recipe, such as repo, the original's.",
    ),
    click.Option(["--steps"], type=click.IntRange(1), help="Steps of each training, in place of the recipe's."),
    click.Option(["--epochs"], type=click.FloatRange(0, min_open=True), help="Passes over the training rows."),
    click.Option(["--batch-size"], type=click.IntRange(1), help="Sequences of a step."),
    click.Option(["--learning-rate"], type=click.FloatRange(0, min_open=True), help="The highest rate."),
    click.Option(
        ["--sweep"],
        is_flag=True,
        help="First choose the options that are not given, in the ranges of the paper, only on validation.",
    ),
    click.Option(
        ["--trials"],
        type=click.IntRange(1),
        help=f"Trials of the sweep, a network and a set.  [default: {TRIALS}]",
    ),
    click.Option(["--preset"], help=f"Architecture of the network from random weights.  [default: {PRESET}]"),
    click.Option(["--folder"], type=InputPath(), help="Folder of the suite in its published layout."),
    click.Option(["--no-audit"], is_flag=True, help="Do not look for test rows that repeat training rows."),
    click.Option(
        ["--out"], type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the results."
    ),
    click.Option(["--backend"], metavar="NAME", help="jax, torch or mlx. Overrides KERAS_BACKEND."),
    click.Option(["--json"], is_flag=True, help="Print the table as JSON."),
)


@click.pass_obj
def run_suite(session: Any, /, suite: Suite, **values: Any) -> None:
    """Make the plan from the options, run it, and print the table."""
    from hyenadna_benchmarks.report.columns import counted, printed
    from hyenadna_benchmarks.runner.benchmark import failures, run_benchmark
    from hyenadna_benchmarks.runner.plan import Plan, source_of, threads_for
    from hyenadna_benchmarks.suites import chosen_sets
    from hyenadna_core import check_backend, print_rows

    if values["protocol"] == "cv5" and values["seeds"]:
        raise HyenaDNAError(f"--protocol cv5 has {FOLDS} folds, each with its own seed: leave out --seeds.")
    if values["trials"] and not values["sweep"]:
        raise HyenaDNAError("--trials counts the trials of a sweep: add --sweep.")
    if values["steps"] and values["epochs"]:
        raise HyenaDNAError("--steps and --epochs have the same meaning: give one of them.")
    if values["preset"] and RANDOM not in values["weights"]:
        raise HyenaDNAError("--preset is the network of random weights: add none to --weights, or leave it out.")
    folder, out = values["folder"], values["out"]
    plan = Plan(
        suite=suite.name,
        sets=tuple(chosen_sets(suite.name, values["datasets"])),
        weights=tuple(map(source_of, values["weights"])),
        contenders=values["contenders"],
        protocol=values["protocol"],
        seeds=FOLDS if values["protocol"] == "cv5" else values["seeds"] or SEEDS,
        recipe=values["recipe"],
        options={name: values[name] for name in TRAINING if values[name] is not None},
        trials=(values["trials"] or TRIALS) if values["sweep"] else 0,
        preset=values["preset"] or PRESET,
        folder=None if folder is None else str(Path(folder).absolute()),
        task=_as_json({option.name: values[option.name] for option in options_of_data(suite.name)}),
        backend=session.backend.name,
        threads=threads_for(values["jobs"]),
        audit=not values["no_audit"],
    )
    check_backend(session.backend, to_train=any(each.kind in SEEDED for each in plan.all_contenders))
    rows = run_benchmark(plan, out, values["jobs"])
    print_rows(rows if values["json"] else printed(rows), values["json"])
    if failed := failures(plan, out):
        failed_text = counted(failed, "measurement")
        raise HyenaDNAError(f"{failed_text} failed: the table has the reason; the same command tries again.")


def _as_json(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given, with paths as text."""
    return {
        name: [str(each) for each in value] if isinstance(value, tuple) else str(value)
        for name, value in options.items()
        if value not in (None, ())
    }


def suite_commands() -> list[click.Command]:
    """Return the command of each suite."""
    return list(map(suite_command, EXAMPLES))
