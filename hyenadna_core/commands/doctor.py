"""`hyenadna doctor`."""

import json

import click


@click.command("doctor")
@click.option("--self-check", is_flag=True, help="Run transforms and the golden model on the device, against NumPy.")
@click.option("--preset", help="Print what memory this architecture takes at --seq-len.")
@click.option("--seq-len", type=click.IntRange(min=1), help="Bases.  [default: the preset's most]")
@click.option("--batch-size", type=click.IntRange(min=1), default=1, show_default=True, help="Sequences.")
@click.option("--backend", metavar="NAME", help="As in the other commands; it is the one that --self-check runs on.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(session, self_check, preset, seq_len, batch_size, backend, as_json):
    """Show which backends are installed, their versions and devices, and what each extra would add.

    With --self-check, lines to paste into a report: the long convolution from 1 base to 2,097,152 (transforms of 2^10
    to 2^22, odd and prime lengths), and the golden model's logits and, where the backend trains, gradients. Exit status
    1 where a device is farther from NumPy than it may be.

    With --preset, an estimate instead: bytes of weights, kept spectra, activations and optimizer, and the peak, for
    inference, for training, and for training with rematerialised blocks, in float32, without Python and the backend.
    """
    from hyenadna_core.checks.diagnosis import diagnose, diagnosis_text
    from hyenadna_core.errors import HyenaDNAError
    from hyenadna_core.terminal import notice

    if preset:
        from hyenadna_core.model.memory import estimates, estimates_table
        from hyenadna_core.registry import find_preset

        rows = estimates(find_preset(preset), batch_size, seq_len, session.backend.name)
        click.echo(json.dumps(rows, indent=2) if as_json else estimates_table(rows))
        notice("Python and the backend take 0.3 to 0.6 GB besides.")
        return
    found = diagnose(session.backend)
    if not as_json:
        click.echo(diagnosis_text(found))
    checks = []
    if self_check:
        from hyenadna_core.checks.self_check import self_check as run_checks

        if not as_json:
            click.echo(f"\nself-check of {session.backend.name}")
        for check in run_checks(session.backend):
            checks.append(check)
            if not as_json:
                click.echo(str(check))
        found["self_check"] = [check._asdict() | {"passed": check.passed} for check in checks]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    if failed := [check for check in checks if not check.passed]:
        raise HyenaDNAError(f"{len(failed)} of {len(checks)} checks failed, first: {failed[0].name}.")
