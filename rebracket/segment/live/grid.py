"""Where the windows of a stream lie."""

from dataclasses import dataclass
from math import gcd
from typing import Self

from rebracket.segment.mel import HOP, RATE

EXACT = 125
"""Frames after which every rate in Hz has come by a whole number of samples: 125 · 256 / 16 000 s are 2 s."""

COARSEST = 5
"""Windows begin at every fifth frame at least, 80 ms."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Windows of `window` samples at `rate` Hz, each `hop` frames of spectra after the one before.

    Windows begin where a frame is centred, so that frames can be shared. A frame is 256 samples at
    16 kHz; at 44.1 kHz it is five frames, 3528 samples, that are a whole number of samples, so windows
    begin at multiples of these. All rates that are multiples of 25 Hz have such a number; with others
    windows begin at the nearest sample, and answers are off by up to half a sample's time.
    """

    rate: int
    window: int
    hop: int

    @classmethod
    def of(cls, rate: int, window_s: float, overlap: float) -> Self:
        """The nearest grid on which windows overlap as much as asked, if the window is long enough.

        Args:
            rate: in Hz.
            window_s: seconds.
            overlap: the share of a window that it has in common with the next one.
        """
        step = min(COARSEST, EXACT // gcd(2 * rate, EXACT))
        wanted = round(window_s * (1 - overlap) * RATE / HOP, 6)
        return cls(rate, round(window_s * rate), max(step, int(wanted // step) * step))

    def at(self, frame: int) -> int:
        """The sample on which a frame is centred."""
        return (2 * frame * HOP * self.rate + RATE) // (2 * RATE)

    @property
    def hop_samples(self) -> int:
        """From one window's start to the next one's, where that is a whole number."""
        return self.at(self.hop)

    def start(self, number: int) -> int:
        """The first sample of a window."""
        return self.at(number * self.hop)

    def end(self, number: int) -> int:
        """The sample behind the last one of a window."""
        return self.start(number) + self.window

    def first_from(self, sample: int) -> int:
        """The number of the first window that begins at a sample or later."""
        number = sample * RATE // (self.rate * HOP * self.hop)
        return number if self.start(number) >= sample else number + 1
