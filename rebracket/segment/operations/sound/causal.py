"""Cause: what follows from a sound is heard before it, swelling, and ends as it begins."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.segment.operations.sound.mixing import Samples, blend, levelled, moved
from rebracket.segment.operations.sound.noises import in_room, room
from rebracket.segment.operations.sound.spans import Spans, depth, envelope, notes, reach
from rebracket.segment.operations.sound.spectrum import high_pass

_LOUDEST_GAIN = 30.0


@levelled
def pre_echo(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Each sound's echo swells up to it, and the sound itself is cut off."""
    spans = notes(samples, rate, rng, 0.18, 0.9)
    answer = room(rate, len(samples), rng.uniform(0.5, 1.1), 6000, rng)
    echo = in_room(samples[:, ::-1], answer)[:, ::-1]
    changed = samples * _cut_off(spans, rate) + 1.5 * echo * _rise(spans)
    return blend(samples, changed, _taken(spans, rate, intensity))


@levelled
def reversed_envelopes(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Each note swells where it decayed and breaks off where it began; its sound runs forward."""
    spans = notes(samples, rate, rng, 0.18, 0.9)
    level = envelope(samples, rate, 0.02)
    ends = np.repeat(spans.edges[1:], np.diff(spans.edges))
    mirror = level[spans.starts() + ends - 1 - np.arange(samples.shape[1])]
    floor = level.max() * 1e-3 + 1e-12
    gain = (mirror + floor) / (level + floor) * _rise(spans)
    gain = np.minimum(gain, _LOUDEST_GAIN) ** _taken(spans, rate, intensity)
    result: Samples = samples * gain.astype(np.float32)
    return result


@levelled
def effect_first(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Overtones and late tails come first and swell; the attack and the low tones follow."""
    spans = notes(samples, rate, rng, 0.18, 0.9)
    lead = round(rate * rng.uniform(0.1, 0.18))
    high = high_pass(samples, rate, 900)
    low = moved(samples - high, lead // 2)
    tail = moved(high, -3 * lead) + moved(high, -2 * lead)
    rise = _rise(spans)
    first = moved(high, -lead) * (0.3 + rise) + tail * rise
    changed = first + low * np.maximum(_cut_off(spans, rate), 0.4)
    return blend(samples, changed, _taken(spans, rate, intensity))


def _taken(spans: Spans, rate: int, intensity: float) -> NDArray[np.float32]:
    return spans.hold(spans.chosen(reach(intensity)) * depth(intensity), rate // 200)


def _rise(spans: Spans) -> NDArray[np.float32]:
    """A gain [samples] that grows by 30 dB over each span."""
    return (10 ** (1.5 * (spans.way() - 1))).astype(np.float32)


def _cut_off(spans: Spans, rate: int) -> NDArray[np.float32]:
    """A gain [samples] that falls within a tenth of a second of each span's beginning."""
    since = (np.arange(spans.edges[-1]) - spans.starts()) / rate
    return np.exp(-since / 0.05).astype(np.float32)
