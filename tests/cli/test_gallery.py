"""The gallery: music that can be read again, and a page that everybody can use and nothing else needs."""

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rebracket.cli import main
from rebracket.segment.audio import read_audio, write_wav
from rebracket.segment.midi import read_midi, write_midi
from rebracket.taxonomy import TYPES
from tests.segment.operations.notes.material import line, piece
from tests.segment.operations.sound.material import tune

TUNE = piece([*line([72, 74, 76, 77] * 3), *line([48] * 12, track=1)])
VOID = {"meta", "img", "rect", "line"}
"""Elements without an end: of HTML, and those of SVG that end themselves."""

Attributes = list[tuple[str, str | None]]


class Page(HTMLParser):
    """Elements in order, each with its attributes; whatever is opened must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def values(self, tag: str, name: str) -> list[str]:
        """An attribute of every element of a tag that has it."""
        found = [attributes.get(name) for element, attributes in self.elements if element == tag]
        return [value for value in found if value is not None]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["gallery", *arguments])


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Options that name short material, so that it is quick."""
    folder = tmp_path_factory.mktemp("material")
    (folder / "tune.mid").write_bytes(write_midi(TUNE))
    (folder / "tune.wav").write_bytes(write_wav(tune(1.5)))
    return "--midi", str(folder / "tune.mid"), "--audio", str(folder / "tune.wav")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, material: tuple[str, ...]) -> Path:
    """A gallery of short material."""
    out = tmp_path_factory.mktemp("gallery") / "new" / "folder"
    result = run("--out", str(out), *material)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip().endswith(str(out / "index.html"))
    return out


@pytest.fixture(scope="module")
def shown(folder: Path) -> Page:
    """The page."""
    return Page((folder / "index.html").read_text(encoding="utf-8"))


def test_there_is_a_midi_file_for_each_operation_on_notes_and_the_plain_one(folder: Path) -> None:
    files = sorted((folder / "notes").glob("*.mid"))
    names = Counter(path.name.partition("-")[0] for path in files if path.stem != "plain")
    assert names == dict.fromkeys(TYPES, 3)
    for path in files:
        assert read_midi(path.read_bytes()).length == pytest.approx(TUNE.length, rel=0.1)
    assert len(read_midi((folder / "notes" / "plain.mid").read_bytes())) == len(TUNE)


def test_there_is_a_wav_file_for_each_operation_on_sound_and_the_plain_one(folder: Path) -> None:
    files = sorted((folder / "sound").glob("*.wav"))
    names = Counter(path.name.partition("-")[0] for path in files if path.stem != "plain")
    assert names == dict.fromkeys(TYPES, 3)
    for path in files:
        assert read_audio(path.read_bytes()).seconds == pytest.approx(1.5)


def test_what_is_rebracketed_differs_from_the_plain_file(folder: Path) -> None:
    for kind in ("notes/*.mid", "notes/*.wav", "sound/*.wav"):
        contents = [path.read_bytes() for path in folder.glob(kind)]
        assert len(set(contents)) == 25


def test_every_element_is_closed_and_every_id_there_once(shown: Page) -> None:
    assert not shown.open
    ids = [values["id"] for _, values in shown.elements if "id" in values]
    assert len(ids) == len(set(ids)) == 9


def test_the_page_needs_nothing_but_the_music_beside_it(folder: Path, shown: Page) -> None:
    assert {tag for tag, _ in shown.elements}.isdisjoint({"link", "script", "iframe", "object"})
    assert all(value.startswith("data:image/png;base64,") for value in shown.values("img", "src"))
    linked = {link for link in shown.values("a", "href") if not link.startswith("#")}
    played = set(shown.values("audio", "src"))
    music = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.is_file()}
    assert linked | played | {"index.html"} == music
    assert "url(" not in (folder / "index.html").read_text()


def test_everything_is_shown_and_everything_played(shown: Page) -> None:
    tags = Counter(tag for tag, _ in shown.elements)
    assert (tags["h1"], tags["h2"], tags["h3"]) == (1, 9, 50)
    assert tags["audio"] == tags["article"] == 50
    assert tags["img"] == len([role for role in shown.values("svg", "role") if role == "img"]) == 25


def test_pictures_and_players_have_names_and_the_page_its_language(shown: Page) -> None:
    assert shown.values("html", "lang") == ["en"]
    assert all(shown.values("img", "alt"))
    names = shown.values("audio", "aria-label")
    assert len(set(names)) == 50
    assert len(set(shown.values("svg", "aria-label"))) == 25


def test_every_type_is_reached_from_the_top(shown: Page) -> None:
    links = [link for link in shown.values("a", "href") if link.startswith("#")]
    assert links == ["#plain", *(f"#{kind}" for kind in TYPES)]
    headings = [values["id"] for tag, values in shown.elements if tag == "h2"]
    assert headings == ["plain", *TYPES]


def test_the_same_seed_gives_the_same_files_and_another_other_ones(
    folder: Path, material: tuple[str, ...], tmp_path: Path
) -> None:
    for seed, same in (("1", True), ("2", False)):
        out = tmp_path / seed
        assert run("--out", str(out), "--seed", seed, *material).exit_code == 0
        for name in ("index.html", "notes/identity-canon.mid", "sound/memory-returns.wav"):
            assert ((out / name).read_bytes() == (folder / name).read_bytes()) == same


def test_at_intensity_0_everything_is_plain(material: tuple[str, ...], tmp_path: Path) -> None:
    assert run("--out", str(tmp_path), "--intensity", "0", *material).exit_code == 0
    for kind in ("notes/*.mid", "sound/*.wav"):
        assert len({path.read_bytes() for path in tmp_path.glob(kind)}) == 1


@pytest.mark.parametrize(
    ("option", "name", "message"),
    [
        ("--midi", "missing.mid", "--midi: "),
        ("--audio", "missing.wav", "--audio: "),
        ("--midi", "words.txt", "not a MIDI file"),
        ("--audio", "words.txt", "Expected WAV"),
    ],
)
def test_what_can_not_be_read_is_one_line_and_exit_code_2(
    option: str, name: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text("not music at all, but words of some length")
    result = run("--out", str(tmp_path / "out"), option, str(tmp_path / name))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_can_not_be_made_is_one_line_and_exit_code_2(
    material: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run("--out", str(tmp_path / "file" / "folder"), *material)
    assert result.exit_code == 2
    assert "rebracket: --out" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("--out", "x", "--intensity", "1.5")])
def test_wrong_options_are_refused(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
