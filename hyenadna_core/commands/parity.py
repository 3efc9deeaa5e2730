"""`hyenadna parity`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from hyenadna_core.files.input import GivenPath
from hyenadna_core.terminal import print_result


@click.command("parity")
@click.option(
    "--backends", metavar="A,B", help="Backends to compare.  [default: the installed ones of jax, torch, mlx, numpy]"
)
@click.option("--out", type=GivenPath(), help="Also write the table to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the random models.")
def command(backends: str | None, seed: int, out: Path | None, as_json: bool) -> None:
    """Compare the backends with the original and with each other.

    The comparison uses the original's golden numbers and a float64 reference in plain NumPy.

    Each backend runs in its own process, on the golden model and on random models: order 3 with an
    odd length, a prime length, the options of the hub. The table has the largest absolute
    difference of logits, hidden states and loss, the largest difference of gradients relative to
    the largest value of each tensor, and the gate, which is the largest difference allowed. The
    exit status is 1 if a difference exceeds its gate. The NumPy backend has no gradients.
    """
    from hyenadna_backends import BACKENDS, missing
    from hyenadna_core.checks.parity import installed, run_backends, table
    from hyenadna_core.errors import HyenaDNAError
    from hyenadna_core.files.cache import write_text

    names = backends.split(",") if backends else installed()
    for name in names:
        if problem := missing(name):
            raise HyenaDNAError(problem)
    if not names:
        raise HyenaDNAError(f"No backend is installed: run pip install {BACKENDS['jax'].install}.")
    rows = list(run_backends(names, seed=seed))
    text = json.dumps([asdict(row) for row in rows], indent=2) if as_json else table(rows, names)
    print_result(text)
    if out:
        write_text(out, text + "\n")
    if exceeded := [row for row in rows if row.exceeded]:
        raise HyenaDNAError(f"{len(exceeded)} of {len(rows)} comparisons exceed their gate, first: {exceeded[0].case}.")
