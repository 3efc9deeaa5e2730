"""Write a UCSC track hub around BigWig files: one hub.txt, which the genome browser opens."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.cache import write_text
from hyenadna_core.files.text import text_lines

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # of a track in trackDb
HUB, NAME_OF_HUB = "hub.txt", "hyenadna"
WORD = re.compile(r"[A-Za-z0-9._-]+")  # of a genome and of a hub
COLORS = {"A": "0,150,0", "C": "0,0,220", "G": "240,150,0", "T": "210,0,0"}
COLOR = "60,60,60"
BIGWIG = (".bw", ".bigwig")
SHORT, LONG = 17, 76  # characters of a label that the browser shows
EMAIL = "unknown@example.org"  # the browser requires an address


@dataclass(frozen=True)
class HubTrack:
    """A track of a hub: one BigWig, or one for each base, which are drawn on top of each other.

    Attributes:
        name: letters, digits and _; the first is a letter.
        label: a short title.
        description: one line.
        files: a BigWig, or BigWigs by the name of their base.
        limits: the least and the greatest value of the vertical axis; else the browser chooses.
    """

    name: str
    label: str
    description: str
    files: Path | Mapping[str, Path]
    limits: tuple[float, float] | None = None


def write_hub(folder: str | Path, genome: str, tracks: Sequence[HubTrack], email: str = EMAIL) -> Path:
    """Write hub.txt into a folder, with relative links to the files of the tracks; return its path.

    Tracks of other names that it had before stay.

    Args:
        genome: the name of the genome in the browser, such as hg19 or GCF_000005845.2.

    Raises:
        HyenaDNAError: a name or label is one that the browser cannot read, a name comes twice, a
            file is missing or no BigWig, or hub.txt is there and not of this genome.
        OSError: the folder cannot be written.
    """
    folder = Path(folder)
    kept = tracks_of_hub(folder, genome)
    _check(folder, tracks)
    hub = {
        "hub": NAME_OF_HUB,
        "shortLabel": "HyenaDNA",
        "longLabel": f"Tracks of HyenaDNA on {genome}",
        "useOneFile": "on",
        "email": email,
    }
    names = [track.name for track in tracks]
    stanzas = [hub, {"genome": genome}]
    stanzas += [each for each in kept if each["track"] not in names and each.get("parent") not in names]
    for track in tracks:
        stanzas += _stanzas(folder, track)
    lines = ("".join(f"{key} {value}\n" for key, value in stanza.items()) for stanza in stanzas)
    write_text(folder / HUB, "\n".join(lines))
    return folder / HUB


def tracks_of_hub(folder: Path, genome: str) -> list[dict[str, str]]:
    """Return the settings of the tracks that the hub in a folder has already.

    Call it before a long computation.

    Raises:
        HyenaDNAError: the browser cannot read the name of the genome, or hub.txt is one that
            `write_hub` did not write for this genome.
    """
    if not WORD.fullmatch(genome):
        raise HyenaDNAError(
            f"The browser cannot read the name '{shown(genome)}' of a genome: give its name there, such as hg19."
        )
    path = folder / HUB
    if not path.exists():
        return []
    blocks = "".join(text_lines(path, lambda done: None)).strip().split("\n\n")
    pairs = [[line.partition(" ") for line in block.splitlines()] for block in blocks]
    head, *others = [{key: value for key, _, value in block} for block in pairs]
    if head.get("hub") != NAME_OF_HUB or not others or not all("track" in each for each in others[1:]):
        raise HyenaDNAError(f"{path} was not written by hyenadna: choose another folder.")
    if (other := others[0].get("genome", "")) != genome:
        raise HyenaDNAError(f"{path} is of the genome {shown(other)}, not {genome}: choose another folder.")
    return others[1:]


def _check(folder: Path, tracks: Sequence[HubTrack]) -> None:
    names = [track.name for track in tracks]
    for track in tracks:
        place = f"{folder}, track '{shown(track.name)}'"
        if not NAME.fullmatch(track.name):
            rule = "letters, digits and _, with a letter at the start"
            raise HyenaDNAError(f"{place}: a name in a hub has {rule}.")
        if names.count(track.name) > 1:
            raise HyenaDNAError(f"{place}: another track has this name: give each its own.")
        for text in (track.label, track.description):
            if not text.strip() or not text.isprintable():
                raise HyenaDNAError(f"{place}: the label '{shown(text)}' must be one line of text.")
        for file in [track.files] if isinstance(track.files, Path) else track.files.values():
            if not file.is_file():
                raise HyenaDNAError(f"{place}: there is no file {file}.")
            if file.suffix.lower() not in BIGWIG:
                raise HyenaDNAError(f"{place}: {file} is no BigWig: name it {' or '.join(BIGWIG)}.")


def _stanzas(folder: Path, track: HubTrack) -> list[dict[str, str]]:
    """Return the settings of a track; a logo has a container and a track for each base."""
    labels = {"shortLabel": track.label[:SHORT], "longLabel": track.description[:LONG]}
    scale = {"autoScale": "on", "alwaysZero": "on"}
    if track.limits:
        low, high = track.limits
        scale = {"autoScale": "off", "viewLimits": f"{low:g}:{high:g}"}
    scale |= {"visibility": "full", "maxHeightPixels": "128:64:16"}
    if isinstance(track.files, Path):
        link = {"bigDataUrl": _link(folder, track.files)}
        return [{"track": track.name} | link | labels | {"type": "bigWig", "color": COLOR} | scale]
    container = {"track": track.name, "container": "multiWig", "aggregate": "stacked", "type": "bigWig"}
    bases = [
        {
            "track": f"{track.name}_{base}",
            "parent": track.name,
            "bigDataUrl": _link(folder, file),
            "shortLabel": base,
            "longLabel": f"{track.description[: LONG - len(base) - 2]}: {base}",
            "type": "bigWig",
            "color": COLORS.get(base, COLOR),
        }
        for base, file in track.files.items()
    ]
    return [container | labels | scale | {"showSubtrackColorOnUi": "on"}, *bases]


def _link(folder: Path, file: Path) -> str:
    """Return the address of a file relative to that of hub.txt."""
    return quote(Path(os.path.relpath(file, folder)).as_posix())
