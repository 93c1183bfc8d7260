"""`rebracket stream`."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rebracket.cli.common import as_json_option, content, fails_in_one_line, needs_client_extra
from rebracket.errors import RebracketError

if TYPE_CHECKING:
    from rebracket.cli.sources import Source
    from rebracket.cli.views import View
    from rebracket.messages import Encoding, Reading

INTERRUPTED = 130
"""As shells say it of programs that Ctrl-C ended."""


@click.command(
    epilog="Example: rebracket stream take.flac --window-s 4 --overlap 0.5; "
    "ffmpeg -i URL -f s16le -ac 1 -ar 44100 - | rebracket stream - --sample-rate 44100"
)
@click.argument("file")
@click.option("--url", help="Where the service is; default: $REBRACKET_URL.")
@click.option("--window-s", type=click.FloatRange(1, 30), help="Seconds of a window.")
@click.option(
    "--overlap",
    type=click.FloatRange(0, 0.95),
    help="Share of a window that the next one has in common with it.",
)
@click.option("--text", default="", help="Words that the windows are read with.")
@click.option("--fast", is_flag=True, help="Send a file as fast as it is taken, not as it sounds.")
@click.option(
    "--encoding",
    type=click.Choice(["pcm_s16le", "pcm_f32le"]),
    default="pcm_s16le",
    show_default=True,
    help="Of standard input.",
)
@click.option("--sample-rate", type=click.IntRange(8_000, 96_000), help="Of standard input, in Hz.")
@click.option(
    "--channels",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="Of standard input.",
)
@as_json_option
@fails_in_one_line
def stream(  # noqa: PLR0913 - one for each option
    file: str,
    *,
    url: str | None,
    window_s: float | None,
    overlap: float | None,
    text: str,
    fast: bool,
    encoding: "Encoding",
    sample_rate: int | None,
    channels: int,
    as_json: bool,
) -> None:
    """Stream a WAV, FLAC, Ogg or MP3 file, and see how it is read.

    FILE may be -: raw PCM from standard input, as it comes. The key is $REBRACKET_API_KEY.
    """
    needs_client_extra()
    reading = _reading(window_s, overlap, text)
    if file == "-":
        opened = _standard_input(encoding, sample_rate, channels)
    elif sample_rate is None:
        opened = _file(file, fast)
    else:
        raise RebracketError("--sample-rate: files say their own, it is for standard input")
    try:
        with opened as source, _view(source, as_json) as view:
            asyncio.run(_listen(url, source, reading, view))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _reading(window_s: float | None, overlap: float | None, text: str) -> "Reading":
    from pydantic import ValidationError

    from rebracket.messages import Reading

    try:
        return Reading(window_s=window_s, overlap=overlap, text=text)
    except ValidationError as error:
        raise RebracketError(f"--text: {error.errors(include_input=False)[0]['msg']}") from None


@contextmanager
def _file(file: str, fast: bool) -> Iterator["Source"]:
    from rebracket.cli.sources import FileSource
    from rebracket.segment.audio import open_audio

    with open_audio(content("FILE", Path(file))) as pcm:
        yield FileSource(pcm, paced=not fast)


@contextmanager
def _standard_input(
    encoding: "Encoding", sample_rate: int | None, channels: int
) -> Iterator["Source"]:
    from rebracket.cli.sources import RawSource

    if sample_rate is None:
        raise RebracketError("--sample-rate: raw PCM does not say its own")
    yield RawSource(sys.stdin.fileno(), encoding, sample_rate, channels)


def _view(source: "Source", as_json: bool) -> "View":
    from rebracket.cli.views import JsonLines, Lines

    if as_json:
        return JsonLines()
    if not sys.stdout.isatty():
        return Lines(source.sample_rate)
    from rich.console import Console

    from rebracket.cli.live_view import LiveView

    return LiveView(source, Console())


async def _listen(url: str | None, source: "Source", reading: "Reading", view: "View") -> None:
    from rebracket.client import AsyncClient

    async with AsyncClient(url) as client:
        events = client.stream(
            source.pieces(),
            encoding=source.encoding,
            sample_rate=source.sample_rate,
            channels=source.channels,
            window_s=reading.window_s,
            overlap=reading.overlap,
            text=reading.text,
        )
        async with aclosing(events):
            async for event in events:
                view.show(event)
