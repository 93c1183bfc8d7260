"""Notes → sound, by adding sines: plain enough to hear every note, and nothing to install."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.segment.clock import seconds_at
from rebracket.segment.notes import Notes
from rebracket.segment.sound import Sound

Floats = NDArray[np.float64]

RATE = 16_000
"""Hz."""

PARTIALS = np.arange(1, 9)
HIGHEST_HZ = 7_500.0
"""Over which no partial sounds."""

ATTACK_S, RELEASE_S = 0.008, 0.06
PEAK = 0.8
STROKE_S = 0.35
LOWEST_DRUM, HIGHEST_DRUM = 35, 81
"""General MIDI's drums, from the one with the most tone to the one with the most noise."""


@dataclass(frozen=True, slots=True)
class Timbre:
    """How an instrument sounds: partial k is at k ** -`dullness`, and falls by e `decay` times a second."""

    dullness: float
    decay: float


TIMBRES: tuple[Timbre, ...] = (
    *(Timbre(1.5, 2.0), Timbre(1.2, 4.0), Timbre(1.0, 0.0), Timbre(1.4, 2.5)),
    *(Timbre(2.0, 1.2), Timbre(1.1, 0.3), Timbre(1.3, 0.3), Timbre(0.8, 0.2)),
    *(Timbre(1.0, 0.2), Timbre(2.4, 0.1), Timbre(0.7, 0.0), Timbre(1.6, 0.1)),
    *(Timbre(0.9, 0.4), Timbre(0.9, 3.0), Timbre(1.2, 6.0), Timbre(0.5, 4.0)),
)
"""Of General MIDI's sixteen families of eight programs: pianos, chimes, organs, guitars, basses, …"""


def synthesised(notes: Notes) -> Sound:
    """The notes played in two channels at `RATE`, voices side by side from left to right.

    The peak is at `PEAK`; the same notes give the same sound.
    """
    begin = seconds_at(notes, notes.onset)
    last = seconds_at(notes, notes.onset + notes.duration) - begin
    end = float(seconds_at(notes, np.array(notes.length)))
    samples = np.zeros((2, round((end + STROKE_S) * RATE)))
    sides = _sides(notes)
    rng = np.random.default_rng(0)
    for index in range(len(notes)):
        pitch, loud = int(notes.pitch[index]), (notes.velocity[index] / 127) ** 1.5
        if notes.drum[index]:
            wave = _stroke(pitch, rng)
        else:
            wave = _tone(pitch, float(last[index]), TIMBRES[notes.program[index] // 8])
        start = round(begin[index] * RATE)
        part = samples[:, start : start + len(wave)]
        part += loud * sides[:, index, None] * wave[: part.shape[1]]
    peak = float(np.abs(samples).max(initial=0.0))
    return Sound((samples * (PEAK / max(peak, 1e-9))).astype(np.float32), RATE)


def _sides(notes: Notes) -> Floats:
    """How loud each note is on the left and on the right [2, notes], at one power in all."""
    voices, which = np.unique(notes.track, return_inverse=True)
    place = np.linspace(0.25, 0.75, len(voices)) if len(voices) > 1 else np.array([0.5])
    return np.stack([np.cos(place * np.pi / 2), np.sin(place * np.pi / 2)])[:, which]


def _tone(pitch: int, seconds: float, timbre: Timbre) -> Floats:
    """A tone that begins and ends softly, [samples]."""
    time = np.arange(round((seconds + RELEASE_S) * RATE)) / RATE
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    tone = np.zeros(len(time))
    for partial in PARTIALS[
        PARTIALS * hertz < HIGHEST_HZ
    ].tolist():  # one by one: tones may be long
        fall = np.exp(-timbre.decay * partial**0.5 * time)
        tone += partial**-timbre.dullness * fall * np.sin(2 * np.pi * hertz * partial * time)
    left = (seconds + RELEASE_S - time) / RELEASE_S
    return tone * np.minimum(np.minimum(time / ATTACK_S, left), 1)


def _stroke(pitch: int, rng: Generator) -> Floats:
    """A drum: a low one is mostly tone that falls, a high one mostly noise, [samples]."""
    time = np.arange(round(STROKE_S * RATE)) / RATE
    height = np.clip((pitch - LOWEST_DRUM) / (HIGHEST_DRUM - LOWEST_DRUM), 0, 1)
    hertz = 60 * 2 ** (4 * height)
    tone = np.sin(2 * np.pi * hertz * (time + 0.02 * (1 - np.exp(-time / 0.02))))
    noise = np.diff(rng.standard_normal(len(time) + 1)) / 2
    shape = np.minimum(1, (STROKE_S - time) / RELEASE_S) * np.exp(-(12 + 20 * height) * time)
    stroke: Floats = ((1 - 0.8 * height) * tone + (0.1 + 0.9 * height) * noise) * shape
    return stroke
