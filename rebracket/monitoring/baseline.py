"""What a model finds in held-out texts: what recent predictions are compared with."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, NamedTuple, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from rebracket.config import available_cores
from rebracket.schemas import Segment, Signal
from rebracket.taxonomy import TYPES

if TYPE_CHECKING:
    from rebracket.inference.predictor import Predictor

SIGNALS: tuple[Signal, ...] = get_args(Signal)
UNKNOWN_EDGES = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Most texts lack no word, so quantiles would fall together."""
BINS = 10


class Reading(NamedTuple):
    """What is watched of one segment; the last two are tokens, and how many of them are unknown, 0 to 1."""

    type: str
    confidence: float
    intensity: float
    length: float
    unknown: float


class Histogram(BaseModel):
    """Shares of `len(edges) + 1` bins: bin i holds values over edge i-1 and up to edge i."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    edges: list[float]
    shares: list[Annotated[float, Field(ge=0, le=1)]]


class Baseline(BaseModel):
    """Saved with a model; `signals` has a histogram of each of `SIGNALS`, types by their place in `TYPES`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segments: Annotated[int, Field(gt=0)]
    signals: dict[Signal, Histogram]


def baseline(predictor: "Predictor", segments: Sequence[Segment]) -> Baseline:
    """Read segments with the artefact that is served, as it is served."""

    def read(segment: Segment) -> Reading:
        words, found = predictor.encode(segment).words, predictor.predict(segment)
        assert words is not None, "a baseline is of words"
        unknown = predictor.encoder.unknown_share(words)
        return Reading(found.type, found.confidence, found.intensity, words.tokens, unknown)

    with ThreadPoolExecutor(available_cores()) as pool:
        return of_readings(list(pool.map(read, segments)))


def of_readings(readings: Sequence[Reading]) -> Baseline:
    """Histograms with bins that hold a tenth of the readings each, as far as ties allow."""
    edges = {signal: _edges(signal, readings) for signal in SIGNALS}
    return Baseline(
        segments=len(readings),
        signals={
            signal: Histogram(edges=edges[signal], shares=shares(signal, readings, edges[signal]))
            for signal in SIGNALS
        },
    )


def shares(signal: Signal, readings: Iterable[Reading], edges: Sequence[float]) -> list[float]:
    """How much of the readings falls into each bin."""
    places = np.searchsorted(edges, _values(signal, readings), side="left")
    found = np.bincount(places, minlength=len(edges) + 1) / max(1, len(places))
    return [float(share) for share in found]


def _edges(signal: Signal, readings: Sequence[Reading]) -> list[float]:
    if signal == "type":
        return [float(place) for place in range(len(TYPES) - 1)]
    if signal == "unknown":
        return list(UNKNOWN_EDGES)
    quantiles = np.quantile(_values(signal, readings), np.arange(1, BINS) / BINS)
    return [float(edge) for edge in np.unique(quantiles)]


def _values(signal: Signal, readings: Iterable[Reading]) -> list[float]:
    place = SIGNALS.index(signal)
    if signal == "type":
        names = list(TYPES)
        return [float(names.index(reading.type)) for reading in readings]  # type: ignore[arg-type]
    return [float(reading[place]) for reading in readings]
