import sys

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.annotation import Feature
from hyenadna_core.inference import pictures, track_picture
from hyenadna_core.inference.pictures import check_picture_path, dependency_picture, substitution_picture

logomaker = pytest.importorskip("logomaker", reason="logomaker is not installed")

MAGIC = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
SEQUENCE = "ACGTNacg"
EFFECTS = np.random.default_rng(0).normal(size=(len(SEQUENCE), 4)).astype(np.float32)
DEPENDENCIES = np.abs(np.random.default_rng(1).normal(size=(30, 30)))
VALUES = np.random.default_rng(2).normal(size=5000).astype(np.float32)
VALUES[1000:2000] = np.nan
EXONS = [
    Feature("exon", 990, 1200, "+", "LEFT"),
    Feature("exon", 1100, 1300, "-", "INSIDE"),
    Feature("exon", 5800, 9000, "+", "RIGHT"),
    Feature("exon", 9000, 9001, "+", "OUTSIDE"),
]
PICTURES = {
    "substitutions": lambda path: substitution_picture(path, "chr1", 999, SEQUENCE, EFFECTS),
    "dependencies": lambda path: dependency_picture(path, "chr1", 999, DEPENDENCIES),
    "track": lambda path: track_picture.track_picture(path, "chr1", 999, VALUES, EXONS),
}


@pytest.fixture
def figure(monkeypatch):
    """Keep the figure of the next picture instead of writing it: figure() returns it."""
    kept = []
    for module in (pictures, track_picture):
        monkeypatch.setattr(module, "save_picture", lambda drawn, path: kept.append(drawn))
    return lambda: kept[-1]


@pytest.mark.parametrize(
    ("name", "suffix"), [("substitutions", ".png"), ("dependencies", ".svg"), ("dependencies", ".PDF")]
)
def test_the_suffix_names_the_format_and_the_bytes_stay(name, suffix, tmp_path):
    for path in (tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"):
        PICTURES[name](path)
        assert path.read_bytes().startswith(MAGIC[suffix.lower()])
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", PICTURES)
def test_another_suffix_is_one_line(name, tmp_path):
    with pytest.raises(HyenaDNAError, match=r"x\.jpeg: name a picture after its format: \.png, \.svg, \.pdf\.$"):
        PICTURES[name](tmp_path / "x.jpeg")


def test_without_logomaker_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "logomaker", None)
    check_picture_path(tmp_path / "x.png")
    with pytest.raises(HyenaDNAError, match=r"needs logomaker: run pip install 'hyenadna\[pictures\]'"):
        PICTURES["substitutions"](tmp_path / "x.png")


def parts(figure):
    """Return the axes of each row of the picture of substitutions: logo, heat map, means."""
    return [[axes for axes in strip.axes if axes.get_label() != "<colorbar>"] for strip in figure.subfigs]


def test_substitutions_have_their_colour_and_the_reference_none(figure, tmp_path):
    PICTURES["substitutions"](tmp_path / "x.png")
    ((_, heat, bars),) = parts(figure())
    expected = EFFECTS.T.astype(float)
    for place, base in enumerate(SEQUENCE.upper()):
        if base != "N":
            expected["ACGT".index(base), place] = np.nan
    shown = np.ma.filled(heat.images[0].get_array(), np.nan)
    np.testing.assert_allclose(shown, expected)
    np.testing.assert_allclose([bar.get_height() for bar in bars.patches], np.nanmean(expected, axis=0))
    assert [text.get_text() for text in bars.get_xticklabels()] == ["1,000", "1,005"]


def test_the_other_strand_is_read_from_the_last_position_to_the_first(figure, tmp_path):
    PICTURES["substitutions"](tmp_path / "x.png")
    ((_, heat, _),) = parts(figure())
    substitution_picture(tmp_path / "x.png", "chr1", 999, SEQUENCE, EFFECTS, strand="-")
    ((_, other, bars),) = parts(figure())
    one, two = (np.ma.filled(axes.images[0].get_array(), np.nan) for axes in (heat, other))
    np.testing.assert_array_equal(two, one[::-1, ::-1])
    assert [text.get_text() for text in bars.get_xticklabels()] == ["1,005", "1,000"]


def test_the_logo_stands_upright_where_substitutions_are_worse(monkeypatch, figure, tmp_path):
    tables = []
    monkeypatch.setattr(logomaker, "Logo", lambda table, **_: tables.append(table))
    effects = np.array([[9, -1, -2, -3], [4, 9, 4, 4], [np.nan] * 4])
    substitution_picture(tmp_path / "x.png", "chr1", 0, "ACG", effects)
    assert tables[0].to_numpy().tolist() == [[2, 0, 0, 0], [0, -4, 0, 0], [0, 0, 0, 0]]


def test_long_regions_take_rows_of_the_same_scale(figure, tmp_path, monkeypatch):
    monkeypatch.setattr(logomaker, "Logo", lambda table, **_: None)
    effects = np.random.default_rng(0).normal(size=(450, 4))
    substitution_picture(tmp_path / "x.png", "chr1", 0, "ACGTG" * 90, effects)
    rows = parts(figure())
    assert [len(bars.patches) for _, _, bars in rows] == [150, 150, 150]
    assert len({(bars.get_xlim(), bars.get_ylim(), heat.images[0].get_clim()) for _, heat, bars in rows}) == 1


def test_substitutions_without_values_are_drawn(tmp_path):
    substitution_picture(tmp_path / "x.png", "chr1", 0, "N", np.full((1, 4), np.nan))
    assert (tmp_path / "x.png").is_file()


@pytest.mark.parametrize("length", [0, 2001])
def test_a_region_that_no_picture_shows_is_one_line(length, tmp_path):
    with pytest.raises(
        HyenaDNAError, match=f"a picture shows 1 to 2,000 bases, not {length:,}: choose a shorter region"
    ):
        substitution_picture(tmp_path / "x.png", "chr1", 0, "A" * length, np.zeros((length, 4)))


@pytest.mark.parametrize(
    "values", [DEPENDENCIES, -DEPENDENCIES, np.tril(DEPENDENCIES), np.zeros((3, 3)), np.full((2, 2), np.nan)]
)
def test_dependencies_have_a_scale_that_holds_all_values(values, figure, tmp_path):
    dependency_picture(tmp_path / "x.png", "chr1", 999, values)
    image = figure().axes[0].images[0]
    shown = np.ma.filled(image.get_array(), np.nan)
    assert np.isnan(np.diag(shown)).all()
    off = ~np.eye(len(values), dtype=bool)
    np.testing.assert_array_equal(shown[off], values[off])
    low, high = image.get_clim()
    assert high >= np.nanmax(values[off], initial=0)
    assert low == -high if (values < 0).any() else 0 < low < high
    assert image.get_extent() == [999.5, 999.5 + len(values), 999.5 + len(values), 999.5]


def test_a_track_has_the_exons_of_the_region_below_it(figure, tmp_path):
    PICTURES["track"](tmp_path / "x.png")
    upper, lower = figure().axes
    assert upper.get_xlim() == (999.5, 5999.5)
    assert [text.get_text().split()[0] for text in lower.texts] == ["LEFT", "INSIDE", "RIGHT"]
    rows = [text.get_position()[1] for text in lower.texts]
    assert rows[0] != rows[1]
    assert [text.get_ha() for text in lower.texts] == ["left", "left", "right"]


def test_the_label_of_a_gene_that_leaves_no_room_stands_at_the_end(figure, tmp_path):
    exons = [Feature("exon", 1000, 5990, "+", "A_LONG_NAME"), Feature("exon", 5800, 5990, "+", "OTHER")]
    track_picture.track_picture(tmp_path / "x.png", "chr1", 999, VALUES, exons)
    long, other = figure().axes[1].texts
    assert (long.get_position(), long.get_ha()) == ((5999, 0), "right")
    assert (other.get_position(), other.get_ha()) == ((5800, 1), "right")


def test_the_running_mean_of_a_track_leaves_gaps(figure, tmp_path):
    PICTURES["track"](tmp_path / "x.png")
    line = figure().axes[0].lines[-1]
    positions, means = line.get_xdata(), line.get_ydata()
    inside = (positions > 2000) & (positions < 2998)
    assert np.isnan(means[inside]).all()
    assert not np.isnan(means[~inside & (positions < 1990)]).any()
    window = VALUES[100:150]
    place = np.abs(positions - (999.5 + 125)).argmin()
    np.testing.assert_allclose(means[place], window.mean(), atol=0.05)


@pytest.mark.parametrize("values", [np.float32([1.0]), np.full(5000, np.nan, np.float32), VALUES[:50]])
def test_short_tracks_and_tracks_without_values_are_drawn(values, tmp_path):
    track_picture.track_picture(tmp_path / "x.png", "chr1", 0, values)
    assert (tmp_path / "x.png").is_file()


def test_a_track_without_bases_is_one_line(tmp_path):
    with pytest.raises(HyenaDNAError, match="a region without bases has no picture"):
        track_picture.track_picture(tmp_path / "x.png", "chr1", 0, VALUES[:0])
