"""The live view of `rebracket stream`: types over time, and the window of now."""

from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rebracket.cli.sources import Source
from rebracket.cli.views import View, summary_line
from rebracket.messages import Summary, WindowRead
from rebracket.schemas import Prediction
from rebracket.taxonomy import TYPES, RebracketingType

if TYPE_CHECKING:
    from rebracket.client.streaming import Heard

COLOURS: dict[RebracketingType, str] = dict(
    zip(
        TYPES,
        ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#bbbbbb"),
        strict=True,
    )
)
"""Of Okabe and Ito, "Color Universal Design" (2008), which the colour-blind can tell apart; with grey for
their black, as letters on them are black."""

SILENT = "·"
LINES = 6
"""Lines of windows that are shown at most."""

BAR = 24
TIMES_A_SECOND = 8


class LiveView(View):
    """A strip with a cell for each window, a letter on its type's colour, and below it what is now."""

    def __init__(self, source: Source, console: Console) -> None:
        self._source = source
        self._console = console
        self._cells: tuple[tuple[str, str], ...] = ()
        self._latest: WindowRead | None = None
        self._summary: Summary | None = None
        self._live = Live(
            get_renderable=self.render, console=console, refresh_per_second=TIMES_A_SECOND
        )

    def show(self, event: "Heard") -> None:
        """Show it with the next picture."""
        if isinstance(event, WindowRead):
            self._latest = event
            cells = (*self._cells, _cell(event.prediction))
            self._cells = cells[-LINES * self._console.width :]
        elif isinstance(event, Summary):
            self._summary = event

    def render(self) -> Group:
        """The picture of now."""
        return Group(Text.assemble(*self._cells), _legend(), self._now())

    def _now(self) -> Table | Text:
        if self._summary is not None:
            return Text(summary_line(self._summary, self._source.sample_rate))
        table = Table.grid(padding=(0, 2))
        window = self._latest
        found = window.prediction if window else None
        table.add_row(
            self._position(),
            _name(found),
            ProgressBar(total=1, completed=found.intensity if found else 0, width=BAR),
            f"intensity {found.intensity:.2f}" if found else "",
            f"confidence {found.confidence:.2f}" if found else "",
            f"lag {window.lag_ms:.0f} ms" if window else "",
        )
        return table

    def _position(self) -> str:
        length = self._source.seconds
        return _minutes(self._source.taken_s) + (f" / {_minutes(length)}" if length else "")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


def _cell(found: Prediction | None) -> tuple[str, str]:
    """A letter and its style."""
    return _letter(found.type) if found else (SILENT, "")


def _letter(kind: RebracketingType) -> tuple[str, str]:
    return kind[0].upper(), f"black on {COLOURS[kind]}"


def _name(found: Prediction | None) -> Text:
    return Text(f"{found.type:<11}", COLOURS[found.type]) if found else Text(" " * 11)


def _legend() -> Text:
    """The types, each with its letter as it is in the strip."""
    entries = [Text.assemble(_letter(kind), kind[1:]) for kind in TYPES]
    return Text("  ").join([*entries, Text(f"{SILENT}silent")])


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
