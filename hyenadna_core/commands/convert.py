"""`hyenadna convert`."""

from pathlib import Path

import click

from hyenadna_core.errors import first_names
from hyenadna_core.files.input import GivenPath
from hyenadna_core.registry import Session
from hyenadna_core.terminal import notice, print_rows

PATH = GivenPath()


@click.command("convert")
@click.argument("source")
@click.argument("destination", type=PATH, required=False)
@click.option(
    "--layout",
    type=click.Choice(["plain", "hub", "original", "checkpointed"]),
    help="Layout to write.  [default: original for a .ckpt file, else plain]",
)
@click.option(
    "--check", "genome", type=PATH, metavar="FASTA", help="Print the perplexity of a genome with both window shifts."
)
@click.option("--backend", metavar="NAME", help="Backend for --check. Overrides KERAS_BACKEND.")
@click.pass_obj
def command(
    session: Session, source: str, destination: Path, layout: str | None, genome: Path | None, backend: str | None
) -> None:
    """Write weights in another layout, bit for bit.

    SOURCE is the name of a preset, a folder or file of weights, or hf://owner/name[@revision].
    DESTINATION is a new folder, which gets a config.json, or a new file: .safetensors, or .ckpt,
    which needs PyTorch.

    hyenadna writes the layout "plain"; transformers reads "hub". The original code reads
    "original", its weights.ckpt, or "checkpointed" if it uses activation checkpointing.

    All outputs depend on the window shift, but published files do not state it. --check runs the
    model on a genome with 0.0 (the original's training code) and 0.05 (its inference code, and the
    hub's).

    \b
      hyenadna convert weights.ckpt mine/
      hyenadna convert hyenadna-tiny-1k tiny.ckpt --layout checkpointed
      hyenadna convert weights.ckpt --check genome.fa
    """  # noqa: D301 (click reads this)
    from hyenadna_core.weights.conversion import write_weights
    from hyenadna_core.weights.sources import read_weights

    if destination is None and genome is None:
        raise click.UsageError("Nothing to do: give a DESTINATION, or a genome with --check.")
    weights = read_weights(source)
    if destination is not None:
        notices = write_weights(weights, destination, layout)
        notice(f"{weights.path} ({weights.layout}, {len(weights.tensors)} tensors) -> {destination}")
        if weights.left_out:
            notice(f"Left out, since the language model has no such tensors: {first_names(weights.left_out)}")
        if not weights.states_shift and layout in (None, "plain") and destination.suffix != ".ckpt":
            shift = weights.architecture["window_shift"]
            notices.append(
                f"{weights.path.name} does not state the window shift: {shift} is written. --check compares the two."
            )
        for text in notices:
            notice(f"Note: {text}")
    if genome is not None:
        from hyenadna_core.checks.window_shift import compare_shifts, comparison_rows

        print_rows(comparison_rows(compare_shifts(session.backend, weights, genome)), as_json=False)
