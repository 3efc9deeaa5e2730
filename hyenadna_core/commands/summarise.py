"""`hyenadna summarise`."""

import json
import sys
from pathlib import Path

import click

from hyenadna_core.files.input import GivenPath
from hyenadna_core.terminal import json_option, notice, notice_written, print_result

PATH = GivenPath()
FORMATS = ("table", "tsv", "markdown")


@click.command("summarise")
@click.argument("runs", type=PATH, nargs=-1, required=True, metavar="RUN...")
@click.option("--figure", "figures", multiple=True, metavar="NAME", help="Only this figure; may be repeated.")
@click.option("--against", metavar="GROUP", help="Group to compare the others with.  [default: the first]")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="[default: table at a terminal and in --out, tsv in a pipe]"
)
@click.option("--out", type=PATH, help="File to write.  [default: stdout]")
@json_option
def command(
    runs: tuple[Path, ...],
    figures: tuple[str, ...],
    against: str | None,
    form: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare finished runs over seeds and folds.

    RUN is a run folder, or a folder of run folders. Runs that differ only in seed and fold are a
    group, named by the options in which groups differ. For each group, model and figure: the number
    of runs, mean, standard deviation (n - 1), smallest, largest and standard error. Baselines have
    their own rows.

    Groups with figures of the same data are compared with the first group, or with --against: the
    mean difference over runs of the same seed and fold, with a 95 % interval by Student's t. Folds
    share training rows, so intervals over folds are somewhat too short.

    Folders without a finished run, and repeated runs, are named on stderr and left out.

    \b
      hyenadna summarise runs/*
      hyenadna summarise runs --figure mcc --format markdown --out summary.md
    """  # noqa: D301 (click reads this)
    from hyenadna_core.files.cache import write_text
    from hyenadna_core.files.output import check_outputs
    from hyenadna_core.training.summary import option_text, summarise

    if out:
        check_outputs([out], [])
    summary = summarise(runs, figures, against)
    if summary.left_out:
        notice(f"Left out: {len(summary.left_out)} of {len(summary.left_out) + sum(map(len, summary.runs.values()))}.")
    for _, reason in summary.left_out:
        notice(f"- {reason}")
    for name, options in summary.also.items():
        notice(f"{name} also has: {', '.join(f'{option} {option_text(value)}' for option, value in options.items())}")
    form = form or ("table" if out or (sys.stdout and sys.stdout.isatty()) else "tsv")
    text = json.dumps(summary.to_json(), indent=2) if as_json else summary.as_text(form)
    if out:
        write_text(out, text + "\n")
        notice_written([out])
    else:
        print_result(text)
