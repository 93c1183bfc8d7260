"""Where analyses come from: one interface, and a module for each way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rebracket.errors import RebracketError
from rebracket.schemas import Prediction, Segment


@dataclass(frozen=True, slots=True)
class Reading:
    """A segment's prediction, and the id of the request that it came with."""

    prediction: Prediction
    request_id: str


Outcome = Reading | RebracketError
"""What came of one segment; an error stands for itself, it is not raised."""


class Backend(Protocol):
    """Reads 1 to 256 segments together; outcomes are in the same order, one for each."""

    def read(self, segments: Sequence[Segment]) -> list[Outcome]:
        """Read, and block until all are read."""

    async def aread(self, segments: Sequence[Segment]) -> list[Outcome]:
        """Read without blocking the loop."""

    def close(self) -> None:
        """Give back what the backend holds."""

    async def aclose(self) -> None:
        """Give back what it holds, the running loop's connections too."""
