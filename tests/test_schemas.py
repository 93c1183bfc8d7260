"""What a request may hold."""

import pytest
from pydantic import ValidationError

from rebracket.schemas import MAX_TEXT, Segment, SegmentBatch


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
