"""Where voices are: registers exchanged, lines displaced by octaves, voices torn apart."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import chosen, melody, share, tidy, touched


def octaves_displaced(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Notes of a line leap an octave or two away from their neighbours."""
    moved = chosen(len(notes), intensity, rng) & ~notes.drum
    down = rng.random(len(notes)) < np.where(notes.pitch > 60, 0.65, 0.35)  # noqa: PLR2004 - middle C
    far = rng.random(len(notes)) < intensity / 2
    shift = 12 * np.where(far, 2, 1) * np.where(down, -1, 1)
    return tidy(replace(notes, pitch=notes.pitch + np.where(moved, shift, 0)))


def registers_exchanged(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """In some bars the tune lies under what it lay over, and that above it."""
    moved = touched(notes, intensity, rng) & ~notes.drum
    tune = melody(notes)
    if not (~tune & ~notes.drum).any():
        reach = 24 * np.where(notes.pitch > np.median(notes.pitch), -1, 1)
    else:
        gap = float(np.median(notes.pitch[tune]) - np.median(notes.pitch[~tune & ~notes.drum]))
        octaves = 12 * max(1, round(abs(gap) / 12))
        reach = np.where(tune, -octaves - 12, octaves)
    return tidy(replace(notes, pitch=notes.pitch + np.where(moved, reach, 0)))


def torn_apart(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """What lay near moves to the edges: high notes up, low ones down, the middle left empty."""
    moved = touched(notes, intensity, rng) & ~notes.drum
    centre = np.median(notes.pitch[~notes.drum]) if (~notes.drum).any() else 60
    octaves = 1 + (share(intensity) > rng.random(len(notes)) * 1.4)
    away = 12 * octaves * np.where(notes.pitch >= centre, 1, -1)
    return tidy(replace(notes, pitch=notes.pitch + np.where(moved, away, 0)))
