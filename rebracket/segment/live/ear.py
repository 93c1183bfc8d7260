"""Samples as they come → windows of levels, as if each window had been cut out and read alone.

Every sample is resampled once, and every frame of spectra is computed once, whatever the windows'
overlap. Only at a window's edges frames are computed again: there a window that is cut out has silence
beside it, where the stream has sound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np
import soxr
from numpy.typing import NDArray

from rebracket.segment.audio import (
    MIN_SECONDS,
    cleaned,
    resampled,
    resampled_length,
    resampler,
)
from rebracket.segment.live.grid import Grid
from rebracket.segment.live.pcm import Samples
from rebracket.segment.live.tape import Tape
from rebracket.segment.mel import (
    BANDS,
    FFT,
    HOP,
    Levels,
    LevelsWindow,
    centred,
    edges,
    levels,
    parts_of,
)

BLOCK = 5
"""Frames' worth of samples that are resampled and transformed at a time: 80 ms."""

HALF = FFT // 2
REACH = 256
"""Resampled samples at most, from where sound begins or ends, that differ from those of sound that goes on.

Under 3e-7 beyond 180 at 8 kHz and 90 at 44.1 kHz.
"""

HEAD = 3
"""Frames at a window's start that silence before it, or `REACH`, takes part in."""

EDGE = 2
"""Frames at an edge within a long window that silence beside it takes part in."""

SHORT_S = 1.0
"""A window that is shorter is read from its samples: its edges are most of it."""

FEW = 64
LOUD = 0.001
"""Silence is where no sample is over this, -60 dB of full scale."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One window of a stream: its number and place, and what the encoder of sound reads, none of silence."""

    number: int
    start: int
    end: int
    silent: bool
    windows: list[LevelsWindow]


class Ear:
    """Hears one stream from window `first` on."""

    def __init__(self, grid: Grid, channels: int, first: int = 0) -> None:
        parts = parts_of(channels)
        frame = first * grid.hop
        self.grid = grid
        self.next = first
        """The number of the oldest window that is not complete."""
        self._raw: Tape[np.float32] = Tape(grid.start(first), np.empty((0, channels), np.float32))
        self._sound: Tape[np.float32] = Tape(frame * HOP, np.empty((0, channels), np.float32))
        self._levels: Tape[np.float32] = Tape(frame + EDGE, np.empty((0, parts, BANDS), np.float32))
        self._heads: dict[int, Levels] = {}
        self._next_head = first
        self._fed = frame
        """The frame up to which samples went to the resampler."""
        self._resampler: soxr.ResampleStream = resampler(grid.rate, channels)
        self._loud_at = -1
        self._is_long = len(edges(resampled_length(grid.window, grid.rate))) > 2  # noqa: PLR2004 - start and end

    @property
    def end(self) -> int:
        """The position behind the last sample heard."""
        return self._raw.end

    def hear(self, samples: Samples) -> Iterator[Heard]:
        """Take samples [frames, channels] in; yields each window that they complete.

        All of it has to be iterated over. What happens when depends on positions only, never on how
        the samples were cut.
        """
        samples, at = cleaned(samples)[0], 0
        while at < len(samples):
            room = min(self._feed_at(), self._head_at(), self.grid.end(self.next)) - self.end
            piece = samples[at : at + room]
            at += len(piece)
            self._keep(piece)
            if self.end == self._feed_at():
                self._feed()
            if self.end == self._head_at():
                self._hear_head()
            if self.end == self.grid.end(self.next):
                yield self._cut(self.end)
                self.next += 1
                self._forget()

    def under_way(self) -> Heard | None:
        """The oldest window that is not complete, as far as it has come; None if that is hardly anything."""
        length = self.end - self.grid.start(self.next)
        return self._cut(self.end) if length >= MIN_SECONDS * self.grid.rate else None

    def _feed_at(self) -> int:
        return self.grid.at(self._fed + BLOCK)

    def _head_at(self) -> int:
        return self.grid.at(self._next_head * self.grid.hop + BLOCK)

    def _keep(self, piece: Samples) -> None:
        loud = _last_loud(piece)
        if loud is not None:
            self._loud_at = self.end + loud
        self._raw.add(piece)

    def _feed(self) -> None:
        """Resample a block, and transform the frames that are whole by it."""
        block = self._raw.part(self.grid.at(self._fed), self._feed_at())
        self._fed += BLOCK
        self._sound.add(np.clip(self._resampler.resample_chunk(block), -1, 1))
        first, last = self._levels.end, (self._sound.end - HALF) // HOP
        if last >= first:
            self._levels.add(levels(self._sound.part(first * HOP - HALF, last * HOP + HALF).T))
        self._raw.forget(self.end - ceil(SHORT_S * self.grid.rate))
        needed = self._levels.end * HOP - HALF
        begun = self.next * self.grid.hop * HOP
        self._sound.forget(min(needed, begun) if self._is_long else needed)

    def _hear_head(self) -> None:
        """The first frames of a window, with silence before it."""
        frame = self._next_head * self.grid.hop
        sound = self._resample(frame, self.grid.at(frame + BLOCK))
        padded = np.pad(sound[:, : (HEAD - 1) * HOP + HALF], [(0, 0), (HALF, 0)])
        self._heads[self._next_head] = levels(padded)
        self._next_head += 1

    def _resample(self, frame: int, end: int) -> NDArray[np.float32]:
        """Sound [channels, samples] from a frame's centre to a position, with silence around it."""
        return resampled(self._raw.part(self.grid.at(frame), end), self.grid.rate)

    def _cut(self, end: int) -> Heard:
        """The window up to a position; nobody reads the levels of silence."""
        start = self.grid.start(self.next)
        silent = self._loud_at < start
        windows = [] if silent else self._windows(end - start, end)
        return Heard(self.next, start, end, silent, windows)

    def _windows(self, samples: int, end: int) -> list[LevelsWindow]:
        """What `mel.windows` makes of so many samples, resampled, of the window under way."""
        frame = self.next * self.grid.hop
        if samples < SHORT_S * self.grid.rate:
            return [LevelsWindow(levels(centred(self._resample(frame, end))))]
        length = resampled_length(samples, self.grid.rate)
        whole = self._whole(frame, length, end)
        return [
            LevelsWindow(self._between(whole, frame, start, stop, last=stop == length))
            for start, stop in pairwise(edges(length))
        ]

    def _whole(self, frame: int, length: int, end: int) -> Levels:
        """All frames of a window, with silence around it."""
        known = min(self._levels.end - frame, (length - REACH - HALF) // HOP + 1)
        body = self._levels.part(frame + HEAD, frame + known)
        tail = self._tail(frame, known, 1 + length // HOP, end)
        return np.concatenate([self._heads[self.next], body, tail])

    def _tail(self, frame: int, first: int, count: int, end: int) -> Levels:
        """A window's frames from `first` to `count`, with silence after it."""
        skipped = (first * HOP - HALF - REACH) // (HOP * BLOCK) * BLOCK
        sound = np.pad(self._resample(frame + skipped, end), [(0, 0), (0, FFT)])
        begins = (first - skipped) * HOP - HALF
        return levels(sound[:, begins : begins + (count - first - 1) * HOP + FFT])

    def _between(self, whole: Levels, frame: int, start: int, stop: int, *, last: bool) -> Levels:
        """A long window's part from one of its inner edges to the next, with silence around it."""
        found = whole[start // HOP : stop // HOP + 1].copy()
        begins, ends = frame * HOP + start, frame * HOP + stop
        reach = HALF + (EDGE - 1) * HOP
        if start:
            after = self._sound.part(begins, begins + reach).T
            found[:EDGE] = levels(np.pad(after, [(0, 0), (HALF, 0)]))
        if not last:
            before = self._sound.part(ends - reach, ends).T
            found[-EDGE:] = levels(np.pad(before, [(0, 0), (0, HALF)]))
        return found

    def _forget(self) -> None:
        """What no window needs that is not complete."""
        self._heads.pop(self.next - 1, None)
        self._levels.forget(self.next * self.grid.hop)


def _last_loud(samples: Samples) -> int | None:
    """The index of the last sample over `LOUD`, if there is one; of most music it is among the last few."""
    for start in (max(0, len(samples) - FEW), 0):
        loud = np.flatnonzero(np.abs(samples[start:]) > LOUD)
        if len(loud):
            return start + int(loud[-1]) // int(samples.shape[1])
    return None
