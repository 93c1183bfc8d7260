"""A body that says what it is becomes samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.errors import Undecodable
from rebracket.segment.live.container import ContainerDecoder
from rebracket.segment.live.pcm import Shape
from tests.segment.audio_files import EMPTY_ID3, encode, tones
from tests.segment.live.feeding import CUTS, cut, decode, outcome, threads

RATE = 16_000
SOUND = np.rint(tones([440, 660], RATE, 0.3) * 2**15) / 2**15
FILES = {codec: encode(SOUND, RATE, codec) for codec in ("wav-16", "rf64", "flac-16")}
FILES["tagged"] = EMPTY_ID3 + FILES["flac-16"]


@settings(deadline=None, max_examples=50)
@given(name=st.sampled_from(sorted(FILES)), lengths=CUTS)
def test_wav_and_flac_are_told_apart_however_they_are_cut(name: str, lengths: list[int]) -> None:
    decoder = ContainerDecoder()
    assert decoder.shape is None
    assert np.array_equal(decode(decoder, cut(FILES[name], lengths)), SOUND)
    assert decoder.shape == Shape(RATE, 2)
    assert threads() == 0


@pytest.mark.parametrize(
    "data", [b"OggS", b"\xff\xfb\x90\x00", b"RIFX", b"FORM\0\0\0\x20AIFF", bytes(100)]
)
@pytest.mark.parametrize("length", [1, 3, 1000])
def test_anything_else_is_refused_with_what_is_read(data: bytes, length: int) -> None:
    with pytest.raises(Undecodable, match="Expected WAV or FLAC, or say the encoding of raw PCM"):
        decode(ContainerDecoder(), cut(data, [length]))


@pytest.mark.parametrize("data", [b"", b"R", b"fLa", b"ID3", b"RIFF", b"fLaC"])
def test_a_body_that_ends_before_it_says_what_it_is_is_refused(data: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(ContainerDecoder(), [data])


def test_closing_ends_the_thread_of_flac() -> None:
    decoder = ContainerDecoder()
    decoder.close()
    decoder.feed(FILES["flac-16"])
    assert threads() == 1
    decoder.close()
    decoder.close()
    assert threads() == 0


@settings(deadline=None, max_examples=100)
@given(
    head=st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"RF64", b"fLaC", b"ID3", b"ID3\4\0\0\0"]),
    tail=st.binary(max_size=300),
    lengths=CUTS,
)
def test_any_bytes_are_read_or_refused(head: bytes, tail: bytes, lengths: list[int]) -> None:
    outcome(ContainerDecoder(), cut(head + tail, lengths))
    assert threads() == 0
