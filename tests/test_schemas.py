"""What a request may hold."""

import pytest
from pydantic import ValidationError

from rebracket.schemas import (
    MAX_MIDI,
    MAX_TEXT,
    Prediction,
    PredictionBatch,
    Segment,
    SegmentBatch,
)
from tests.scripted_server import PREDICTION


def first_error(body: str, schema: type[Segment] | type[SegmentBatch] = Segment) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        schema.model_validate_json(body)
    error = caught.value.errors()[0]
    return ".".join(map(str, error["loc"])), error["type"]


@pytest.mark.parametrize("body", ["{}", '{"text": ""}', '{"text": " \\n"}', '{"text": null}'])
def test_a_segment_without_words_is_refused(body: str) -> None:
    assert first_error(body) == ("", "empty_segment")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"text": 5}', ("text", "string_type")),
        ('{"text": "a", "title": "b"}', ("title", "extra_forbidden")),
        ('{"text": "a", "segment_id": ""}', ("segment_id", "string_too_short")),
        ('{"text": "a", "metadata": {"k": 1}}', ("metadata.k", "string_type")),
        ('{"text": "a", "metadata": ["k"]}', ("metadata", "dict_type")),
        ('["a"]', ("", "model_type")),
    ],
)
def test_an_invalid_field_is_named(body: str, error: tuple[str, str]) -> None:
    assert first_error(body) == error


def test_text_may_hold_ten_thousand_characters_and_no_more() -> None:
    assert Segment(text="a" * MAX_TEXT).text == "a" * MAX_TEXT
    assert first_error(f'{{"lyrics": "{"a" * (MAX_TEXT + 1)}"}}') == ("lyrics", "string_too_long")


def test_a_batch_holds_1_to_256_segments() -> None:
    item = '{"text": "a"}'
    assert first_error('{"segments": []}', SegmentBatch) == ("segments", "too_short")
    many = ",".join([item] * 257)
    assert first_error(f'{{"segments": [{many}]}}', SegmentBatch) == ("segments", "too_long")


def test_an_invalid_segment_of_a_batch_is_named_by_its_index() -> None:
    body = '{"segments": [{"text": "a"}, {"text": 1}]}'
    assert first_error(body, SegmentBatch) == ("segments.1.text", "string_type")


MUSIC = b"MThd\x00\xff"
ENCODED = "TVRoZAD/"


@pytest.mark.parametrize("field", ["midi", "audio"])
def test_music_is_base64_in_json_and_bytes_in_python(field: str) -> None:
    segment = Segment.model_validate_json(f'{{"{field}": "{ENCODED}"}}')
    assert getattr(segment, field) == MUSIC
    assert segment == Segment.model_validate({field: MUSIC})
    assert segment.model_dump(mode="json")[field] == ENCODED
    assert Segment.model_validate_json(segment.model_dump_json()) == segment
    assert Segment.model_validate(segment.model_dump(mode="json")) == segment


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"midi": ""}', ("midi", "binary_empty")),
        ('{"audio": "AA"}', ("audio", "base64_invalid")),
        ('{"text": "a", "audio": "-_-_"}', ("audio", "base64_url_safe")),
        ('{"midi": [77, 84]}', ("midi", "base64_type")),
        (f'{{"midi": "{"A" * (MAX_MIDI * 4 // 3 + 8)}"}}', ("midi", "binary_too_long")),
        ('{"text": "a", "windows": "many"}', ("windows", "bool_parsing")),
    ],
)
def test_invalid_music_is_named(body: str, error: tuple[str, str]) -> None:
    assert first_error(body) == error


def test_nothing_that_is_shown_of_a_segment_holds_its_music() -> None:
    segment = Segment(midi=MUSIC, audio=MUSIC)
    for shown in (repr(segment), str(segment), f"{segment}"):
        assert "MThd" not in shown
        assert "TVRo" not in shown


@pytest.mark.parametrize("value", ["c2VzYW1l!", "sesame-_", b"", 5])
def test_an_error_as_a_string_does_not_hold_what_was_sent(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Segment.model_validate({"midi": value, "text": ["sesame"]})
    assert "sesame" not in str(caught.value)
    assert "c2Vz" not in str(caught.value)


def test_windows_are_in_an_answer_only_where_they_are_told() -> None:
    silent = Prediction.model_validate(PREDICTION)
    told = silent.model_copy(update={"windows": {"audio": 3}})
    assert "windows" not in silent.model_dump(mode="json")
    assert "windows" not in PredictionBatch(predictions=[silent], errors=0).model_dump_json()
    assert Prediction.model_validate_json(told.model_dump_json()).windows == {"audio": 3}
