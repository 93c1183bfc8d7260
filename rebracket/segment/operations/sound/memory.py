"""Memory: a worn medium that wavers, crackles and forgets, and what comes back ever fainter."""

from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.segment.operations.sound.mixing import Samples, blend, levelled, read_at
from rebracket.segment.operations.sound.noises import crackle, hiss
from rebracket.segment.operations.sound.spans import Spans, depth, reach
from rebracket.segment.operations.sound.spectrum import (
    at_frames,
    frame_size,
    frequencies,
    low_pass,
    sound_of,
    spectra_of,
)

_CYCLE_S = 6.5  # then another moment is what returns
_RETURN_FALL = 0.86
_RETURN_DULLING = 0.72


@levelled
def worn_tape(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Wow and flutter that grow, dropouts, hiss, and dull highs."""
    strength = depth(intensity)
    age = _ageing(samples, rate, rng)
    worn = _wavering(samples, rate, strength * age, rng)
    dropouts = _dropouts(samples, rate, rng, intensity)
    noise = 0.1 * strength * hiss(samples, rng) + strength * crackle(samples, rate, rng, 4)
    worn = blend(worn, low_pass(worn, rate, 2500), strength)
    return worn * dropouts + noise


@levelled
def fading_band(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """The upper half of the sound sinks away in crackle and hiss, and holes open in what is left."""
    strength = depth(intensity)
    age = _ageing(samples, rate, rng)
    faded = _wavering(samples, rate, 0.35 * strength * age, rng)
    faded = _sinking_band(faded, rate, strength * age)
    dropouts = _dropouts(samples, rate, rng, intensity)
    noise = 0.07 * hiss(samples, rng) + crackle(samples, rate, rng, 14)
    return faded * dropouts + noise * (strength * (0.4 + 0.6 * age))


@levelled
def returns(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """A moment comes back again and again beneath, each time duller, softer and lower in pitch."""
    cycles = max(1, round(samples.shape[1] / rate / _CYCLE_S))
    edges = np.linspace(0, samples.shape[1], cycles + 1).astype(np.int64)
    result = samples * np.float32(1 - 0.55 * depth(intensity))
    result += 0.04 * depth(intensity) * hiss(samples, rng)
    for start, end in pairwise(edges.tolist()):
        length = max(1, round(min(rng.uniform(0.6, 1.3) * rate, (end - start) / 4)))
        copies = (end - start) // length - 1
        heard = max(1, round(copies * reach(intensity)))
        echo = _returning(samples[:, start : start + length], rate, copies, rng)
        first = start + length
        result[:, first : first + heard * length] += (
            depth(intensity) * 1.3 * echo[:, : heard * length]
        )
    return result


def _returning(moment: Samples, rate: int, copies: int, rng: Generator) -> Samples:
    """The moment so many times in a row, each the last one remembered worse."""
    length = moment.shape[1]
    place = np.arange(length)
    edge = np.clip(np.minimum(place, place[::-1]) / max(1, rate // 50), 0, 1).astype(np.float32)
    slower = 2 ** -(rng.uniform(0.3, 0.6) / 12)
    corner, copy, parts = 5000.0, moment * edge, [moment[:, :0]]
    for _ in range(copies):
        copy = _RETURN_FALL * low_pass(read_at(copy, place * slower), rate, corner) * edge
        corner = max(500.0, corner * _RETURN_DULLING)
        parts.append(copy)
    return np.concatenate(parts, axis=1)


def _ageing(samples: Samples, rate: int, rng: Generator) -> NDArray[np.float32]:
    """How far memory has worn out at each sample: from a third to 1, anew every 6 to 9 seconds."""
    period = max(2.0, min(samples.shape[1], rng.uniform(6, 9) * rate))
    way = np.arange(samples.shape[1]) % period / period
    age: NDArray[np.float32] = (0.35 + 0.65 * way).astype(np.float32)
    return age


def _wavering(samples: Samples, rate: int, amount: NDArray[np.float32], rng: Generator) -> Samples:
    """The pitch swayed by up to 8 % slowly (wow) and 1.5 % quickly (flutter)."""
    seconds = np.arange(samples.shape[1]) / rate
    place = np.arange(samples.shape[1], dtype=np.float64)
    for speed, low, high in ((0.06, 0.5, 0.9), (0.02, 1.1, 1.9), (0.015, 6.5, 10.5)):
        turns = rng.uniform(low, high)
        sway = np.sin(2 * np.pi * (turns * seconds + rng.random()))
        place += amount * speed * rate / (2 * np.pi * turns) * sway
    return read_at(samples, place)


def _sinking_band(samples: Samples, rate: int, amount: NDArray[np.float32]) -> Samples:
    """Highs lost from 7 kHz down to 450 Hz, and lows up to 200 Hz, as far as `amount` says."""
    size = frame_size(rate, 0.064)
    spectra = spectra_of(samples, size)
    gone = at_frames(amount, spectra.shape[1], size)
    hertz = frequencies(size, rate)
    top = 7000 * (450 / 7000) ** gone
    bottom = 20 * 10**gone
    spectra *= 1 / (1 + (hertz / top) ** 4) / (1 + (bottom / hertz) ** 2)
    return sound_of(spectra, samples.shape[1])


def _dropouts(samples: Samples, rate: int, rng: Generator, intensity: float) -> NDArray[np.float32]:
    """A gain [samples] that gives way for moments, up to a quarter of the time."""
    count = samples.shape[1]
    edges = np.cumsum(rng.integers(rate // 20, rate // 5, size=count // (rate // 20) + 1))
    edges = np.unique(np.concatenate([[0], edges[edges < count], [count]]))
    moments = Spans(edges, rng.random(len(edges) - 1))
    lost = moments.chosen(0.25 * reach(intensity)) * (0.96 * depth(intensity))
    return 1 - moments.hold(lost, rate // 60)
