import os
from urllib.parse import unquote

import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.track_hub import HubTrack, write_hub


def stanzas(hub):
    """Read a hub: the settings of each block of lines."""
    blocks = hub.read_text(encoding="utf-8").strip().split("\n\n")
    return [dict(line.split(" ", 1) for line in block.splitlines()) for block in blocks]


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "my tracks"
    folder.mkdir()
    paths = {name: folder / f"chr20.{name}.bw" for name in ("all", *"ACGT")}
    for path in paths.values():
        path.touch()
    return paths


@pytest.fixture
def tracks(files):
    whole = HubTrack("log_likelihood", "log-likelihood", "Log-likelihood of each base, nats", files["all"], (-3, 0))
    logo = HubTrack("logo", "logo", "Log-probability of each base", {base: files[base] for base in "ACGT"})
    return [whole, logo]


@pytest.mark.parametrize("place", ["hub", "deep/er/hub", "my tracks"])
def test_every_link_of_a_hub_leads_to_a_file(place, tracks, tmp_path):
    path = write_hub(tmp_path / place, "hg19", tracks)
    assert path == tmp_path / place / "hub.txt"
    links = [stanza["bigDataUrl"] for stanza in stanzas(path) if "bigDataUrl" in stanza]
    assert len(links) == 5
    assert not any(link.startswith("/") or " " in link for link in links)
    assert all((path.parent / unquote(link)).is_file() for link in links)


def test_a_hub_has_its_head_its_genome_and_its_tracks(tracks, tmp_path):
    head, genome, track, container, *bases = stanzas(
        write_hub(tmp_path / "hub", "hg19", tracks, email="me@example.org")
    )
    assert (head["hub"], head["useOneFile"], head["email"]) == ("hyenadna", "on", "me@example.org")
    assert genome == {"genome": "hg19"}
    assert (track["track"], track["type"], track["viewLimits"]) == ("log_likelihood", "bigWig", "-3:0")
    assert (container["container"], container["aggregate"]) == ("multiWig", "stacked")
    assert [base["track"] for base in bases] == ["logo_A", "logo_C", "logo_G", "logo_T"]
    assert {base["parent"] for base in bases} == {container["track"]}
    assert len({base["color"] for base in bases}) == 4
    assert all(len(stanza.get("shortLabel", "")) <= 17 for stanza in (head, track, container, *bases))


def test_a_hub_can_be_read_by_others(tracks, tmp_path):
    os.umask(before := os.umask(0o022))
    path = write_hub(tmp_path / "hub", "hg19", tracks)
    assert path.stat().st_mode & 0o777 == 0o666 & ~before


@pytest.mark.parametrize(
    ("genome", "change", "message"),
    [
        ("", {}, "cannot read the name '' of a genome: give its name there, such as hg19"),
        ("hg 19\n", {}, r"the name 'hg 19\n' of a genome"),
        ("hg19", {"name": "log-likelihood"}, "track 'log-likelihood': a name in a hub has letters, digits and _"),
        (
            "hg19",
            {"name": "2bit"},
            "track '2bit': a name in a hub has letters, digits and _, with a letter at the start",
        ),
        ("hg19", {"name": "logo"}, "track 'logo': another track has this name: give each its own"),
        ("hg19", {"label": "a\nb"}, r"track 'log_likelihood': the label 'a\nb' must be one line of text"),
        ("hg19", {"description": " "}, "track 'log_likelihood': the label ' ' must be one line of text"),
        ("hg19", {"files": "missing.bw"}, "track 'log_likelihood': there is no file "),
        ("hg19", {"files": "here.bedgraph"}, "track 'log_likelihood': "),
    ],
)
def test_what_a_browser_cannot_read_is_one_line(genome, change, message, tracks, tmp_path):
    (tmp_path / "here.bedgraph").touch()
    settings = vars(tracks[0]) | change
    settings["files"] = tmp_path / settings["files"]
    with pytest.raises(HyenaDNAError) as raised:
        write_hub(tmp_path / "hub", genome, [HubTrack(**settings), tracks[1]])
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "hub").exists()
