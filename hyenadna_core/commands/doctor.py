"""`hyenadna doctor`."""

import json
from typing import Any

import click

from hyenadna_core.registry import Session
from hyenadna_core.terminal import Column, Row, json_option, notice, print_result, print_rows

BYTES = ("weights", "spectra", "activations", "optimizer", "peak")
MEMORY_COLUMNS = (
    Column("for"),
    Column("batch", "batch_size"),
    Column("bases", "seq_len"),
    *(Column(f"{name} MB", f"{name}_MB") for name in BYTES),
)


@click.command("doctor")
@click.option("--self-check", is_flag=True, help="Compare this device with NumPy: convolutions and the golden model.")
@click.option("--preset", metavar="NAME", help="Estimate the memory that this architecture needs.")
@click.option("--seq-len", type=click.IntRange(min=1), help="Bases.  [default: the longest input of the preset]")
@click.option("--batch-size", type=click.IntRange(min=1), default=1, show_default=True, help="Sequences.")
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND.")
@json_option
@click.pass_obj
def command(
    session: Session,
    self_check: bool,
    preset: str | None,
    seq_len: int | None,
    batch_size: int,
    backend: str | None,
    as_json: bool,
) -> None:
    """Show the backends, their devices, and the missing packages.

    --self-check prints one line for each check, to paste into a report. It checks the long
    convolution from 1 to 2,097,152 bases, the logits of the golden model and, if the backend can
    train, its gradients. The exit status is 1 if the device differs from NumPy by more than a
    limit.

    --preset prints an estimate of the memory instead: weights, kept spectra, activations, optimizer
    and peak, for inference, for training, and for training with rematerialised blocks. The estimate
    is for float32. It does not include Python and the backend.
    """
    if preset:
        print_memory(session, preset, batch_size, seq_len, as_json)
        return
    from hyenadna_core.checks.diagnosis import diagnose, print_diagnosis
    from hyenadna_core.errors import HyenaDNAError

    diagnosis = diagnose(session.backend)
    if not as_json:
        print_diagnosis(diagnosis)
    checks = []
    if self_check:
        from hyenadna_core.checks.self_check import self_check as run_checks

        if not as_json:
            print_result(f"\nself-check of {session.backend.name}")
        for check in run_checks(session.backend):
            checks.append(check)
            if not as_json:
                print_result(str(check))
        diagnosis["self_check"] = [check._asdict() | {"passed": check.passed} for check in checks]
    if as_json:
        print_result(json.dumps(diagnosis, indent=2))
    if failed := [check for check in checks if not check.passed]:
        raise HyenaDNAError(f"{len(failed)} of {len(checks)} checks failed, first: {failed[0].name}.")


def print_memory(session: Session, preset: str, batch_size: int, seq_len: int | None, as_json: bool) -> None:
    """Print the estimated memory of a preset: bytes in JSON, megabytes in the table."""
    from hyenadna_core.model.memory import estimates
    from hyenadna_core.registry import find_preset

    rows = estimates(find_preset(preset), batch_size, seq_len, session.backend.name)
    print_rows(rows if as_json else [in_megabytes(row) for row in rows], as_json, MEMORY_COLUMNS)
    notice("Python and the backend need 0.3 to 0.6 GB more.")


def in_megabytes(row: Row) -> dict[str, Any]:
    """Return a row of an estimate with its bytes as whole megabytes."""
    shape = {name: row[name] for name in ("for", "batch_size", "seq_len")}
    return shape | {f"{name}_MB": round(row[name] / 1e6) for name in BYTES}
