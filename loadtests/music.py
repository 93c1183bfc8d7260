"""Files of music of any length, to send."""

import io

import numpy as np
import soundfile

from rebracket.segment.midi import write_midi
from rebracket.segment.notes import Notes

RATE = 44_100


def flac(seconds: float) -> bytes:
    """Two voices in stereo, slowly turning, with a little noise."""
    time = np.arange(int(seconds * RATE)) / RATE
    rng = np.random.default_rng(0)
    voices = [
        np.sin(2 * np.pi * f * time) * (0.6 + 0.4 * np.sin(time * f / 99)) for f in (220, 331)
    ]
    sound = 0.3 * np.stack(voices, axis=1) + rng.normal(0, 0.01, (len(time), 2))
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def midi(notes: int) -> bytes:
    """Four voices of steady eighths."""
    onset = np.repeat(np.arange(notes // 4) / 2, 4)
    rng = np.random.default_rng(0)
    return write_midi(
        Notes(
            onset=onset,
            duration=np.full(len(onset), 0.45),
            pitch=rng.integers(40, 84, len(onset)).astype(np.int16),
            velocity=rng.integers(50, 100, len(onset)).astype(np.int16),
            program=np.zeros(len(onset), dtype=np.int16),
            drum=np.zeros(len(onset), dtype=np.bool_),
            track=np.tile(np.arange(4, dtype=np.int16), notes // 4),
            length=notes / 8 + 1,
        )
    )
