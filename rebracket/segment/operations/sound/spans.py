"""Where an operation takes hold: spans of a sound, and which of them at what intensity."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from rebracket.segment.operations.sound.mixing import Samples
from rebracket.segment.operations.sound.spectrum import OVERLAP, frame_size, spectra_of

_GOLDEN = (np.sqrt(5) - 1) / 2
_SNAP_S = 0.12
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Spans:
    """A sound cut into spans: `edges` int64 [spans + 1], in samples, from 0 to its length.

    `ranks` float64 [spans], the least of them 0, say which spans are taken first. They step by the
    golden ratio, so that any few seconds hold as large a share as the whole (Weyl's sequence).
    """

    edges: NDArray[np.int64]
    ranks: NDArray[np.float64]

    @classmethod
    def between(cls, edges: NDArray[np.int64], rng: Generator) -> "Spans":
        """Spans between these edges, ranked by chance."""
        ranks = (rng.random() + _GOLDEN * np.arange(len(edges) - 1)) % 1
        return cls(edges, ranks - ranks.min())

    def __len__(self) -> int:
        return len(self.ranks)

    def chosen(self, share: float) -> NDArray[np.bool_]:
        """Which spans belong to this share of them: one at least, and all at 1."""
        taken: NDArray[np.bool_] = self.ranks < share
        return taken

    def sides(self) -> NDArray[np.float64]:
        """1 and -1 by turns, [spans]."""
        return np.resize(np.array([1.0, -1.0]), len(self))

    def hold(self, values: NDArray[np.generic], fade: int = 1) -> NDArray[np.float32]:
        """A value for each span as a curve [samples] that changes within `fade` samples."""
        steps = np.repeat(values.astype(np.float32), np.diff(self.edges))
        if fade <= 1:
            return steps
        curve: NDArray[np.float32] = uniform_filter1d(steps, fade, mode="nearest")
        return curve

    def starts(self) -> NDArray[np.int64]:
        """Where each sample's span begins, [samples]."""
        return np.repeat(self.edges[:-1], np.diff(self.edges))

    def way(self) -> NDArray[np.float64]:
        """How far each sample lies in its span, 0 to under 1, [samples]."""
        lengths = np.diff(self.edges)
        since = np.arange(self.edges[-1]) - self.starts()
        way: NDArray[np.float64] = since / np.repeat(lengths, lengths)
        return way

    def seams(self, fade: int) -> NDArray[np.float32]:
        """A gain [samples] of 1 that dips to 0 for a moment at every inner edge."""
        place = np.arange(self.edges[-1])
        lengths = np.diff(self.edges)
        inside = place - self.starts()
        left = np.repeat(self.edges[1:], lengths) - 1 - place
        dip: NDArray[np.float32] = np.clip(np.minimum(inside, left) / max(fade, 1), 0, 1).astype(
            np.float32
        )
        return dip


def reach(intensity: float) -> float:
    """The share of spans that an intensity takes: 0.58 at 0.4, all at 1."""
    return float(intensity**0.6)


def depth(intensity: float) -> float:
    """How far an intensity goes where it takes hold: 0.63 at 0.4, all the way at 1."""
    return float(intensity**0.5)


def firm(intensity: float) -> float:
    """As `depth`, for what is lost on a listener at half strength: 0.76 at 0.4."""
    return float(intensity**0.3)


def cut(count: int, rate: int, rng: Generator, shortest: float, longest: float) -> Spans:
    """Spans of `shortest` to `longest` seconds, whatever sounds in them.

    A sound too short for three of them is cut into three all the same.
    """
    most = max(2, min(round(longest * rate), count // _FEWEST))
    least = max(1, min(round(shortest * rate), most - 1))
    lengths = rng.integers(least, most, size=count // least + 1, endpoint=True)
    edges = np.cumsum(lengths)
    inner = edges[edges < count - least // 2]
    return Spans.between(np.unique(np.concatenate([[0], inner, [count]])), rng)


def beats(samples: Samples, rate: int, rng: Generator, shortest: float, longest: float) -> Spans:
    """As `cut`, with spans that begin at onsets where one is near."""
    spans = cut(samples.shape[1], rate, rng, shortest, longest)
    inner = _snapped(spans.edges[1:-1], onsets(samples, rate), rate)
    edges = np.unique(np.concatenate([spans.edges[:1], inner, spans.edges[-1:]]))
    return Spans.between(edges, rng)


def notes(samples: Samples, rate: int, rng: Generator, shortest: float, longest: float) -> Spans:
    """Spans from onset to onset, none under `shortest` seconds but the last, none over `longest`."""
    count = samples.shape[1]
    least = max(1, round(shortest * rate))
    most = max(least + 1, min(round(longest * rate), count // _FEWEST))
    edges = [0]
    for onset in [*onsets(samples, rate).tolist(), count]:
        while onset - edges[-1] > most + least:
            edges.append(edges[-1] + most)
        if onset - edges[-1] >= least:
            edges.append(onset)
    if edges[-1] != count:
        edges.append(count)
    return Spans.between(np.array(edges, dtype=np.int64), rng)


def onsets(samples: Samples, rate: int) -> NDArray[np.int64]:
    """Where something new begins, in samples: peaks in the growth of the logarithmic spectrum.

    Spectral flux with an adaptive threshold, after Dixon, "Onset detection revisited" (2006).
    """
    size = frame_size(rate, 0.032)
    level = np.abs(spectra_of(samples.mean(axis=0, keepdims=True), size))[0]
    floor = level.max() * 1e-3 + 1e-9
    flux = np.maximum(np.diff(np.log(level + floor), axis=0), 0).mean(axis=1)
    usual = uniform_filter1d(flux, 40, mode="nearest")
    peak = (flux == maximum_filter1d(flux, 9)) & (flux > 1.4 * usual + 0.03)
    places = np.flatnonzero(peak) * (size // OVERLAP) - size // 4
    inside: NDArray[np.int64] = places[(places > 0) & (places < samples.shape[1])]
    return inside


def envelope(samples: Samples, rate: int, seconds: float) -> NDArray[np.float64]:
    """The root mean square of all channels over so many seconds around each sample, [samples]."""
    power = np.square(samples, dtype=np.float64).mean(axis=0)
    smooth = uniform_filter1d(power, max(1, round(rate * seconds)), mode="nearest")
    result: NDArray[np.float64] = np.sqrt(np.maximum(smooth, 0))
    return result


def _snapped(edges: NDArray[np.int64], places: NDArray[np.int64], rate: int) -> NDArray[np.int64]:
    """Each edge at the nearest of these places, where one is within a tenth of a second or so."""
    if not len(places) or not len(edges):
        return edges
    after = np.clip(np.searchsorted(places, edges), 0, len(places) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(places[before] - edges) < np.abs(places[after] - edges)
    near = np.where(nearer, places[before], places[after])
    return np.where(np.abs(near - edges) <= _SNAP_S * rate, near, edges)
