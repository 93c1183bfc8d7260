"""A segment's reading, through the artefacts that serve."""

import pytest

from rebracket.errors import InvalidRequest
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Segment
from rebracket.taxonomy import TYPES

NOTE = "My aunt kept the whole street inside her pantry; the further in we went, the nearer home."
LYRIC = "You sign my name / I answer to yours / who was it let us in"


def test_probabilities_sum_to_one_and_name_the_type(predictor: Predictor) -> None:
    prediction = predictor.predict(Segment(text=NOTE))
    assert list(prediction.probabilities) == list(TYPES)
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-9)
    assert prediction.confidence == max(prediction.probabilities.values())
    assert prediction.probabilities[prediction.type] == prediction.confidence
    assert 0 <= prediction.intensity <= 1


def test_what_the_caller_sent_along_comes_back(predictor: Predictor) -> None:
    segment = Segment(text=NOTE, segment_id="s-1", metadata={"album": "two"})
    prediction = predictor.predict(segment)
    assert (prediction.segment_id, prediction.metadata) == ("s-1", {"album": "two"})


def test_modalities_are_those_that_were_read(predictor: Predictor) -> None:
    def modalities(segment: Segment) -> list[str]:
        return list(predictor.predict(segment).modalities)

    assert modalities(Segment(text=NOTE)) == ["text"]
    assert modalities(Segment(lyrics=LYRIC)) == ["lyrics"]
    assert modalities(Segment(text=NOTE, lyrics=LYRIC)) == ["text", "lyrics"]
    assert modalities(Segment(text=NOTE, lyrics="  ")) == ["text"]


def test_both_fields_decide_together(full_predictor: Predictor) -> None:
    both = full_predictor.predict(Segment(text=NOTE, lyrics=LYRIC)).probabilities
    for alone in (Segment(text=NOTE), Segment(lyrics=LYRIC)):
        assert full_predictor.predict(alone).probabilities != both


def test_a_long_text_is_read_to_its_end(full_predictor: Predictor) -> None:
    plain = "We drove home and had soup. " * 150
    ending = "I signed her name, wore her coat, and answered when they called for her. " * 40
    without = full_predictor.predict(Segment(text=plain))
    with_ending = full_predictor.predict(Segment(text=plain + ending))
    assert with_ending.probabilities["identity"] > without.probabilities["identity"] + 0.1  # type: ignore[index]


def test_words_that_hold_no_token_are_refused_by_field(predictor: Predictor) -> None:
    with pytest.raises(InvalidRequest) as caught:
        predictor.predict(Segment(lyrics="\u200b"), path=("segments", 3))
    assert caught.value.errors == [
        {"loc": ["segments", 3, "lyrics"], "msg": "No readable words", "type": "no_readable_words"}
    ]
