"""Time: spans run backwards, at another pace, or to a standstill; between them time is as it was."""

import numpy as np
from numpy.random import Generator

from rebracket.segment.operations.sound.mixing import Samples, blend, levelled, read_at
from rebracket.segment.operations.sound.pitch import replayed
from rebracket.segment.operations.sound.spans import beats, depth, reach
from rebracket.segment.operations.sound.spectrum import (
    OVERLAP,
    centres,
    frame_size,
    spectra_of,
)


@levelled
def reversed_spans(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """The ends of spans run backwards, the whole spans at full intensity."""
    spans = beats(samples, rate, rng, 0.35, 1.2)
    portion = 0.4 + 0.6 * depth(intensity)
    ends = np.repeat(spans.edges[1:], np.diff(spans.edges))
    lengths = np.repeat(np.diff(spans.edges), np.diff(spans.edges))
    place = np.arange(samples.shape[1])
    turned = ends - np.ceil(lengths * portion).astype(np.int64)
    back = (place >= turned) & (spans.hold(spans.chosen(reach(intensity))) > 0)
    mirrored = np.take(samples, np.where(back, turned + ends - 1 - place, place), axis=1)
    result: Samples = mirrored * spans.seams(rate // 300)
    return result


@levelled
def stretched_spans(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Part of each span is drawn out and the rest crammed into what time is left."""
    spans = beats(samples, rate, rng, 0.7, 1.5)
    little = 0.5 - 0.36 * depth(intensity)  # of the music lasts the rest of the span
    slow_first = rng.integers(0, 2, len(spans))
    way = spans.way()
    way = np.where(spans.hold(slow_first) > 0, way, 1 - way)
    pace = np.where(
        way < 1 - little,
        way * little / (1 - little),
        1 - (1 - way) * (1 - little) / little,
    )
    pace = np.where(spans.hold(slow_first) > 0, pace, 1 - pace)
    source = spans.starts() + pace * np.repeat(np.diff(spans.edges), np.diff(spans.edges))
    size = frame_size(rate, 0.064)
    spectra = spectra_of(samples, size)
    middles = np.clip(centres(spectra.shape[1], size), 0, samples.shape[1] - 1)
    frames = (source[middles] + size / 2) / (size // OVERLAP)
    other = replayed(spectra, frames, samples.shape[1])
    return blend(samples, other, spans.hold(spans.chosen(reach(intensity)), rate // 100))


@levelled
def tape_stops(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Spans slow down, falling in pitch, until they stand; the next begins where it would have."""
    spans = beats(samples, rate, rng, 0.5, 1.4)
    fall = spans.hold(spans.chosen(reach(intensity)) * depth(intensity)).astype(np.float64)
    lengths = np.repeat(np.diff(spans.edges), np.diff(spans.edges))
    way = spans.way()
    standing = 0.9  # of the span, from where on it stands
    slowing = np.minimum(way, standing)
    played = way - fall * (slowing**2 / (2 * standing) + (way - slowing))
    speed = 1 - fall * slowing / standing
    gain = np.sqrt(np.maximum(speed, 0)).astype(np.float32)
    return read_at(samples, spans.starts() + played * lengths) * gain * spans.seams(rate // 300)
