"""`hyenadna track` as a job: its parts, their arrays, and the files that they make."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hyenadna_core.genome.blocks import Block
from hyenadna_core.genome.fasta import Genome, open_genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.genome.region import cut, parse_region, read_regions, union
from hyenadna_core.genome.track_files import write_track
from hyenadna_core.genome.track_hub import HubTrack, write_hub
from hyenadna_core.inference.job import Job
from hyenadna_core.inference.part_file import Arrays
from hyenadna_core.inference.track import WHAT

BASES = 1 << 18  # of a part, about
LABELS = {"log-likelihood": "log P", "entropy": "entropy", "logo": "logo"}  # short, for a browser


def intervals_of(genome: Genome, regions: Iterable[str], bed: Path | None) -> list[Interval]:
    """Return the intervals that a command names: regions and a BED, or the whole genome."""
    named = [parse_region(region, genome) for region in regions]
    if bed is not None:
        named += read_regions(bed, genome)
    return union(named or [Interval(chrom, 0, length, "") for chrom, length in genome.contigs.items()], genome)


def parts_of(intervals: list[Interval], window: int, context: int) -> list[Interval]:
    """Cut intervals into parts with whole windows."""
    step = window - context
    return cut(intervals, max(1, BASES // step) * step)


def names_of(what: str) -> tuple[str, ...]:
    """Return the names of the tracks, if there are several."""
    names = WHAT[what].names
    return names if len(names) > 1 else ()


def write(job: Job, parts: Iterable[Arrays], out: Path) -> None:
    """Write the values of all parts of a job into `out`, and the hub around it."""
    options: dict[str, Any] = job.options
    genome = open_genome(job.inputs["fasta"].path)
    bed = job.inputs.get("bed")
    intervals = intervals_of(genome, options["region"], Path(bed.path) if bed else None)
    places = parts_of(intervals, options["window"], options["context"])
    blocks = (Block(place.chrom, place.start, arrays["values"]) for place, arrays in zip(places, parts, strict=True))
    names = names_of(options["what"])
    paths = write_track(out, genome.contigs, blocks, names)
    if options["hub"]:
        write_hub(out.parent, options["hub"], [hub_track(options, paths, names)])


def hub_track(options: dict[str, Any], paths: list[Path], names: tuple[str, ...]) -> HubTrack:
    """Return the track of a hub, with what a person reads about it."""
    what, strand = options["what"], {"both": "both strands", "+": "+ strand", "-": "- strand"}[options["strand"]]
    description = f"{what} (nats) of each base under HyenaDNA, {options['weights']}, {strand}"
    files = dict(zip(names, paths, strict=True)) if names else paths[0]
    return HubTrack(f"hyenadna_{what}".replace("-", "_"), f"HyenaDNA {LABELS[what]}", description, files)
