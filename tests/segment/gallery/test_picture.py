"""A picture shows each note in its place and what became of it, to every kind of eye."""

from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from numpy.typing import NDArray

from rebracket.segment.gallery.picture import KINDS, VOICES, drawn, picture
from rebracket.segment.gallery.roll import barlines, compared
from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes import OPERATIONS
from tests.segment.operations.notes.material import FOUR, PIECES, beat, line, piece, voices

CHANGED = {
    f"{item.type} {item.name}": item.apply(FOUR, 0.7, np.random.default_rng(1))
    for item in OPERATIONS[::3]
}
CROWD = piece(
    row
    for track in range(20)
    for row in line([30 + 3 * track] * 600, step=0.25, track=track, program=6 * track)
)
BLIND = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602)),
}
"""How much red and green are left, of linear red, green and blue: Machado et al. (2009), in full."""
BLUE = {
    "protanopia": (-0.003882, -0.048116, 1.051998),
    "deuteranopia": (-0.01182, 0.04294, 0.968881),
    "tritanopia": (0.004733, 0.691367, 0.3039),
}


def pixels(data: bytes) -> NDArray[np.float64]:
    return np.asarray(imread(BytesIO(data), format="png"), dtype=np.float64)[..., :3]


def like(image: NDArray[np.float64], colour: str) -> int:
    """How many pixels have a colour."""
    return int((np.abs(image - to_rgb(colour)).max(axis=-1) < 0.01).sum())


def boxes(figure: Figure) -> list[NDArray[np.float64]]:
    """The corners of every note that is drawn, panel by panel."""
    return [
        np.array(path.vertices)
        for axes in figure.axes
        for shapes in axes.collections
        if isinstance(shapes, PolyCollection)
        for path in shapes.get_paths()
    ]


def labels(figure: Figure) -> list[str]:
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("name", CHANGED)
def test_every_note_is_drawn_and_none_twice(name: str) -> None:
    marks = compared(FOUR, CHANGED[name])
    found = boxes(drawn(FOUR, CHANGED[name], name))
    assert len(found) == len(marks)
    begun = sorted(round(float(corners[:, 0].min()), 6) for corners in found)
    assert begun == sorted(round(mark.place[0], 6) for mark in marks)


@pytest.mark.parametrize("name", PIECES)
@pytest.mark.parametrize("alone", [True, False])
def test_every_kind_of_piece_is_a_picture_of_1200_by_500(name: str, *, alone: bool) -> None:
    data = picture(None if alone else PIECES[name], PIECES[name], name)
    assert pixels(data).shape == (500, 1200, 3)


@pytest.mark.parametrize(
    ("plain", "changed", "title"),
    [
        (FOUR, FOUR, "short"),
        (None, PIECES["voices and drums"], "A long title with many words in it, " * 9),
        (CROWD, CROWD, "M" * 400),
        (PIECES["drums only"], CROWD, ""),
    ],
)
def test_title_and_legend_are_whole_and_beside_the_notes(
    plain: Notes | None, changed: Notes, title: str
) -> None:
    figure = drawn(plain, changed, title)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    texts = [legend.get_window_extent(), *(text.get_window_extent() for text in figure.texts)]
    for box in [text for text in texts if text.width]:
        assert 0 <= box.x0 < box.x1 <= 1200
        assert 0 <= box.y0 < box.y1 <= 500
        assert not any(box.overlaps(axes.get_window_extent()) for axes in figure.axes)


def test_each_kind_has_its_colour_and_its_count() -> None:
    plain = piece([*line([60, 62, 64]), *line([65], start=3.0)])
    changed = piece([*line([60, 74, 64]), *line([65], start=3.0, velocity=30)])
    figure = drawn(plain, changed, "")
    assert labels(figure)[:4] == ["kept (2)", "altered (1)", "new (1)", "gone (1)"]
    image = pixels(picture(plain, changed, ""))
    for kind in ("kept", "altered", "new"):
        assert like(image, KINDS[kind][0]) > 100
    kept = pixels(picture(plain, plain, ""))
    assert [like(kept, KINDS[kind][0]) > 100 for kind in ("kept", "altered", "new")] == [
        *(True, False, False)
    ]


def test_voices_differ_in_shade_beside_what_they_were_and_in_colour_alone() -> None:
    two = piece([*line([60] * 4), *line([72] * 4, track=1, program=73)])
    shades = pixels(picture(two, two, ""))
    assert all(like(shades, colour) > 1_000 for colour in KINDS["kept"])
    colours = pixels(picture(None, two, ""))
    assert [like(colours, colour) > 1_000 for colour in VOICES[:3]] == [True, True, False]
    assert labels(drawn(None, two, ""))[:2] == ["1 piano", "2 pipe"]


def test_twenty_voices_are_named_as_far_as_there_is_room() -> None:
    assert labels(drawn(None, CROWD, ""))[-3:] == ["10 ensemble", "and 10 more", "thicker: louder"]


def linear(colour: str) -> NDArray[np.float64]:
    """Light's red, green and blue of a colour (IEC 61966-2-1)."""
    shown = np.array(to_rgb(colour))
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def seen(colour: str, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """A colour's lightness and tints in CIE L*a*b*, as an eye with this matrix sees it."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    white = to_xyz.sum(axis=1)
    x, y, z = np.cbrt(np.maximum(to_xyz @ matrix @ linear(colour) / white, 0))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", ["every", *BLIND])
def test_kinds_are_told_apart_by_their_tints_alone(eye: str) -> None:
    matrix = np.eye(3) if eye == "every" else np.array([*BLIND[eye], BLUE[eye]])
    for one, other in combinations(("kept", "altered", "new"), 2):
        for mine in KINDS[one]:
            for its in KINDS[other]:
                distance = np.linalg.norm(seen(mine, matrix)[1:] - seen(its, matrix)[1:])
                assert distance > 25, (one, other, mine, its)


def test_the_louder_a_note_the_thicker() -> None:
    rows = [*line([60], velocity=127), *line([72], start=1.0, velocity=10)]
    loud, faint = (np.ptp(box[:, 1]) for box in boxes(drawn(None, piece(rows), "")))
    assert loud > 2 * faint > 0


def test_pitches_have_names_and_bars_numbers() -> None:
    figure = drawn(None, PIECES["changing meters"], "")
    (axes,) = figure.axes
    named = dict(
        zip([t.get_text() for t in axes.get_yticklabels()], axes.get_yticks(), strict=True)
    )
    assert named == {"C3": 48, "C4": 60, "C5": 72}
    assert [tick.get_text() for tick in axes.get_xticklabels()] == [*"12345678"]
    assert axes.get_xticks().tolist() == barlines(PIECES["changing meters"])


def test_drums_have_a_panel_of_their_own() -> None:
    both = drawn(None, piece([*voices(2), *beat(32, track=2)]), "")
    pitched, drums = both.axes
    assert (pitched.get_ylabel(), drums.get_ylabel()) == ("pitch", "drums")
    assert [tick.get_text() for tick in drums.get_yticklabels()] == ["C2", "D2", "F♯2"]
    assert pitched.get_xlim() == drums.get_xlim() == (0, 32)


def test_of_many_bars_not_all_are_numbered() -> None:
    (axes,) = drawn(None, piece(line([60]), 4_000.0), "").axes
    assert [tick.get_text() for tick in axes.get_xticklabels()][:3] == ["1", "65", "129"]
    assert len(axes.get_xticks()) <= 24


def test_the_same_notes_give_the_same_bytes_and_the_title_goes_with_them() -> None:
    data = picture(FOUR, CHANGED["temporal bars shifted"], "temporal: $1 & 日本\n<b>")
    assert data == picture(FOUR, CHANGED["temporal bars shifted"], "temporal: $1 & 日本\n<b>")
    assert b"Title" in data
    assert "日本".encode() in data


def test_ten_thousand_notes_and_a_thousand_voices_are_drawn() -> None:
    rows = [
        (index / 10, 0.1, index % 128, 64, index % 128, index % 7 == 0, index % 1000)
        for index in range(10_000)
    ]
    assert len(boxes(drawn(None, piece(rows), ""))) == 10_000
