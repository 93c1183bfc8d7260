"""Time: spans run backwards, at another pace, or to a standstill; between them time is as it was."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.segment.operations.sound.mixing import Samples, blend, levelled, read_at
from rebracket.segment.operations.sound.spans import beats, cut, depth, reach


@levelled
def reversed_spans(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """The ends of spans run backwards, the whole spans at full intensity.

    Spans begin and end where they happen to: cut at onsets, one would hear notes that swell.
    """
    spans = cut(samples.shape[1], rate, rng, 0.5, 1.5)
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
    """Part of each span is drawn out, stuttering, and the rest crammed into what time is left."""
    spans = beats(samples, rate, rng, 0.7, 1.5)
    little = 0.5 - 0.42 * depth(intensity)  # of the music lasts the rest of the span
    slow_first = spans.hold(rng.integers(0, 2, len(spans))) > 0
    way = np.where(slow_first, spans.way(), 1 - spans.way())
    pace = np.where(
        way < 1 - little,
        way * little / (1 - little),
        1 - (1 - way) * (1 - little) / little,
    )
    pace = np.where(slow_first, pace, 1 - pace)
    source = spans.starts() + pace * np.repeat(np.diff(spans.edges), np.diff(spans.edges))
    other = _in_grains(samples, source, max(2, round(rate * rng.uniform(0.07, 0.12))))
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


def _in_grains(samples: Samples, source: NDArray[np.float64], grain: int) -> Samples:
    """The sound read where `source` [samples] says, at its own pitch: in grains of one length.

    Each grain is read onward from where it begins; at its ends it fades.
    """
    place = np.arange(len(source))
    within = place % grain
    read = np.clip(source[place - within].astype(np.int64) + within, 0, len(source) - 1)
    fade = np.minimum(within + 1, grain - within) / max(1, grain // 10)
    result: Samples = np.take(samples, read, axis=1) * np.minimum(fade, 1).astype(np.float32)
    return result
