"""MIDI and audio files of a few seconds, made for tests."""

import io

import numpy as np
import soundfile

from rebracket.segment.midi import write_midi
from rebracket.segment.notes import Notes
from tests.training.music.tunes import chorale


def midi(bars: int = 8) -> bytes:
    """A chorale as a Standard MIDI File."""
    return write_midi(tune(bars))


def tune(bars: int = 8) -> Notes:
    """The chorale."""
    return chorale(bars)


def audio(seconds: float = 3, *, rate: int = 44_100, kind: str = "FLAC") -> bytes:
    """Three tones that come and go, in stereo."""
    time = np.arange(int(seconds * rate)) / rate
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * time[:, None] * np.array([[0.7, 1.1, 1.9]]))
    tones = np.sin(2 * np.pi * time[:, None] * np.array([[220, 277, 330]])) * swell
    stereo = 0.2 * np.stack([tones @ [1, 0.5, 0.2], tones @ [0.2, 0.5, 1]], axis=1)
    file = io.BytesIO()
    soundfile.write(file, stereo, rate, format=kind)
    return file.getvalue()
