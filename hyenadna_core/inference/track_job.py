"""`hyenadna track` as a job: its parts, their arrays, and the files that they make."""

from collections.abc import Iterable, Iterator
from itertools import accumulate, product
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.blocks import Block
from hyenadna_core.genome.fasta import Genome, open_genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.genome.region import cut, parse_region, read_regions, union
from hyenadna_core.genome.track_files import track_paths, write_track
from hyenadna_core.genome.track_hub import BIGWIG, HUB, HubTrack, tracks_of_hub, write_hub
from hyenadna_core.inference.job import Job
from hyenadna_core.inference.part_file import Arrays
from hyenadna_core.inference.track import WHAT
from hyenadna_core.inference.windows import STRANDS, Window, is_base, read_window

BASES = 1 << 18  # of a part, about
LABELS = {"log-likelihood": "log P", "entropy": "entropy", "logo": "logo"}  # short, for a browser


def intervals_of(genome: Genome, regions: Iterable[str], bed: Path | None) -> list[Interval]:
    """Return the intervals that a command names: regions and a BED, or the whole genome."""
    named = [parse_region(region, genome) for region in regions]
    if bed is not None:
        named += read_regions(bed, genome)
    whole = (Interval(chrom, 0, length) for chrom, length in genome.contigs.items())
    return [each for each in union(named or whole, genome) if len(each)]


def parts_of(intervals: list[Interval], window: int, context: int) -> list[list[Interval]]:
    """Cut intervals between windows, and group them into parts of about as many windows."""
    step = window - context
    most = max(1, BASES // step)
    parts: list[list[Interval]] = []
    windows = most
    for piece in cut(intervals, most * step):
        windows += windows_of(piece, step)
        if windows > most:
            parts.append([])
            windows = windows_of(piece, step)
        parts[-1].append(piece)
    return parts


def windows_of(interval: Interval, step: int) -> int:
    """Return the number of windows with bases of an interval; each has values of `step` bases."""
    return -(-interval.end // step) - interval.start // step


def names_of(what: str) -> tuple[str, ...]:
    """Return the names of the tracks, if there are several."""
    names = WHAT[what].names
    return names if len(names) > 1 else ()


def outputs(job: Job, out: Path) -> list[Path]:
    """Return the files of a track, and that of the hub around it, and check them."""
    paths = track_paths(out, names_of(job.options["what"]))
    if not job.options["hub"]:
        return paths
    check_hub(out.parent, out, job.options["hub"])
    return [*paths, out.parent / HUB]


def write(job: Job, parts: Iterable[Arrays], out: Path) -> None:
    """Write the values of all parts of a job into `out`, and the hub around it."""
    options: dict[str, Any] = job.options
    genome = open_genome(job.inputs["fasta"].path)
    bed = job.inputs.get("bed")
    intervals = intervals_of(genome, options["region"], Path(bed.path) if bed else None)
    pieces = parts_of(intervals, options["window"], options["context"])
    names = names_of(options["what"])
    paths = write_track(out, genome.contigs, blocks_of(pieces, parts), names)
    if options["hub"]:
        write_hub(out.parent, options["hub"], [hub_track(options, paths, names)])


def blocks_of(pieces: list[list[Interval]], parts: Iterable[Arrays]) -> Iterator[Block]:
    """Yield the values of each interval of each part."""
    for intervals, arrays in zip(pieces, parts, strict=True):
        ends = list(accumulate(map(len, intervals)))
        for each, values in zip(intervals, np.split(arrays["values"], ends[:-1]), strict=True):
            yield Block(each.chrom, each.start, values)


def check_hub(folder: Path, out: Path, genome: str) -> None:
    """Check before any work that a hub can be written around `out`.

    Raises:
        HyenaDNAError: `out` is no BigWig in the folder, the name of the genome is one that the
            browser cannot read, or the folder has another hub.
    """
    if out.parent != folder or out.suffix.lower() not in BIGWIG:
        raise HyenaDNAError(f"A hub needs a BigWig in its folder: name {out} like {folder / 'chr20.bw'}.")
    tracks_of_hub(folder, genome)


def has_values(genome: Genome, intervals: list[Interval], strand: str) -> bool:
    """Return whether intervals have an A, C, G or T with a base before it on a strand."""
    for each, name in product(cut(intervals, BASES), STRANDS[strand]):
        start = max(each.start, int(name == "+"))
        end = min(each.end, genome.contigs[each.chrom] - (name == "-"))
        if is_base(read_window(genome, Window(each.chrom, start, max(start, end)))).any():
            return True
    return False


def hub_track(options: dict[str, Any], paths: list[Path], names: tuple[str, ...]) -> HubTrack:
    """Return the track of a hub, with what a person reads about it."""
    what, strand = options["what"], {"both": "both strands", "+": "+ strand", "-": "- strand"}[options["strand"]]
    weights = options["weights"].rstrip("/").rpartition("/")[2]
    description = f"{what} (nats) of each base, {strand}, HyenaDNA {shown(weights)}"
    files = dict(zip(names, paths, strict=True)) if names else paths[0]
    return HubTrack(f"hyenadna_{what}".replace("-", "_"), f"HyenaDNA {LABELS[what]}", description, files)
