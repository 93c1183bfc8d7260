"""What a piece is asked to be is told in numbers of fixed places."""

import numpy as np
import pytest

from rebracket.notation import KEYS, METERS
from rebracket.segment.tokens.condition import CONDITION, condition, unconditioned
from rebracket.segment.tokens.vocabulary import LONGEST_BAR, TICKS
from rebracket.taxonomy import TYPES, RebracketingType

MEMORY, SPATIAL = RebracketingType.MEMORY, RebracketingType.SPATIAL
TYPE, STRENGTH, TOLD, KEY = 0, len(TYPES), 2 * len(TYPES), 2 * len(TYPES) + 2
METER = KEY + len(KEYS)


def test_there_is_a_number_for_all_that_can_be_asked() -> None:
    found = condition((4, 4), mixture={MEMORY: 1.0}, intensity=0.5, key=3)
    assert found.shape == (CONDITION,) == (METER + len(METERS),)
    assert found.dtype == np.float32


def test_a_type_is_told_with_its_intensity() -> None:
    found = condition((4, 4), mixture={MEMORY: 3.0}, intensity=0.5)
    assert dict(enumerate(found[:KEY].tolist())) == {
        **dict.fromkeys(range(KEY), 0.0),
        TYPES.index(MEMORY): 1.0,
        STRENGTH + TYPES.index(MEMORY): 0.5,
        TOLD: 1.0,
        TOLD + 1: 0.5,
    }


def test_weights_of_a_mixture_are_parts_of_one() -> None:
    found = condition((4, 4), mixture={MEMORY: 30, SPATIAL: 10}, intensity=0.8)
    assert found[TYPES.index(MEMORY)] == pytest.approx(0.75)
    assert found[TYPES.index(SPATIAL)] == pytest.approx(0.25)
    assert found[STRENGTH : STRENGTH + len(TYPES)] == pytest.approx(0.8 * found[: len(TYPES)])


@pytest.mark.parametrize("mixture", [{}, {MEMORY: 1.0}, {MEMORY: 1.0, SPATIAL: 2.0}])
def test_without_intensity_all_types_are_one(mixture: dict[RebracketingType, float]) -> None:
    found = condition((4, 4), mixture=mixture, intensity=0.0)
    assert not found[:TOLD].any()
    assert found[TOLD] == 1.0


def test_any_type_is_not_the_same_as_none() -> None:
    any_type = condition((4, 4), mixture=None)
    assert not any_type[:KEY].any()
    assert (any_type != condition((4, 4), mixture={})).sum() == 1


def test_each_key_and_meter_has_a_number() -> None:
    for key in range(len(KEYS)):
        assert condition((4, 4), mixture=None, key=key)[KEY:METER].nonzero()[0].tolist() == [key]
    for index, meter in enumerate(METERS):
        assert condition(meter, mixture=None)[METER:].nonzero()[0].tolist() == [index]


def test_no_key_is_any() -> None:
    assert not condition((4, 4), mixture=None)[KEY:METER].any()


def test_a_meter_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="not in"):
        condition((5, 8), mixture=None)


def test_unconditioned_keeps_key_and_meter_and_what_it_was_given() -> None:
    given = np.stack(
        [
            condition((3, 4), mixture={MEMORY: 1.0}, intensity=0.5, key=7),
            condition((3, 4), mixture={SPATIAL: 1.0}, intensity=0.9, key=7),
        ]
    )
    before = given.copy()
    found = unconditioned(given)
    plain = condition((3, 4), mixture=None, key=7)
    np.testing.assert_array_equal(found, [plain, plain])
    np.testing.assert_array_equal(given, before)


def test_bars_of_all_meters_are_whole_ticks_and_not_too_long() -> None:
    for over, under in METERS:
        assert over * 4 * TICKS % under == 0
        assert over * 4 * TICKS // under <= LONGEST_BAR
