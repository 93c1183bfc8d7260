"""Streams that come in pieces."""

import threading
from collections.abc import Iterable, Iterator
from itertools import cycle

import numpy as np
from hypothesis import strategies as st

from rebracket.errors import Undecodable
from rebracket.segment.live.flac import THREAD
from rebracket.segment.live.pcm import Decoder, Samples

CUTS = st.lists(st.integers(1, 3000), min_size=1, max_size=8) | st.just([1])
"""Lengths of pieces, over and over."""


def cut(data: bytes, lengths: Iterable[int]) -> Iterator[bytes]:
    """The bytes in pieces of these lengths, over and over."""
    at = 0
    for length in cycle(lengths):
        if at >= len(data):
            return
        yield data[at : at + length]
        at += length


def decode(decoder: Decoder, pieces: Iterable[bytes]) -> Samples:
    """All samples of a stream; the decoder is closed."""
    try:
        heard = [samples for piece in pieces if len(samples := decoder.feed(piece))]
        return np.concatenate([*heard, decoder.finish()])
    finally:
        decoder.close()


def outcome(decoder: Decoder, pieces: Iterable[bytes]) -> tuple[bytes, str]:
    """What was heard, as bytes, and why it was refused; '' where it was not."""
    heard = b""
    try:
        for piece in pieces:
            heard += decoder.feed(piece).tobytes()
        return heard + decoder.finish().tobytes(), ""
    except Undecodable as error:
        return heard, str(error)
    finally:
        decoder.close()


def threads() -> int:
    """How many threads decode."""
    return sum(thread.name == THREAD for thread in threading.enumerate())
