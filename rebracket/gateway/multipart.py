"""Requests of `multipart/form-data` → segments."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import from_json
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from rebracket.gateway import problems
from rebracket.gateway.form import SEGMENT, Form, refusal
from rebracket.schemas import MAX_MIDI, Segment

R = TypeVar("R")

BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
"""RFC 2046, section 5.1.1."""


async def read_segment(request: Request, *, max_json_bytes: int) -> Segment:
    """The segment that the parts `segment` (JSON), `midi` and `audio` (bytes) make up.

    Args:
        request: its body is bounded already.
        max_json_bytes: how long the part `segment` may be.

    Raises:
        InvalidRequest: the body is malformed, or holds what no segment does; names the part.
        PayloadTooLarge: the part `segment` is too long, or the body.
        SlowRequest: the body does not come in time.
        ClientDisconnect: the client hangs up.
    """
    with Form(_boundary(request), {SEGMENT: max_json_bytes, "midi": MAX_MIDI}).reading() as form:
        async for chunk in request.stream():
            await _call(partial(form.feed, chunk), in_thread=form.on_disk)
        parts = await _call(form.contents, in_thread=form.on_disk)
    return assembled(parts)


def _boundary(request: Request) -> bytes:
    _, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if not BOUNDARY.fullmatch(boundary):
        message = "Content-Type names no boundary that RFC 2046 allows"
        raise refusal([], "multipart_boundary", message)
    return boundary


async def _call(call: Callable[[], R], *, in_thread: bool) -> R:
    """Call it, in a thread where it may wait for the disk; cancelled, this ends when the call has."""
    if not in_thread:
        return call()
    working = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])  # its files are closed next
        raise


def assembled(parts: Mapping[str, bytes]) -> Segment:
    """The segment of what came in parts, by name.

    Raises:
        InvalidRequest: there is none; fields of the part `segment` are named under it.
    """
    files = {name: content for name, content in parts.items() if name != SEGMENT}
    fields = _fields(parts[SEGMENT]) if SEGMENT in parts else {}
    for name in files:
        if fields.get(name) is not None:
            message = f"Send it once: as a part, or as base64 in the part {SEGMENT}"
            raise refusal([name], "part_repeated", message)
    try:
        return Segment.model_validate({**fields, **files})
    except ValidationError as error:
        refused = problems.from_validation(error)
    for field in refused.errors:
        if SEGMENT in parts and not (field["loc"] and field["loc"][0] in files):
            field["loc"].insert(0, SEGMENT)
    raise refused


def _fields(content: bytes) -> dict[str, object]:
    """The object that the part `segment` holds as JSON.

    Raises:
        InvalidRequest: it holds none.
    """
    try:
        fields = from_json(content)
    except ValueError as error:
        raise refusal([SEGMENT], "json_invalid", f"Invalid JSON: {error}") from None
    if not isinstance(fields, dict):
        raise refusal([SEGMENT], "model_type", "Input should be an object")
    return fields
