"""`hyenadna convert`."""

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.command("convert")
@click.argument("source")
@click.argument("destination", type=PATH, required=False)
@click.option(
    "--layout",
    type=click.Choice(["plain", "hub", "original", "checkpointed"]),
    help="Names and files to write.  [default: original for a .ckpt, else plain]",
)
@click.option("--check", "genome", type=PATH, metavar="FASTA", help="Print the perplexity under both window shifts.")
@click.option("--backend", metavar="NAME", help="That --check runs on; wins over KERAS_BACKEND.")
@click.pass_obj
def command(session, source, destination, layout, genome, backend):
    """Write weights in another published layout, to the bit.

    SOURCE is a preset's name, a folder or file of weights, or hf://owner/name[@revision]. DESTINATION is a folder to
    make, with config.json, or a file to write: .safetensors, or .ckpt, which needs PyTorch. Layouts: plain is what
    hyenadna writes, hub what transformers reads, original the original's weights.ckpt, checkpointed the same as saved
    with activation checkpointing.

    Published files do not say the window shift, on which all numbers depend. --check runs the model on a genome with
    0.0 (the original's training code) and 0.05 (its inference code, and the hub's).

    \b
      hyenadna convert weights.ckpt mine/
      hyenadna convert hyenadna-tiny-1k tiny.ckpt --layout checkpointed
      hyenadna convert weights.ckpt --check genome.fa
    """  # noqa: D301 (click reads this)
    from hyenadna_core.weights.conversion import write_weights
    from hyenadna_core.weights.sources import read_weights

    if destination is None and genome is None:
        raise click.UsageError("Name a DESTINATION, or a genome to --check with.")
    weights = read_weights(source)
    if destination is not None:
        notices = write_weights(weights, destination, layout)
        click.echo(f"{weights.path} ({weights.layout}, {len(weights.tensors)} tensors) -> {destination}", err=True)
        if weights.left_out:
            click.echo(f"Left out, as no part of the language model: {', '.join(weights.left_out)}", err=True)
        if not weights.states_shift and layout in (None, "plain") and destination.suffix != ".ckpt":
            shift = weights.architecture["window_shift"]
            notices.append(f"{weights.path.name} does not say the window shift: {shift} is written; --check compares.")
        for notice in notices:
            click.echo(f"Note: {notice}", err=True)
    if genome is not None:
        from hyenadna_core.checks.window_shift import compare_shifts, comparison_table

        click.echo(comparison_table(compare_shifts(session.backend, weights, genome)))
