"""A segment's reading, through the artefacts that serve."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from rebracket.errors import InvalidRequest, PayloadTooLarge
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Segment
from rebracket.segment.midi import write_midi
from rebracket.segment.operations.notes import identity, narrative
from rebracket.taxonomy import TYPES
from tests.music_files import audio, midi, tune

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


def test_any_mix_of_words_notes_and_sound_is_one_segment(full_predictor: Predictor) -> None:
    parts = {"text": NOTE, "lyrics": LYRIC, "midi": midi(), "audio": audio()}
    for count in range(1, len(parts) + 1):
        for names in combinations(parts, count):
            segment = Segment.model_validate({name: parts[name] for name in names})
            prediction = full_predictor.predict(segment)
            assert prediction.modalities == list(names)
            assert sum(prediction.probabilities.values()) == pytest.approx(1)


def test_what_is_done_to_notes_is_heard(full_predictor: Predictor) -> None:
    plain = full_predictor.predict(Segment(midi=midi()))
    rng = np.random.default_rng(1)
    for kind, operation in (("identity", identity.hocket), ("narrative", narrative.quoted)):
        done = operation(tune(), 0.9, rng)
        prediction = full_predictor.predict(Segment(midi=write_midi(done)))
        assert prediction.type == kind
        assert prediction.intensity > plain.intensity + 0.2


def test_parts_that_contradict_each_other_lower_confidence(full_predictor: Predictor) -> None:
    rng = np.random.default_rng(1)
    notes = write_midi(identity.hocket(tune(), 1.0, rng))
    words = full_predictor.predict(Segment(text=NOTE))
    music = full_predictor.predict(Segment(midi=notes))
    both = full_predictor.predict(Segment(text=NOTE, midi=notes))
    assert words.type != music.type
    assert both.confidence < max(words.confidence, music.confidence)


def test_windows_are_counted_when_asked(full_predictor: Predictor) -> None:
    segment = Segment(text=NOTE, audio=audio(20), windows=True)
    assert full_predictor.predict(segment).windows == {"text": 1, "audio": 3}
    assert full_predictor.predict(Segment(text=NOTE)).windows is None


def test_a_file_that_is_no_music_is_refused_by_field(full_predictor: Predictor) -> None:
    for field in ("midi", "audio"):
        segment = Segment.model_validate({"text": NOTE, field: b"not music at all"})
        with pytest.raises(InvalidRequest) as caught:
            full_predictor.predict(segment, path=("segments", 2))
        (error,) = caught.value.errors
        assert (error["loc"], error["type"]) == (["segments", 2, field], "undecodable")


def test_over_ten_minutes_is_too_much(full_predictor: Predictor) -> None:
    long = audio(601, rate=8000)
    with pytest.raises(PayloadTooLarge, match=r"audio: .*10 minutes"):
        full_predictor.predict(Segment(audio=long))


def test_a_model_of_words_alone_says_that_it_reads_no_music(full_predictor: Predictor) -> None:
    words = replace(full_predictor, engines={"words": full_predictor.engines["words"]})
    with pytest.raises(InvalidRequest) as caught:
        words.predict(Segment(midi=midi()))
    assert caught.value.errors[0]["type"] == "not_read_by_this_model"
