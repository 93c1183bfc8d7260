"""Levels stay, peaks are rounded off, and what lies between samples is found."""

import numpy as np
import pytest

from rebracket.segment.operations.sound.mixing import (
    Samples,
    at_level,
    blend,
    middle,
    moved,
    read_at,
    rms,
    two_channels,
)

RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal((2, 4000)).astype(np.float32)


def test_the_level_is_the_one_asked_for() -> None:
    assert rms(at_level(NOISE, 0.1)) == pytest.approx(0.1, rel=1e-5)


def test_peaks_that_do_not_fit_are_rounded_off_and_the_level_is_made_up_for() -> None:
    loud = at_level(NOISE, 0.6)
    assert np.abs(loud).max() <= 1
    assert rms(loud) == pytest.approx(0.6, rel=0.1)


@pytest.mark.parametrize("silent", [np.zeros((1, 50), np.float32), NOISE * np.float32(1e-12)])
def test_what_is_not_heard_is_not_blown_up(silent: Samples) -> None:
    assert not at_level(silent, 0.1).any()


def test_nothing_has_no_level() -> None:
    assert rms(np.zeros((2, 0))) == 0


def test_a_blend_lies_between_the_two() -> None:
    ones = np.ones_like(NOISE)
    np.testing.assert_allclose(blend(NOISE, ones, 0.25), 0.75 * NOISE + 0.25, atol=1e-6)
    half = np.repeat([0.0, 1.0], 2000)
    np.testing.assert_allclose(blend(NOISE, ones, half)[:, :2000], NOISE[:, :2000])
    np.testing.assert_allclose(blend(NOISE, ones, half)[:, 2000:], 1, atol=1e-6)


def test_one_channel_is_doubled_and_two_have_a_middle() -> None:
    assert two_channels(NOISE) is NOISE
    np.testing.assert_array_equal(middle(two_channels(NOISE[:1])), NOISE[:1])


def test_reading_at_whole_positions_gives_the_samples() -> None:
    np.testing.assert_array_equal(read_at(NOISE, np.arange(4000.0)), NOISE)


def test_reading_between_samples_follows_a_sine() -> None:
    sine = np.sin(0.3 * np.arange(200, dtype=np.float32))[None]
    places = np.linspace(2, 190, 77)
    np.testing.assert_allclose(read_at(sine, places)[0], np.sin(0.3 * places), atol=2e-3)


def test_reading_beyond_the_ends_holds_them() -> None:
    read = read_at(NOISE, np.array([-5.0, 4100.0]))
    np.testing.assert_array_equal(read, NOISE[:, [0, -1]])


@pytest.mark.parametrize("by", [0, 3, -3, 5000, -5000])
def test_samples_move_and_leave_silence(by: int) -> None:
    padded = np.pad(NOISE, ((0, 0), (5000, 5000)))
    np.testing.assert_array_equal(moved(NOISE, by), padded[:, 5000 - by : 9000 - by])
