"""Spectra lead back to the sound, and filters pass what they should."""

import numpy as np
import pytest

from rebracket.segment.operations.sound.mixing import Samples, rms
from rebracket.segment.operations.sound.spectrum import (
    at_frames,
    centres,
    frame_size,
    frequencies,
    high_pass,
    low_pass,
    sound_of,
    spectra_of,
)

RATE = 16_000


def sine(hertz: float, count: int = 8000) -> Samples:
    return np.sin(2 * np.pi * hertz * np.arange(count) / RATE).astype(np.float32)[None]


@pytest.mark.parametrize("count", [1, 255, 256, 1000, 5001])
@pytest.mark.parametrize("size", [16, 256, 1024])
def test_the_spectra_of_a_sound_give_it_back(count: int, size: int) -> None:
    sound = np.random.default_rng(count).standard_normal((2, count)).astype(np.float32)
    np.testing.assert_allclose(sound_of(spectra_of(sound, size), count), sound, atol=1e-5)


def test_a_tone_is_strongest_in_its_bin() -> None:
    spectra = np.abs(spectra_of(sine(1000), 512))[0]
    assert frequencies(512, RATE)[spectra[20].argmax()] == 1000


def test_a_click_is_loudest_in_the_frame_whose_middle_it_is() -> None:
    click = np.zeros((1, 4000), dtype=np.float32)
    click[0, 1280] = 1
    power = np.abs(spectra_of(click, 512))[0].sum(axis=1)
    assert centres(len(power), 512)[power.argmax()] == 1280


def test_a_curve_is_read_at_the_frames_middles() -> None:
    curve = np.arange(4000.0)
    frames = spectra_of(np.zeros((1, 4000), dtype=np.float32), 512).shape[1]
    expected = np.clip(centres(frames, 512), 0, 3999)
    np.testing.assert_array_equal(at_frames(curve, frames, 512)[:, 0], expected)


def test_filters_pass_their_side_and_halve_the_corner() -> None:
    assert rms(low_pass(sine(200), RATE, 1000)) == pytest.approx(rms(sine(200)), rel=0.03)
    assert rms(low_pass(sine(4000), RATE, 1000)) < 0.02
    assert rms(high_pass(sine(4000), RATE, 1000)) == pytest.approx(rms(sine(200)), rel=0.03)
    assert rms(high_pass(sine(1000), RATE, 1000)) == pytest.approx(rms(sine(200)) / 2, rel=0.03)


def test_frames_are_the_nearest_power_of_two_and_never_tiny() -> None:
    assert frame_size(16_000, 0.064) == 1024
    assert frame_size(44_100, 0.064) == 2048
    assert frame_size(16_000, 0.0001) == 16
