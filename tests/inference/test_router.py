"""Subjects are split by weight, stay where they are, and move only when they must."""

from collections import Counter
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from rebracket.errors import InvalidRequest
from rebracket.inference.calibration import Calibration
from rebracket.inference.predictor import Reader
from rebracket.inference.router import Router, Variant
from rebracket.registry import ExportedModel
from rebracket.schemas import ModelRef
from rebracket.segment.text import TextEncoder

SUBJECTS = [f"subject-{number}" for number in range(100_000)]
Weights = dict[str, float]


def router(weights: Weights, salt: str = "salt") -> Router:
    variants = [
        Variant(
            weight,
            Reader(
                model=cast("ExportedModel", None),
                ref=ModelRef(name="rebracket-segment", version=f"1.0.{number}", variant=name),
                encoder=cast("TextEncoder", None),
                calibrations={"words": Calibration(temperature=1.0)},
                engines={"words": name},
            ),
        )
        for number, (name, weight) in enumerate(weights.items())
    ]
    return Router(variants, salt=salt)


def split(weights: Weights, subjects: list[str] = SUBJECTS, salt: str = "salt") -> dict[str, str]:
    made = router(weights, salt)
    return {subject: made.reader(subject).ref.variant for subject in subjects}


@pytest.mark.parametrize(
    "weights", [{"a": 1, "b": 1}, {"a": 0.9, "b": 0.1}, {"a": 5, "b": 3, "c": 2}]
)
def test_a_hundred_thousand_subjects_are_split_as_the_weights_say(weights: Weights) -> None:
    found = Counter(split(weights).values())
    total = sum(weights.values())
    expected = [len(SUBJECTS) * weight / total for weight in weights.values()]
    assert chisquare([found[name] for name in weights], expected).pvalue > 0.001


def test_experiments_of_different_salt_split_independently() -> None:
    weights: Weights = {"a": 1, "b": 1}
    one, other = split(weights, salt="spring"), split(weights, salt="summer")
    both = Counter((one[subject], other[subject]) for subject in SUBJECTS)
    assert chisquare(list(both.values())).pvalue > 0.001


@given(
    weights=st.dictionaries(st.sampled_from("abcde"), st.floats(0.01, 100), min_size=2),
    data=st.data(),
)
@settings(max_examples=30)
def test_one_weight_that_changes_moves_subjects_to_or_from_its_variant_only(
    weights: Weights, data: st.DataObject
) -> None:
    changed = data.draw(st.sampled_from(sorted(weights)))
    factor = data.draw(st.floats(0.1, 10))
    before = split(weights, SUBJECTS[:500])
    after = split(weights | {changed: weights[changed] * factor}, SUBJECTS[:500])
    moved = [subject for subject in before if before[subject] != after[subject]]
    towards = after if factor > 1 else before
    assert all(towards[subject] == changed for subject in moved)


@given(st.text())
def test_a_subject_of_any_characters_stays_where_it_is(subject: str) -> None:
    weights: Weights = {"a": 1, "b": 1}
    assert router(weights).reader(subject) == router(weights).reader(subject)


def test_a_pinned_version_reads_for_anyone() -> None:
    made = router({"a": 1, "b": 1})
    assert {made.reader(subject, version="1.0.1").ref.variant for subject in SUBJECTS[:50]} == {"b"}


def test_a_version_that_is_not_served_is_named_with_those_that_are() -> None:
    with pytest.raises(InvalidRequest) as caught:
        router({"a": 1, "b": 1}).reader("someone", version="9.9.9")
    (error,) = caught.value.errors
    assert error["loc"] == ["header", "X-Model-Version"]
    assert error["msg"] == "Served are: 1.0.0, 1.0.1"
