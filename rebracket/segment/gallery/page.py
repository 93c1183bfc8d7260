"""The gallery's page: one HTML file whose only other files are the music that it links to."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rebracket.taxonomy import TYPES, RebracketingType

MEANINGS = dict(
    zip(
        TYPES,
        (
            "Inside and outside, near and far, above and below change places.",
            "Before and after, long and short: beginnings become endings.",
            "What brings about what: effects come before their causes.",
            "Figure and ground, signal and noise change places.",
            "What was played is recalled: with gaps, fading, gone wrong.",
            "What kind of thing it is: a tone becomes noise, a mode another, a note an ornament.",
            "Who tells it: a quotation, a frame, another teller.",
            "Who it is: one becomes two, a double, a stranger's copy.",
        ),
        strict=True,
    )
)

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fdfdfb; --rule: #d6d6d0;
  --kept: #77777f; --altered: #b35900; --new: #0a5fb4; --link: #0a5fb4; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf0; --paper: #17171a; --rule: #3a3a40;
  --kept: #9a9aa4; --altered: #ffb061; --new: #6db6ff; --link: #6db6ff; } }
body { margin: 0 auto; max-width: 64rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--link); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; padding: 0; list-style: none; }
h2 { margin-top: 3rem; border-top: 1px solid var(--rule); padding-top: 1rem; }
article { margin: 1.5rem 0; }
svg, img { display: block; width: 100%; border: 1px solid var(--rule); box-sizing: border-box; }
img { height: 14rem; image-rendering: auto; }
audio { display: block; width: 100%; margin-top: 0.5rem; }
svg line { stroke: var(--rule); }
.kept { fill: var(--kept); } .altered { fill: var(--altered); } .new { fill: var(--new); }
.altered, .new { stroke: var(--ink); stroke-width: 0.6; }
.gone { fill: none; stroke: var(--kept); stroke-dasharray: 3 2; }
.key svg { display: inline-block; width: 1.6em; height: 0.8em; border: 0; }
"""

KEY = (
    ("kept", "as it was"),
    ("altered", "in its place, at another loudness or in another voice"),
    ("new", "new"),
    ("gone", "no longer there"),
)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One example: `picture` is HTML; `audio` and `midi` are paths from the page, None where there is none."""

    name: str
    meaning: str
    picture: str
    audio: str
    midi: str | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A type's examples."""

    type: RebracketingType
    notes: Sequence[Exhibit]
    sounds: Sequence[Exhibit]


def image(png: bytes, text: str) -> str:
    """An image that is in the page itself; `text` stands for it where it is not seen."""
    return f'<img src="data:image/png;base64,{b64encode(png).decode()}" alt="{escape(text)}">'


def page(plain: Sequence[Exhibit], rooms: Sequence[Room], *, intensity: float, seed: int) -> str:
    """The whole page."""
    links = "".join(f'<li><a href="#{room.type}">{room.type}</a></li>' for room in rooms)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What the types mean</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>What the types mean</h1>
<p>The same music, rebracketed along each of eight axes at intensity {intensity:g} (seed {seed}):
three operations on notes and three on sound for each type.</p>
<p class="key">In piano rolls a note is {_key()}; the louder, the more opaque. Spectrograms show the
left channel above the right one.</p>
<nav aria-label="Types"><ul><li><a href="#plain">plain</a></li>{links}</ul></nav>
</header>
<main>
<section aria-labelledby="plain">
<h2 id="plain">plain</h2>
<p>Nothing is rebracketed.</p>
{"".join(map(_exhibit, plain))}
</section>
{"".join(map(_room, rooms))}
</main>
</body>
</html>
"""


def _key() -> str:
    """Which look means what."""
    return ", ".join(
        f'<svg viewBox="0 0 32 16" aria-hidden="true">'
        f'<rect class="{kind}" x="1" y="1" width="30" height="14"/></svg> {meaning}'
        for kind, meaning in KEY
    )


def _room(room: Room) -> str:
    return f"""<section aria-labelledby="{room.type}">
<h2 id="{room.type}">{room.type}</h2>
<p>{escape(MEANINGS[room.type])}</p>
{"".join(map(_exhibit, [*room.notes, *room.sounds]))}
</section>
"""


def _exhibit(item: Exhibit) -> str:
    midi = f'<a href="{escape(item.midi)}">MIDI file</a>' if item.midi else ""
    return f"""<article>
<h3>{escape(item.name)}</h3>
<p>{escape(item.meaning)} {midi}</p>
{item.picture}
<audio controls preload="none" src="{escape(item.audio)}" aria-label="{escape(item.name)}"></audio>
</article>
"""
