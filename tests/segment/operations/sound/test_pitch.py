"""Pitch and pace are changed apart from each other, and pitch is found."""

import numpy as np
import pytest

from rebracket.segment.operations.sound.mixing import Samples
from rebracket.segment.operations.sound.pitch import detuned, replayed, shifted, tracked
from rebracket.segment.operations.sound.spectrum import spectra_of
from tests.segment.operations.sound.material import tone

RATE = 16_000


def pitch_of(samples: Samples) -> float:
    """The strongest frequency in Hz."""
    spectrum = np.abs(np.fft.rfft(samples[0] * np.hanning(samples.shape[1]), n=2**18))
    return float(spectrum.argmax() * RATE / 2**18)


def test_a_sound_replayed_at_its_own_pace_is_the_same() -> None:
    sound = tone(330).samples
    spectra = spectra_of(sound, 1024)
    again = replayed(spectra, np.arange(spectra.shape[1], dtype=np.float64), sound.shape[1])
    np.testing.assert_allclose(again[:, 500:-1500], sound[:, 500:-1500], atol=0.01)


def test_a_sound_at_half_the_pace_keeps_its_pitch() -> None:
    sound = tone(330).samples
    spectra = spectra_of(sound, 1024)
    slow = replayed(spectra, np.arange(2 * spectra.shape[1]) / 2, 2 * sound.shape[1])
    assert slow.shape[1] == 2 * sound.shape[1]
    assert pitch_of(slow) == pytest.approx(330, rel=0.005)


@pytest.mark.parametrize("ratio", [0.5, 0.75, 1.26, 2.0])
def test_a_copy_is_shifted_by_its_ratio_and_keeps_its_length(ratio: float) -> None:
    (copy,) = shifted(tone(330).samples, RATE, (ratio,))
    assert copy.shape == tone(330).samples.shape
    assert pitch_of(copy) == pytest.approx(330 * ratio, rel=0.005)


@pytest.mark.parametrize("cents", [-45, -20, 15, 40])
def test_a_double_is_so_many_cents_away(cents: float) -> None:
    away = 1200 * np.log2(pitch_of(detuned(tone(330).samples, RATE, cents)) / 330)
    assert away == pytest.approx(cents, abs=8)


@pytest.mark.parametrize("hertz", [110.0, 220.0, 440.0])
def test_the_pitch_of_a_tone_is_found(hertz: float) -> None:
    found = tracked(tone(hertz).samples, RATE)
    assert found.shape == (2 * RATE,)
    assert np.median(found) == pytest.approx(hertz, rel=0.01)
