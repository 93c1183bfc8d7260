import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.generation.wording.degrees import STARTS, Degree

INTENSITIES = st.floats(0, 1)


def test_nothing_is_redrawn_at_0_and_everything_at_1() -> None:
    assert Degree.of(0) is Degree.PLAIN
    assert Degree.of(1) is Degree.UTMOST


@pytest.mark.parametrize(("start", "degree"), list(zip(STARTS, list(Degree)[1:], strict=True)))
def test_a_degree_begins_at_its_start(start: float, degree: Degree) -> None:
    assert Degree.of(start) is degree
    assert Degree.of(start - 1e-9) == degree - 1


@given(INTENSITIES, INTENSITIES)
def test_more_intensity_is_never_a_lower_degree(one: float, other: float) -> None:
    assert Degree.of(min(one, other)) <= Degree.of(max(one, other))
