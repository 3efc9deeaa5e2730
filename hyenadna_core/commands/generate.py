"""`hyenadna generate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hyenadna_core.backend import check_installed
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.inference.options import LONGEST, PATH, Reading, backend_option, weights_option
from hyenadna_core.inference.shard import resume_option
from hyenadna_core.registry import Session
from hyenadna_core.terminal import Advance, notice_written

if TYPE_CHECKING:
    from hyenadna_core.inference.part_file import Arrays

STDOUT = Path("-")


def _bias(_ctx: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> tuple[float, ...]:
    """Return the values of --bias for A, C, G and T."""
    values = dict.fromkeys("ACGT", 0.0)
    for text in texts:
        base, _, number = text.upper().partition("=")
        try:
            if base not in values:
                raise ValueError
            values[base] = float(number)
        except ValueError:
            raise click.BadParameter(f"{text!r} is not BASE=NATS, such as G=0.5.") from None
    return tuple(values.values())


@click.command("generate")
@click.argument("prompt")
@click.option("--bases", type=click.IntRange(1, LONGEST), required=True, help="Number of bases to generate.")
@click.option("--fasta", type=PATH, help="Genome; PROMPT is then a region of it, as in chr1:1,001-2,000.")
@click.option("--samples", type=click.IntRange(min=1), default=1, show_default=True, help="Sequences for each prompt.")
@click.option(
    "--temperature",
    type=float,
    default=1.0,
    show_default=True,
    help="Divide the logits by this; 0 takes the most likely base.",
)
@click.option(
    "--top-k", type=click.IntRange(1, 4), default=4, show_default=True, help="Draw only from the K most likely bases."
)
@click.option(
    "--top-p",
    type=float,
    default=1.0,
    show_default=True,
    help="Draw from the fewest most likely bases that add up to P.",
)
@click.option(
    "--bias", multiple=True, metavar="BASE=NATS", callback=_bias, help="Add this to the logit of a base; repeatable."
)
@click.option(
    "--forced", metavar="PATTERN", default="", help="Fix the first new bases, as in NNNTATAAA; N: draw this base."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the draws.")
@click.option("--out", type=PATH, default="-", help="File of the sequences, FASTA.  [default: stdout]")
@click.option("--log-likelihoods", type=PATH, metavar="FILE", help="Table (.tsv) of log P of each new base, in nats.")
@click.option("--allow-longer", is_flag=True, help="Allow a longer sequence than in training; models fail on these.")
@resume_option
@weights_option
@backend_option
@click.pass_obj
def command(
    session: Session,
    /,
    prompt: str,
    bases: int,
    fasta: Path | None,
    samples: int,
    seed: int,
    forced: str,
    out: Path,
    log_likelihoods: Path | None,
    allow_longer: bool,
    resume: bool,
    weights: str | None,
    backend: str | None,
    **rules: Any,
) -> None:
    """Continue a PROMPT with new bases.

    PROMPT is a text of bases, the path of a FASTA file, or - for stdin. With --fasta, it is a
    region of that genome. Each record of a FASTA is a prompt. The output is FASTA, with the new
    bases only and the settings in each header. Only A, C, G and T are drawn.

    \b
      hyenadna generate ACGTTGCA --bases 500 --seed 1
      hyenadna generate chr20:60,962,050-60,962,249 --fasta genome.fa --bases 200 --samples 8
    """  # noqa: D301 (click reads this)
    check_installed(session.backend)  # the imports below start Keras
    from hyenadna_core.files.output import check_outputs, check_stdout
    from hyenadna_core.inference import generate_job
    from hyenadna_core.inference.announcement import Announcement
    from hyenadna_core.inference.generate import check_bases
    from hyenadna_core.inference.generated import stream_generated
    from hyenadna_core.inference.model import find_weights, job_of, make_model
    from hyenadna_core.inference.parts import check_resume, opened_parts
    from hyenadna_core.inference.prompts import read_prompts
    from hyenadna_core.inference.sampling import Sampling
    from hyenadna_core.model.base_by_base import BaseByBase

    sampling = Sampling(**rules)
    check_resume(out, resume)
    inputs = [path for path in (fasta, Path(prompt)) if path and path.is_file()]
    written = [path for path in (out, log_likelihoods) if path and path != STDOUT]
    check_outputs(written, inputs)
    if out == STDOUT:
        check_stdout(inputs)
    prompts = read_prompts(prompt, fasta)
    for each in prompts:
        check_bases(f"The sequence of {shown(each.name)}", each.bases)
    longest = max(len(each.bases) for each in prompts) + bases
    window = longest if allow_longer else None
    source = find_weights(session, Reading(weights, window, allow_longer, "+", samples, "float32"))
    if longest > source.window:
        raise HyenaDNAError(
            f"A prompt of {longest - bases:,} bases with {bases:,} new ones is longer than the {source.window:,} bases "
            f"of the training of {source.name}, and models fail beyond that: ask for fewer, or add --allow-longer."
        )
    settings = {"weights": source.name, "sha256": source.sha256[:12], "seed": seed, "forced": forced.upper()}
    settings |= {"temperature": sampling.temperature, "top_k": sampling.top_k, "top_p": sampling.top_p}
    settings |= {"bias": ",".join(f"{value:g}" for value in sampling.bias)}

    def generator() -> generate_job.Generator:
        reader = BaseByBase(make_model(source), longest)
        return generate_job.Generator(reader, prompts, bases, samples, sampling, forced, seed)

    if out == STDOUT:
        stream_generated(prompts, generator().new_bases, bases, samples, settings, log_likelihoods)
    else:
        numbers = generate_job.parts_of(len(prompts), bases)
        options = {"bases": bases, "samples": samples, "seed": seed, "forced": forced.upper(), **rules}
        options["log_likelihoods"] = log_likelihoods is not None  # a resumed run writes the same files
        inputs_of_job = {"prompts": generate_job.input_of(prompt, prompts)}
        job = job_of(source, "generate", inputs_of_job, options | {"batch_size": None}, len(numbers))
        with opened_parts(out, job, resume, written) as parts:
            if parts.missing:
                ours, total = generator(), bases * sum(len(numbers[part]) for part in parts.missing)
                announcement = Announcement(f"Generating {total * samples:,} bases", total)

                def compute(part: int, advance: Advance) -> "Arrays":
                    return ours.compute(part, numbers[part], parts.states, announcement.beside(advance))

                parts.run(compute, "Generating", [bases * len(part) for part in numbers])
            parts.finish(generate_job.assembler_of(prompts, bases, settings, log_likelihoods))
    if written:
        notice_written(written)
