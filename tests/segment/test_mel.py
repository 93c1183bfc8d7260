"""Sound is read as librosa reads it, whatever its loudness, and in stereo by its sides."""

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rebracket.segment.mel import (
    BANDS,
    FFT,
    FLOOR,
    HIGHEST,
    HOP,
    LOWEST,
    PLANES,
    RANGE,
    RATE,
    WINDOW_S,
    centred,
    filters,
    log_mel,
    planes,
    spectra,
    windows,
)
from rebracket.segment.sound import Sound

COUNT = 2 * RATE
TIME = np.arange(COUNT) / RATE
RNG = np.random.default_rng(0)

SOUNDS: dict[str, NDArray[np.float32]] = {
    name: samples.astype(np.float32)
    for name, samples in {
        "noise": 0.2 * RNG.standard_normal(COUNT),
        "tone": 0.5 * np.sin(2 * np.pi * 440 * TIME),
        "tones": 0.2 * np.sin(2 * np.pi * np.outer([110, 997, 7333], TIME)).sum(axis=0),
        "silence": np.zeros(COUNT),
        "clicks": 0.9 * (np.arange(COUNT) % 7001 == 0),
        "a frame and a bit": 0.2 * RNG.standard_normal(FFT + 3),
        "faint": 1e-5 * RNG.standard_normal(COUNT),
    }.items()
}
STEREO = np.stack([SOUNDS["noise"], SOUNDS["tones"]])

each = pytest.mark.parametrize("name", SOUNDS)


def of_librosa(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The power in each band [frames, BANDS], silence at `FLOOR`, as a logarithm."""
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=RATE,
        n_fft=FFT,
        hop_length=HOP,
        power=2.0,
        n_mels=BANDS,
        fmin=LOWEST,
        fmax=HIGHEST,
        pad_mode="constant",
    )
    return np.asarray(np.log(np.maximum(power.T, FLOOR)), dtype=np.float32)


@each
def test_what_is_within_range_of_the_peak_is_as_librosa_has_it(name: str) -> None:
    ours, theirs = log_mel(spectra(centred(SOUNDS[name]))), of_librosa(SOUNDS[name])
    assert ours.shape == theirs.shape
    heard = theirs.max() - RANGE
    np.testing.assert_allclose(np.maximum(ours, heard), np.maximum(theirs, heard), atol=1e-4)


@each
def test_what_is_under_it_differs_by_the_rounding_of_floats_only(name: str) -> None:
    ours, theirs = log_mel(spectra(centred(SOUNDS[name]))), of_librosa(SOUNDS[name])
    np.testing.assert_allclose(ours, theirs, atol=1e-2)


def test_the_filters_are_librosas() -> None:
    theirs = librosa.filters.mel(sr=RATE, n_fft=FFT, n_mels=BANDS, fmin=LOWEST, fmax=HIGHEST)
    np.testing.assert_allclose(filters(), theirs.T, atol=1e-7)


@each
@pytest.mark.parametrize("channels", [1, 2])
def test_planes_are_numbers_for_every_frame(name: str, channels: int) -> None:
    samples = np.repeat(SOUNDS[name][None], channels, axis=0)
    found = planes(samples)
    assert found.shape == (1 + samples.shape[1] // HOP, PLANES, BANDS)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


@pytest.mark.parametrize("gain", [0.01, 0.3, 3.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_changes_nothing(gain: float, channels: int) -> None:
    samples = STEREO[:channels]
    np.testing.assert_allclose(
        planes((gain * samples).astype(np.float32)), planes(samples), atol=1e-3
    )


def test_the_mean_level_of_a_window_is_0() -> None:
    assert planes(STEREO)[:, 0].mean() == pytest.approx(0, abs=1e-5)


def test_swapped_channels_turn_the_second_plane_and_leave_the_others() -> None:
    as_it_is, swapped = planes(STEREO), planes(STEREO[::-1])
    np.testing.assert_array_equal(swapped[:, 1], -as_it_is[:, 1])
    np.testing.assert_allclose(swapped[:, 0], as_it_is[:, 0], atol=1e-6)
    np.testing.assert_allclose(swapped[:, 2], as_it_is[:, 2], atol=1e-6)


def test_what_is_on_the_left_is_over_0_in_the_second_plane() -> None:
    left = np.stack([SOUNDS["noise"], 0.1 * SOUNDS["noise"]])
    assert (planes(left)[:, 1] > 1).mean() > 0.9


def test_the_same_in_both_channels_is_read_as_one_channel_is() -> None:
    one, both = planes(SOUNDS["tones"][None]), planes(np.repeat(SOUNDS["tones"][None], 2, axis=0))
    np.testing.assert_allclose(both, one, atol=1e-6)
    assert not one[:, 1].any()


def test_what_is_against_itself_in_the_channels_is_all_width() -> None:
    noise = SOUNDS["noise"]
    assert (planes(np.stack([noise, -noise]))[:, 2] == 1).mean() > 0.99


@given(count=st.integers(800, 40 * RATE), channels=st.integers(1, 2))
def test_windows_have_every_sample_once_and_are_short_enough(count: int, channels: int) -> None:
    samples = np.arange(channels * count, dtype=np.float32).reshape(channels, count)
    found = windows(Sound(samples, RATE))
    np.testing.assert_array_equal(np.concatenate([w.samples for w in found], axis=1), samples)
    lengths = [window.samples.shape[1] for window in found]
    assert max(lengths) < WINDOW_S * RATE + HOP
    assert max(lengths) - min(lengths) < 2 * HOP
    assert all(length % HOP == 0 for length in lengths[:-1])


def test_a_window_says_how_many_frames_it_has_before_they_are_worked_out() -> None:
    for window in windows(Sound(np.tile(STEREO, 5), RATE)):
        assert window.work == len(window.features())


def test_batched_windows_keep_their_own_frames_and_masks() -> None:
    long, short = (windows(Sound(STEREO[:, :count], RATE))[0] for count in (COUNT, 9000))
    batch = short.beside([long]).feeds()
    frames = short.work
    np.testing.assert_array_equal(batch["planes"][0, :frames], short.features())
    np.testing.assert_array_equal(batch["planes"][1], long.features())
    assert not batch["planes"][0, frames:].any()
    assert batch["mask"].sum(axis=1).tolist() == [frames, long.work]
