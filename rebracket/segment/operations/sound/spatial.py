"""Space: near and far, left and right change places while the music goes on."""

import numpy as np
from numpy.random import Generator

from rebracket.segment.operations.sound.mixing import (
    Samples,
    at_level,
    blend,
    levelled,
    middle,
    rms,
    two_channels,
)
from rebracket.segment.operations.sound.noises import in_room, room
from rebracket.segment.operations.sound.spans import beats, depth, firm, reach
from rebracket.segment.operations.sound.spectrum import (
    at_frames,
    filtered,
    frame_size,
    frequencies,
    sound_of,
    spectra_of,
)

_FAR_SHARE = 0.55  # over this a far room is where the music is, and no place that it jumps to


@levelled
def rooms(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Spans jump from right in front of the ear to a far, dull, wide room and back."""
    spans = beats(samples, rate, rng, 0.4, 1.2)
    answer = room(rate, len(samples), rng.uniform(1.5, 3.0), rng.uniform(700, 1600), rng)
    away = spans.chosen(_FAR_SHARE * firm(intensity))
    fade = rate // 100
    strength = firm(intensity)
    here = blend(samples, _close(samples, rate), spans.hold(~away * strength, fade))
    return blend(here, in_room(samples, answer), spans.hold(away * strength, fade))


@levelled
def swapped_field(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Left and right are exchanged span by span, and all is thrown to one side, then the other."""
    field = two_channels(samples)
    spans = beats(samples, rate, rng, 0.3, 0.9)
    taken = spans.chosen(reach(intensity))
    fade = rate // 200
    field = blend(field, field[::-1], spans.hold(taken, fade))
    lean = spans.hold(taken * spans.sides() * depth(intensity) * 0.97, fade)
    thrown = middle(field) * np.sqrt(1 + np.stack([-lean, lean]))
    return blend(field, thrown, np.abs(lean))


@levelled
def folded_field(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Lows are torn to one side and highs to the other; where they part moves, sides change."""
    field = two_channels(samples)
    spans = beats(samples, rate, rng, 0.35, 1.0)
    size = frame_size(rate, 0.032)
    spectra = spectra_of(field, size)
    frames = spectra.shape[1]
    turn = np.arange(samples.shape[1]) / rate / rng.uniform(1.5, 3.5) + rng.random()
    parting = at_frames(np.log2(600) + 1.2 * np.sin(2 * np.pi * turn), frames, size)
    side = at_frames(spans.hold(spans.sides(), rate // 50), frames, size)
    right = side * np.tanh(2.5 * (np.log2(frequencies(size, rate)) - parting))
    folded = spectra.mean(axis=0) * np.sqrt(1 + 0.99 * np.stack([-right, right]))
    taken = spans.hold(spans.chosen(reach(intensity)) * depth(intensity), rate // 50)
    spectra += at_frames(taken, frames, size) * (folded - spectra)
    return sound_of(spectra, samples.shape[1])


def _close(samples: Samples, rate: int) -> Samples:
    """Right in front of the ear: from the middle, and bright."""
    near = filtered(middle(samples), rate, lambda f: 1 + 1.5 / (1 + (2500 / f) ** 2))
    return np.broadcast_to(at_level(near, rms(samples)), samples.shape)
