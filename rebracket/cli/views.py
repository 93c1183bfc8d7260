"""How `rebracket stream` shows what is heard: lines, JSON, or a picture that moves."""

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

from rebracket.messages import Summary, WindowRead, dumps

if TYPE_CHECKING:
    from rebracket.client.streaming import Heard


class View(AbstractContextManager["View"]):
    """Shows events as long as it is entered."""

    @abstractmethod
    def show(self, event: "Heard") -> None:
        """Show an event."""

    def __exit__(self, *_: object) -> None:
        """Nothing more is shown."""


class JsonLines(View):
    """Each event as JSON in a line."""

    def show(self, event: "Heard") -> None:
        """Print it."""
        click.echo(dumps(event))


class Lines(View):
    """A line for each window, and one for the summary, of audio at `rate` Hz."""

    def __init__(self, rate: int) -> None:
        self._rate = rate

    def show(self, event: "Heard") -> None:
        """Print it."""
        if isinstance(event, WindowRead):
            click.echo(window_line(event, self._rate))
        elif isinstance(event, Summary):
            click.echo(summary_line(event, self._rate))


def window_line(window: WindowRead, rate: int) -> str:
    """When a window was, and what was read in it."""
    span = f"{window.start_sample / rate:8.2f} - {window.end_sample / rate:8.2f} s"
    found = window.prediction
    if found is None:
        return f"{span}  silent"
    return (
        f"{span}  {found.type:<11}  intensity {found.intensity:.2f}  "
        f"confidence {found.confidence:.2f}  lag {window.lag_ms:.0f} ms"
    )


def summary_line(summary: Summary, rate: int) -> str:
    """What was found in a whole stream, the most frequent first."""
    ordered = sorted(summary.by_type.items(), key=lambda item: -item[1])
    parts = [
        f"{summary.samples / rate:.2f} s, {summary.windows} windows, {summary.silent_windows} silent",
        *([", ".join(f"{name} {count}" for name, count in ordered)] if ordered else []),
    ]
    if summary.mean_intensity is not None:
        parts.append(f"mean intensity {summary.mean_intensity:.2f}")
    return "; ".join(parts)
