"""A whole benchmark: its folder, its cells, and the table at the end."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from hyenadna_benchmarks.kept_parts import check_runner
from hyenadna_benchmarks.report.columns import counted
from hyenadna_benchmarks.runner import cells, inputs
from hyenadna_benchmarks.runner.bars import RunningBars
from hyenadna_benchmarks.runner.cells import Cell
from hyenadna_benchmarks.runner.kept import check_cells, compared_sets, keep, kept_plan, plan_in
from hyenadna_benchmarks.runner.plan import Plan
from hyenadna_benchmarks.runner.pool import Pool
from hyenadna_benchmarks.runner.protocols import PROTOCOLS
from hyenadna_benchmarks.suites import SUITES, task_class
from hyenadna_core import HyenaDNAError, locked, notice, progress

LOCK = ".lock"


def run_benchmark(plan: Plan, out: Path, jobs: int) -> list[dict[str, Any]]:
    """Compute all cells of a plan that are not finished, write the table, and return its rows.

    Raises:
        HyenaDNAError: the plan cannot be run, the folder has results of other options or is in use,
            or data are missing.
        KeyboardInterrupt: Ctrl-C came; the same call goes on.
    """
    from hyenadna_benchmarks.report.pages import write_report

    plan.checked()
    with locked_folder(out) as lock:
        check_runner(out, "SUITE")
        kept = kept_plan(out)
        plan = plan_in(out, plan, kept)
        planned = plan.cells()
        check_cells(plan, planned, out)
        pending = [cell for cell in planned if cells.finished(cell.folder(out)) is None]
        known = compared_sets(plan, kept)
        check_inputs(plan, out, [cell for cell in planned if cell in pending or cell.set not in known])
        keep(plan, out)
        if pending:
            announce(plan, planned, pending, jobs)
            compute(plan, out, jobs, lock, pending)
        else:
            notice(f"All {len(planned):,} measurements in {out} are finished.")
        return write_report(plan, out)


def failures(plan: Plan, out: Path) -> int:
    """Return the number of cells of a plan without a result."""
    return sum(cells.finished(cell.folder(out)) is None for cell in plan.cells())


@contextmanager
def locked_folder(out: Path) -> Iterator[IO[str]]:
    """Make a folder, and let no other command write into it.

    Raises:
        HyenaDNAError: another command uses it, or it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        file: IO[str] = os.fdopen(os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+")
    except OSError as error:
        raise HyenaDNAError(f"Cannot make the folder {out}: {error.strerror}.") from None
    with file:
        if not locked(file, out):
            raise HyenaDNAError(f"{out} is in use by another benchmark: wait for it, or choose another --out.")
        yield file


def check_inputs(plan: Plan, out: Path, chosen: Sequence[Cell]) -> None:
    """Read the rows of the sets of some cells, and print how they differ from the published ones.

    Raises:
        HyenaDNAError: rows are missing, or are not those of the finished cells.
    """
    names = list(dict.fromkeys(cell.set for cell in chosen))
    inputs.check_files(plan.suite, names, plan.folder)
    with progress("Reading", len(names)) as advance:
        for name in names:
            task = task_class(plan.suite).from_options(plan.task_of(name))
            kept = [result for _, result in cells.results(plan.cells_of(name), out)]
            inputs.check_rows(name, out, [*kept, {inputs.ROWS: inputs.rows_sha256(task)}])
            for sentence in task.cautions.values():
                notice(sentence)
            advance(1)


def announce(plan: Plan, planned: Sequence[Cell], pending: Sequence[Cell], jobs: int) -> None:
    """Tell what is going to be computed."""
    protocol = PROTOCOLS[plan.protocol]
    finished = len(planned) - len(pending)
    before = f" {finished:,} {'is' if finished == 1 else 'are'} finished." if finished else ""
    notice(
        f"{SUITES[plan.suite].title}: {counted(len(planned), 'measurement')} of {counted(len(plan.sets), 'set')}."
        f"{before} "
        f"Protocol {plan.protocol}: {protocol.sentence}. {jobs} at a time, {plan.threads_text} each."
    )


def compute(plan: Plan, out: Path, jobs: int, lock: IO[str], pending: Sequence[Cell]) -> None:
    """Compute cells, and print a line for each.

    Raises:
        KeyboardInterrupt: Ctrl-C came; a line says how to go on.
    """
    caution, count = PROTOCOLS[plan.protocol].caution, Counter[str]()
    with progress(SUITES[plan.suite].title, len(pending)) as advance:

        def on_end(cell: Cell, error: str) -> None:
            count["done"] += 1
            line = f"failed: {error}" if error else _result(cell, out)
            of_test = caution if not error and cell.contender != cells.AUDIT else ""
            cropped = "" if error else cells.cropped_text(cells.finished(cell.folder(out)) or {})
            line = "; ".join(filter(None, (line, of_test, cropped)))
            notice(f"[{count['done']}/{len(pending)}] {cell.title}: {line}")
            advance(1)

        try:
            with closing(RunningBars(out)) as bars:
                Pool(plan, out, jobs, lock).run(pending, on_end, bars)
        except KeyboardInterrupt:
            notice(f"Stopped; what is finished stays in {out}, and the same command goes on.")
            raise


def _result(cell: Cell, out: Path) -> str:
    result = cells.finished(cell.folder(out)) or {}
    if cell.contender == cells.AUDIT:
        return f"{result['leaked']:,} of {result['rows']:,} test rows are repeats or near duplicates"
    if "not_run" in result:
        return f"not run: {result['not_run']}"
    if cell.trial is not None:
        return f"valid {result['metric']} {_number(result['valid'])}"
    seconds = "" if result["seconds"] is None else f", {result['seconds']:.0f} s"
    return f"{result['metric']} {_number(result['figures'][result['metric']])}{seconds}"


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4f}"
