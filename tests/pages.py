"""The project's pages in Markdown: what they show, what they link to, what can be linked to."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
FOLDERS = ("deploy", "loadtests", "rebracket")
OUTPUT = ("json", "")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block."""

    page: str
    line: int
    end: int
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a reader does with a block, or with one command of it, and what shall come of it."""

    page: str
    line: int
    language: str
    text: str
    output: Block | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line} {self.text.splitlines()[0][:40]}"


def pages() -> list[str]:
    """Every page, by its path in the project."""
    found = [
        *ROOT.glob("*.md"),
        *(page for name in FOLDERS for page in (ROOT / name).rglob("*.md")),
    ]
    return sorted(page.relative_to(ROOT).as_posix() for page in found)


def steps(page: str) -> list[Step]:
    """All that a page shows, in its order; output belongs to the last command above it."""
    found: list[Step] = []
    previous = None
    for block in _blocks(page):
        follows = previous is not None and block.line - previous.end <= 1
        if follows and block.language in OUTPUT:
            last = found.pop()
            found.append(Step(last.page, last.line, last.language, last.text, output=block))
        else:
            found += _steps_of(block)
        previous = block
    return found


def _steps_of(block: Block) -> list[Step]:
    if block.language != "sh":
        return [Step(block.page, block.line, block.language, block.text)]
    return [Step(block.page, line, "sh", text) for line, text in _commands(block)]


def _commands(block: Block) -> Iterator[tuple[int, str]]:
    """Commands of a shell block; one goes on where a line ends in the middle of it."""
    begun: list[str] = []
    for number, line in enumerate(block.text.splitlines(), start=block.line + 1):
        begun.append(line)
        if _complete(text := "\n".join(begun)):
            yield number - len(begun) + 1, text
            begun = []
    assert not begun, f"{block.page}:{block.line} ends in the middle of a command"


def _complete(text: str) -> bool:
    try:
        shlex.split(text, comments=True)
    except ValueError:  # an open quotation, or a backslash at the end
        return False
    return True


def _blocks(page: str) -> Iterator[Block]:
    for token in _tokens(page):
        if token.type == "fence":
            assert token.map
            start, end = token.map
            yield Block(page, start + 1, end, token.info.strip(), token.content)


def links(page: str) -> set[str]:
    """Where a page's links and pictures lead, within the project."""
    inline = (child for token in _tokens(page) for child in token.children or ())
    targets = {str(token.attrGet("href") or token.attrGet("src") or "") for token in inline}
    return {target for target in targets if target and not re.match(r"[a-z]+:", target)}


def anchors(page: str) -> set[str]:
    """The headings of a page, as links name them."""
    return {
        re.sub(r"[^\w -]", "", text.content.lower()).replace(" ", "-")
        for heading, text in pairwise(_tokens(page))
        if heading.type == "heading_open"
    }


def _tokens(page: str) -> list[Token]:
    parser = MarkdownIt("commonmark").enable("table")
    return parser.parse((ROOT / page).read_text(encoding="utf-8"))
