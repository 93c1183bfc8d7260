"""Whether a program prints what a page shows: `…` is anything, and what differs by nature may."""

import json
import re
from collections.abc import Iterator
from typing import Any

MORE = "…"
NEAR = 0.1
"""By how much shares of 1 may differ: processors round, and models are made anew."""


def differences(shown: str, printed: str) -> list[str]:
    """What a program did not print as it is shown: documents of JSON, or text."""
    if not shown.startswith("{"):
        return [] if _text(shown).fullmatch(printed.strip()) else [printed]
    return list(_of_lists([*_shown_documents(shown)], [*_documents(printed)], "$"))


def _text(shown: str) -> re.Pattern[str]:
    """Text in which a number stands for any number."""
    exact = re.escape(shown.strip())
    return re.compile(re.sub(r"\d+(\\\.\d+)?", r"[\\d.]+", exact).replace(MORE, ".*"), re.DOTALL)


def _shown_documents(text: str) -> Iterator[Any]:
    """JSON documents; `…` stands for what is left out of objects, lists and lines."""

    def quoted(match: re.Match[str]) -> str:
        if match[0] != MORE:
            return match[0]
        in_object = text[match.end() :].lstrip().startswith("}")
        return f'"{MORE}": null' if in_object else f'"{MORE}"'

    return _documents(re.sub(rf'"(?:[^"\\]|\\.)*"|{MORE}', quoted, text))


def _documents(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    rest = text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        yield document
        rest = rest[end:].lstrip()


def _of(shown: Any, printed: Any, at: str) -> Iterator[str]:
    match shown:
        case dict():
            yield from _of_objects(shown, printed, at)
        case list():
            yield from _of_lists(shown, printed, at)
        case _ if not _alike(shown, printed):
            yield f"{at}: {shown!r} is shown, {printed!r} was printed"


def _of_objects(shown: dict[str, Any], printed: Any, at: str) -> Iterator[str]:
    names = {*shown} - {MORE}
    if not isinstance(printed, dict) or not (
        names <= {*printed} if MORE in shown else names == {*printed}
    ):
        yield f"{at}: {sorted(names)} are shown, {printed!r} was printed"
        return
    for name in sorted(names):
        yield from _of(shown[name], printed[name], f"{at}.{name}")


def _of_lists(shown: list[Any], printed: Any, at: str) -> Iterator[str]:
    """Where `…` stands in a list, any number of things may be."""
    more = MORE in shown and isinstance(printed, list) and len(printed) >= len(shown) - 1
    if more:
        place = shown.index(MORE)
        rest = len(printed) - (len(shown) - place - 1)
        shown = shown[:place] + shown[place + 1 :]
        printed = printed[:place] + printed[rest:]
    if not isinstance(printed, list) or len(shown) != len(printed):
        yield f"{at}: {shown!r} is shown, {printed!r} was printed"
        return
    for number, (one, other) in enumerate(zip(shown, printed, strict=True)):
        yield from _of(one, other, f"{at}[{number}]")


def _alike(shown: Any, printed: Any) -> bool:
    match shown:
        case str():
            parts = map(re.escape, shown.split(MORE))
            return isinstance(printed, str) and bool(
                re.fullmatch(".*".join(parts), printed, re.DOTALL)
            )
        case float():
            number = isinstance(printed, float)
            return number and (not 0 <= shown <= 1 or abs(shown - printed) <= NEAR)
    return type(shown) is type(printed) and bool(shown == printed)
