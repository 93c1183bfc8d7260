"""Files and raw PCM reach the service as they are, and what is heard is shown."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from rebracket.cli import main
from rebracket.cli.live_view import LiveView
from rebracket.cli.sources import FileSource
from rebracket.cli.views import summary_line, window_line
from rebracket.messages import Ready, Summary, WindowRead
from rebracket.schemas import Prediction
from rebracket.segment.audio import open_audio
from rebracket.taxonomy import RebracketingType
from tests.scripted_server import PREDICTION
from tests.segment.audio_files import encode, tones
from tests.stream_server import HOP, WINDOW, StreamServer, breaks, fails, serving_aside

RATE = 8000
TONES = tones([440], RATE, 0.1)
"""800 samples: three windows."""


@pytest.fixture
def server() -> Iterator[StreamServer]:
    with serving_aside() as server:
        yield server


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """A file of 0.1 seconds."""
    path = tmp_path / "take.flac"
    path.write_bytes(encode(TONES, RATE, "flac-16"))
    return path


def run(server: StreamServer, *arguments: Any) -> Result:
    return CliRunner().invoke(main, ["stream", "--url", server.url, *map(str, arguments)])


def start(*arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "rebracket.cli", "stream", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def prediction(kind: RebracketingType) -> Prediction:
    return Prediction.model_validate(PREDICTION | {"type": kind})


def read(seq: int, found: Prediction | None) -> WindowRead:
    begin = seq * HOP
    return WindowRead(
        seq=seq,
        start_sample=begin,
        end_sample=begin + WINDOW,
        final=False,
        silent=found is None,
        prediction=found,
        lag_ms=12.4,
    )


@pytest.mark.parametrize("pace", [(), ("--fast",)])
def test_a_file_is_sent_as_it_sounds(server: StreamServer, take: Path, pace: tuple[str]) -> None:
    reading = ("--window-s", 2, "--overlap", 0.25, "--text", "a drawer")
    result = run(server, take, *pace, *reading)
    assert result.exit_code == 0, result.output
    (took,) = server.takes
    sent = np.frombuffer(took.audio, "<f4")
    assert np.abs(sent - TONES[:, 0]).max() < 2**-15
    assert took.start == {
        "type": "start",
        "encoding": "pcm_f32le",
        "sample_rate": RATE,
        "channels": 1,
        "window_s": 2,
        "overlap": 0.25,
        "text": "a drawer",
        "from_sample": 0,
    }


def test_windows_are_lines_where_nobody_looks(server: StreamServer, take: Path) -> None:
    lines = run(server, take, "--fast").stdout.splitlines()
    assert len(lines) == 4
    assert lines[1].split() == (
        [
            "0.03",
            "-",
            "0.07",
            "s",
            "memory",
            "intensity",
            "0.70",
            "confidence",
            "0.80",
            "lag",
            "2",
            "ms",
        ]
    )
    assert lines[3] == "0.10 s, 3 windows, 0 silent; memory 3; mean intensity 0.70"


def test_json_is_an_event_a_line(server: StreamServer, take: Path) -> None:
    events = [
        json.loads(line) for line in run(server, take, "--fast", "--json").stdout.split("\n")[:-1]
    ]
    assert [event["type"] for event in events] == ["ready", "window", "window", "window", "summary"]
    assert events[2]["start_sample"] == HOP


@pytest.mark.parametrize(("channels", "sent"), [(1, 1), (2, 2), (6, 2)])
def test_channels_are_folded_to_two(
    server: StreamServer, tmp_path: Path, channels: int, sent: int
) -> None:
    path = tmp_path / "take.wav"
    path.write_bytes(encode(np.repeat(TONES, channels, axis=1), RATE, "wav-16"))
    assert run(server, path, "--fast").exit_code == 0
    assert server.takes[0].start["channels"] == sent
    samples = np.frombuffer(server.takes[0].audio, "<f4").reshape(-1, sent)
    assert np.abs(samples - TONES).max() < 2**-14


@pytest.mark.parametrize(("rate", "sent"), [(96_000, 96_000), (192_000, 48_000)])
def test_rates_beyond_a_streams_are_resampled(
    server: StreamServer, tmp_path: Path, rate: int, sent: int
) -> None:
    path = tmp_path / "take.wav"
    path.write_bytes(encode(tones([440], rate, 0.25), rate, "wav-float"))
    assert run(server, path, "--fast").exit_code == 0
    (took,) = server.takes
    assert took.start["sample_rate"] == sent
    samples = np.frombuffer(took.audio, "<f4")
    expected = tones([440], sent, 0.25)[:, 0]
    assert len(samples) == len(expected)
    middle = slice(sent // 20, -sent // 20)
    assert np.abs(samples - expected)[middle].max() < 1e-3


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_f32le"])
def test_raw_pcm_comes_from_standard_input(server: StreamServer, encoding: str) -> None:
    data = bytes(range(256)) * 100
    options = ["--url", server.url, "--sample-rate", "44100", "--channels", "2"]
    process = start("-", *options, "--encoding", encoding, stdin=subprocess.PIPE)
    output, errors = process.communicate(data)
    assert process.returncode == 0, errors
    assert b"windows" in output
    (took,) = server.takes
    assert bytes(took.audio) == data
    said = [took.start[name] for name in ("encoding", "sample_rate", "channels")]
    assert said == [encoding, 44100, 2]


def test_raw_pcm_may_be_a_file(server: StreamServer, tmp_path: Path) -> None:
    path = tmp_path / "take.raw"
    path.write_bytes(bytes(20_000))
    with path.open("rb") as file:
        process = start("-", "--url", server.url, "--sample-rate", "8000", stdin=file)
        assert process.communicate()[1] == b""
    assert server.takes[0].at == 10_000


def test_standard_input_that_is_closed_is_one_line(server: StreamServer, tmp_path: Path) -> None:
    with (tmp_path / "written").open("wb") as file:
        process = start("-", "--url", server.url, "--sample-rate", "8000", stdin=file)
        _, errors = process.communicate()
    assert process.returncode == 2
    assert errors == b"rebracket: standard input: Bad file descriptor\n"


@pytest.mark.parametrize("source", ["file", "pipe"])
def test_ctrl_c_ends_it(server: StreamServer, tmp_path: Path, source: str) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(encode(tones([440], RATE, 60), RATE, "wav-16"))
    arguments = [str(path)] if source == "file" else ["-", "--sample-rate", "8000"]
    process = start(*arguments, "--url", server.url, "--json", stdin=subprocess.PIPE)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["type"] == "ready"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert (process.returncode, errors) == (130, b"")
    assert not server.takes[0].said


def test_a_failed_stream_is_one_line_and_exit_code_2(server: StreamServer, take: Path) -> None:
    server.will(breaks(1, fails(1008, "forbidden")))
    result = run(server, take, "--fast")
    assert result.exit_code == 2
    assert result.stderr == "rebracket: 403 The key does not reach this far: detail\n"
    server.will_refuse(401)
    assert run(server, take, "--fast").stderr == "rebracket: 401 Title 401: detail 401\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.wav",), "FILE: nowhere.wav: No such file or directory"),
        ((__file__,), "Expected WAV, FLAC, Ogg (Vorbis, Opus) or MP3 (at byte 0)"),
        (("-",), "--sample-rate: raw PCM does not say its own"),
        (
            (__file__, "--sample-rate", 8000),
            "--sample-rate: files say their own, it is for standard input",
        ),
        ((__file__, "--text", "a" * 10_001), "--text: String should have at most 10000 characters"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    server: StreamServer, arguments: tuple[Any], message: str
) -> None:
    result = run(server, *arguments)
    assert (result.exit_code, result.stderr) == (2, f"rebracket: {message}\n")
    assert not server.takes


def test_the_url_comes_from_the_environment(
    server: StreamServer, take: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REBRACKET_URL", server.url)
    monkeypatch.setenv("REBRACKET_API_KEY", "rb_key")
    result = CliRunner().invoke(main, ["stream", str(take), "--fast"])
    assert result.exit_code == 0, result.output
    assert server.takes[0].headers["authorization"] == "Bearer rb_key"


def test_without_its_extra_it_says_which(take: Path) -> None:
    code = (
        "import sys; from importlib.util import find_spec; import rebracket.cli.common as c;"
        "c.find_spec = lambda name: None if name == 'rich' else find_spec(name);"
        "from rebracket.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "stream", str(take)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert (
        result.stderr == "rebracket: this needs the client extra: pip install 'rebracket[client]'\n"
    )


def test_help_loads_neither_rich_nor_numpy() -> None:
    code = (
        "import sys; from rebracket.cli import main;"
        "main(['stream', '--help'], standalone_mode=False);"
        "print([name for name in sys.modules if name in {'rich', 'numpy', 'httpx2', 'websockets'}])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "Example: rebracket stream" in result.stdout
    assert result.stdout.splitlines()[-1] == "[]"


class Shown:
    """What the live view draws."""

    def __init__(self, width: int = 100) -> None:
        self.console = Console(
            file=StringIO(), force_terminal=True, color_system="truecolor", width=width
        )
        with open_audio(encode(tones([440], RATE, 125), RATE, "flac-16")) as pcm:
            self.source = FileSource(pcm, paced=False)
        self.view = LiveView(self.source, self.console)

    def lines(self) -> list[str]:
        with self.console.capture() as capture:
            self.console.print(self.view.render())
        return capture.get().splitlines()

    def text(self) -> list[str]:
        plain = Console(file=StringIO(), width=self.console.width)
        plain.print(self.view.render())
        assert isinstance(plain.file, StringIO)
        return [line.rstrip() for line in plain.file.getvalue().splitlines()]


def test_the_view_has_a_cell_for_each_window() -> None:
    shown = Shown()
    shown.view.show(Ready(session_id="r", window_samples=WINDOW, hop_samples=HOP))
    for seq, kind in enumerate(RebracketingType):
        shown.view.show(read(seq, prediction(kind)))
    shown.view.show(read(8, None))
    shown.view.show(read(9, prediction(RebracketingType.MEMORY)))
    strip, legend, now = shown.text()
    assert strip == "STCPMONI·M"
    assert legend.split() == [*(kind.capitalize() for kind in RebracketingType), "·silent"]
    assert now.startswith("0:00 / 2:05  memory")
    assert now.endswith("intensity 0.70  confidence 0.80  lag 12 ms")


def test_the_views_types_have_colours_of_their_own() -> None:
    cells = set()
    for kind in RebracketingType:
        shown = Shown()
        shown.view.show(read(0, prediction(kind)))
        cells.add(shown.lines()[0].replace(kind[0].upper(), ""))
    assert len(cells) == len(RebracketingType)


def test_the_view_shows_the_last_windows_of_a_long_stream() -> None:
    shown = Shown(width=100)
    for seq in range(1000):
        kind = RebracketingType.MEMORY if seq < 990 else RebracketingType.CAUSAL
        shown.view.show(read(seq, prediction(kind)))
    strip = shown.text()[:-2]
    assert [len(line) for line in strip] == [100] * 6
    assert strip[-1].endswith("M" + "C" * 10)


def test_the_view_ends_with_the_summary() -> None:
    shown = Shown()
    with shown.view:
        shown.view.show(read(0, prediction(RebracketingType.CAUSAL)))
        shown.view.show(summary(causal=1))
    assert shown.text()[-1] == summary_line(summary(causal=1), RATE)
    assert isinstance(shown.console.file, StringIO)
    assert "causal 1" in shown.console.file.getvalue()


def summary(silent: int = 0, **counts: int) -> Summary:
    return Summary(
        windows=sum(counts.values()) + silent,
        silent_windows=silent,
        by_type={RebracketingType(name): count for name, count in counts.items()},
        mean_intensity=0.25 if counts else None,
        samples=8400,
        read_to=8000,
    )


def test_summaries_name_the_most_frequent_first() -> None:
    line = summary_line(summary(silent=2, causal=1, memory=3), RATE)
    assert line == "1.05 s, 6 windows, 2 silent; memory 3, causal 1; mean intensity 0.25"
    assert summary_line(summary(silent=1), RATE) == "1.05 s, 1 windows, 1 silent"


def test_a_silent_window_is_told() -> None:
    assert window_line(read(1, None), RATE).split() == ["0.03", "-", "0.07", "s", "silent"]
