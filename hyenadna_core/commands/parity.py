"""`hyenadna parity`."""

import json
from dataclasses import asdict
from pathlib import Path

import click


@click.command("parity")
@click.option("--backends", metavar="A,B", help="Which to compare.  [default: all of jax, torch, mlx, numpy installed]")
@click.option("--out", type=click.Path(path_type=Path), help="Write the table to this file too.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the models drawn for this.")
def command(backends, seed, out, as_json):
    """Compare every installed backend with the original's golden numbers, with float64, and with the others.

    Each backend runs in a process of its own, on the golden model and on models drawn for this: order 3 with an odd
    length, a prime length, the hub's options. The table has the largest difference of logits, hidden states (absolute),
    loss, and gradients (in parts of each tensor's largest), and the gate that it must not exceed; where one does, the
    exit status is 1. The float64 reference is plain NumPy. NumPy as a backend has no gradients.
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
    click.echo(text)
    if out:
        write_text(out, text + "\n")
    if exceeded := [row for row in rows if row.exceeded]:
        raise HyenaDNAError(f"{len(exceeded)} of {len(rows)} comparisons exceed their gate, first: {exceeded[0].case}.")
