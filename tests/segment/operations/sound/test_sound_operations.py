"""What holds for every operation on sound, and what each makes of a sound that shows it."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.segment.operations.operation import Operation
from rebracket.segment.operations.sound import OPERATIONS
from rebracket.segment.operations.sound.mixing import rms, two_channels
from rebracket.segment.operations.sound.spectrum import spectra_of
from rebracket.segment.sound import Sound
from rebracket.taxonomy import TYPES
from tests.segment.operations.sound.material import tune

TUNE = tune(4.0)
WIDENS = {"swapped_field", "folded_field"}
MONOTONE_MATERIALS = [tune(4.0, seed=1), tune(6.0, channels=1, seed=2), tune(3.0, seed=3)]

each = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def rebracketed(
    operation: Operation[Sound], sound: Sound, intensity: float, seed: int = 5
) -> Sound:
    return operation.apply(sound, intensity, np.random.default_rng(seed))


def distance(sound: Sound, other: Sound) -> float:
    """Mean absolute difference of the logarithmic spectra."""
    first, second = (
        np.log(np.abs(spectra_of(two_channels(item.samples), 512)) + 1e-3)
        for item in (sound, other)
    )
    return float(np.abs(first - second).mean())


def assert_sound(result: Sound, of: Sound, operation: Operation[Sound]) -> None:
    """As long as before, finite, not clipped, as loud, in as many channels or in two."""
    channels = 2 if operation.name in WIDENS else len(of.samples)
    assert result.rate == of.rate
    assert result.samples.shape == (channels, of.samples.shape[1])
    assert result.samples.dtype == np.float32
    assert np.isfinite(result.samples).all()
    assert np.abs(result.samples).max() <= 1
    if rms(of.samples) > 1e-4:
        assert abs(20 * np.log10(rms(result.samples) / rms(of.samples))) < 3


def test_there_are_three_operations_of_each_type_with_names_of_their_own() -> None:
    assert Counter(operation.type for operation in OPERATIONS) == dict.fromkeys(TYPES, 3)
    assert len({operation.name for operation in OPERATIONS}) == 24


@each
def test_nothing_happens_at_intensity_0(operation: Operation[Sound]) -> None:
    assert rebracketed(operation, TUNE, 0.0) is TUNE


@each
def test_the_input_is_left_alone(operation: Operation[Sound]) -> None:
    before = TUNE.samples.copy()
    rebracketed(operation, TUNE, 0.7)
    np.testing.assert_array_equal(TUNE.samples, before)


@each
def test_the_same_random_numbers_give_the_same_sound(operation: Operation[Sound]) -> None:
    first, again = (rebracketed(operation, TUNE, 0.6) for _ in range(2))
    np.testing.assert_array_equal(first.samples, again.samples)


@each
def test_other_random_numbers_give_another_sound(operation: Operation[Sound]) -> None:
    first, other = (rebracketed(operation, TUNE, 0.6, seed) for seed in (1, 2))
    assert distance(first, other) > 0.01


@each
@pytest.mark.parametrize("sound", MONOTONE_MATERIALS, ids=["stereo", "mono", "short"])
def test_the_sound_changes_more_the_higher_the_intensity(
    operation: Operation[Sound], sound: Sound
) -> None:
    away = [distance(sound, rebracketed(operation, sound, i)) for i in (0.2, 0.5, 1.0)]
    assert away == sorted(away)
    assert away[0] > 0.01
    assert away[2] > 0.25


@each
@pytest.mark.parametrize(
    ("channels", "seconds", "rate"),
    [(1, 0.1, 16_000), (2, 0.1, 8_000), (2, 0.7, 44_100), (1, 3.0, 16_000), (2, 5.0, 16_000)],
)
def test_length_level_and_channels_are_kept(
    operation: Operation[Sound], channels: int, seconds: float, rate: int
) -> None:
    sound = tune(seconds, channels=channels, rate=rate)
    for intensity in (0.3, 1.0):
        assert_sound(rebracketed(operation, sound, intensity), sound, operation)


@each
@pytest.mark.parametrize("channels", [1, 2])
def test_silence_stays_silence(operation: Operation[Sound], channels: int) -> None:
    sound = Sound(np.zeros((channels, 16_000), dtype=np.float32), 16_000)
    assert not rebracketed(operation, sound, 1.0).samples.any()


@each
def test_a_sound_of_no_samples_comes_back(operation: Operation[Sound]) -> None:
    sound = Sound(np.zeros((2, 0), dtype=np.float32), 16_000)
    assert rebracketed(operation, sound, 1.0) is sound


@each
def test_a_sound_at_full_level_is_not_clipped(operation: Operation[Sound]) -> None:
    rng = np.random.default_rng(0)
    sound = Sound(rng.uniform(-1, 1, (2, 32_000)).astype(np.float32), 16_000)
    assert_sound(rebracketed(operation, sound, 1.0), sound, operation)


@each
def test_a_single_click_and_a_sound_half_silent_stay_finite(operation: Operation[Sound]) -> None:
    click = np.zeros((2, 16_000), dtype=np.float32)
    click[:, 5_000] = 0.9
    half = tune(2.0).samples.copy()
    half[:, 16_000:] = 0
    for samples in (click, half):
        result = rebracketed(operation, Sound(samples, 16_000), 1.0)
        assert np.isfinite(result.samples).all()
        assert np.abs(result.samples).max() <= 1


@settings(deadline=None, max_examples=60)
@given(
    number=st.integers(0, len(OPERATIONS) - 1),
    intensity=st.floats(0, 1),
    seed=st.integers(0, 2**32),
    count=st.integers(1_600, 20_000),
    channels=st.integers(1, 2),
)
def test_any_intensity_seed_and_length_gives_a_sound(
    number: int, intensity: float, seed: int, count: int, channels: int
) -> None:
    operation = OPERATIONS[number]
    sound = tune(count / 16_000, channels=channels, seed=seed % 7)
    result = rebracketed(operation, sound, intensity, seed)
    if intensity:
        assert_sound(result, sound, operation)
    else:
        assert result is sound
