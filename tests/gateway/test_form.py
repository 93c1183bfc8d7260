"""Bodies in parts, piece by piece: what a form takes, and what it refuses at once."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.errors import InvalidRequest, PayloadTooLarge
from rebracket.gateway.form import MAX_DELIMITERS, SPOOL_BYTES, Form

BOUNDARY = b"bb"
Part = tuple[str, bytes]


def part(name: str, content: bytes, more: str = "") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return b"--%s\r\n%s%s\r\n" % (BOUNDARY, head.encode(), content)


def body_of(parts: Iterable[Part]) -> bytes:
    return b"".join(part(*each) for each in parts) + b"--%s--\r\n" % BOUNDARY


def read(*chunks: bytes, **limits: int) -> dict[str, bytes]:
    with Form(BOUNDARY, limits).reading() as form:
        for chunk in chunks:
            form.feed(chunk)
        return form.contents()


def refusal(*chunks: bytes, **limits: int) -> tuple[list[Any], str]:
    with pytest.raises(InvalidRequest) as caught:
        read(*chunks, **limits)
    (error,) = caught.value.errors
    return error["loc"], error["type"]


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({place % len(body) for place in places} | {0, len(body)})
    return [body[start:end] for start, end in pairwise(ends)]


tricky = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"\r\n--b", b"bb", b"\r\n--", b"\0", b"\xff", b": "])
).map(b"".join)
contents = st.binary(max_size=40) | tricky.filter(lambda data: b"\r\n--bb" not in data)


@given(
    st.dictionaries(st.sampled_from(["segment", "midi", "audio"]), contents),
    st.lists(st.integers(0, 10_000), max_size=8),
)
def test_any_bytes_come_through_however_they_are_cut(
    parts: dict[str, bytes], places: list[int]
) -> None:
    assert read(*cut(body_of(parts.items()), places)) == parts


@pytest.mark.parametrize("more", ["", '; filename=""', '; filename="../a.mid"', "; filename*=x''y"])
def test_a_file_name_changes_nothing(more: str) -> None:
    assert read(part("midi", b"\xff", more) + b"--bb--") == {"midi": b"\xff"}


def test_what_follows_the_end_is_passed_over() -> None:
    assert read(body_of([("midi", b"a")]), b"epilogue" * 9) == {"midi": b"a"}


def test_an_unknown_part_is_refused_before_its_content_comes() -> None:
    assert refusal(part("lyrics", b"")[:-2]) == (["lyrics"], "part_unknown")
    (name,), _ = refusal(part("a" * 900, b""))
    assert len(name) == 64


def test_a_part_that_comes_twice_is_refused_before_its_content_comes() -> None:
    again = part("audio", b"a") + part("audio", b"")[:-2]
    assert refusal(again) == (["audio"], "part_repeated")


@pytest.mark.parametrize(
    "disposition",
    [
        b"form-data",
        b'form-data; name=""',
        b'attachment; name="midi"',
        b"",
        b"form-data; name*=midi",
    ],
)
def test_a_part_without_a_name_is_refused(disposition: bytes) -> None:
    body = b"--bb\r\nContent-Disposition: %s\r\n\r\n" % disposition
    assert refusal(body) == ([], "part_unnamed")
    assert refusal(b"--bb\r\n\r\n") == ([], "part_unnamed")


def test_a_header_field_that_comes_twice_is_refused() -> None:
    twice = b'Content-Disposition: form-data; name="midi"\r\n' * 2
    assert refusal(b"--bb\r\n" + twice) == ([], "multipart_invalid")


@pytest.mark.parametrize(("encoding", "read_as_is"), [("Binary", True), ("base64", False)])
def test_a_transfer_encoding_that_changes_bytes_is_refused(encoding: str, read_as_is: bool) -> None:
    more = f"\r\nContent-Transfer-Encoding: {encoding}"
    body = part("midi", b"TVRo", more) + b"--bb--"
    if read_as_is:
        assert read(body) == {"midi": b"TVRo"}
    else:
        assert refusal(body) == (["midi"], "part_encoded")


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        (b"{}", []),
        (b"--bc", []),
        (b"--bb\r\nA B: c", []),
        (b"--bb\r\nA: " + b"c" * 5000, []),
        (b"--bb\r\n" + b"A%d: b\r\n" * 9 % tuple(range(9)), []),
        (part("audio", b"a") + b"--bb\n", ["audio"]),
    ],
    ids=range(6),
)
def test_a_malformed_body_is_refused_with_its_byte(body: bytes, loc: list[str]) -> None:
    if loc:
        assert refusal(body) == (loc, "multipart_truncated")
    else:
        assert refusal(body) == (loc, "multipart_invalid")


def test_the_byte_is_counted_from_the_start_of_the_body() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(b"--bb\r\n", b"A", b" B: c")
    assert caught.value.errors[0]["msg"] == "The multipart body is malformed at byte 7"


@given(st.integers(0, 200))
def test_a_body_that_breaks_off_is_refused(place: int) -> None:
    whole = body_of([("midi", b"a" * 40), ("audio", b"b" * 40)]).rstrip()
    loc, kind = refusal(whole[: place % len(whole)])
    assert kind == "multipart_truncated"
    assert loc in ([], ["midi"], ["audio"])


def test_a_boundary_that_stands_in_a_part_again_and_again_is_refused() -> None:
    start, content = part("audio", b"")[:-2], b"\r\n--bbX" * (MAX_DELIMITERS + 1)
    assert refusal(start, content) == (["audio"], "multipart_boundary")
    few = b"\r\n--bbX" * (MAX_DELIMITERS - 1)
    assert read(part("audio", few) + b"--bb--") == {"audio": few}


def test_a_part_over_its_limit_is_refused_while_it_comes() -> None:
    start = part("midi", b"")[:-2]
    assert refusal(start, b"a" * 5, b"a" * 6, midi=10) == (["midi"], "binary_too_long")
    with pytest.raises(PayloadTooLarge, match="segment may hold 10 bytes"):
        read(part("segment", b"a" * 11), segment=10)
    assert read(body_of([("midi", b"a" * 10)]), midi=10) == {"midi": b"a" * 10}


@pytest.mark.parametrize("size", [SPOOL_BYTES, SPOOL_BYTES + 1])
def test_a_long_part_is_on_disk_until_the_form_is_closed(size: int) -> None:
    content = bytes(size)
    with Form(BOUNDARY, {}).reading() as form:
        form.feed(part("audio", content) + b"--bb--")
        file = form._parts["audio"].file
        assert form.on_disk == file._rolled == (size > SPOOL_BYTES)  # type: ignore[attr-defined]
        assert form.contents() == {"audio": content}
    assert file.closed


def test_files_are_closed_whatever_ends_the_reading() -> None:
    with pytest.raises(InvalidRequest), Form(BOUNDARY, {}).reading() as form:
        form.feed(part("audio", bytes(SPOOL_BYTES + 1)) + b"--bb\r\n: ")
    assert form._parts["audio"].file.closed


def test_nothing_of_a_refused_body_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    refusal(b"--bb\r\nsesame\x01: a")
    assert caplog.records == []
