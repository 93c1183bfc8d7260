"""Raw PCM becomes the same samples however its bytes are cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.errors import Undecodable
from rebracket.messages import Encoding
from rebracket.segment.live.pcm import RawDecoder, Shape, read_shape
from tests.segment.live.feeding import CUTS, cut, decode

ENCODINGS: list[Encoding] = ["pcm_s16le", "pcm_f32le"]


@settings(deadline=None)
@given(
    encoding=st.sampled_from(ENCODINGS),
    channels=st.integers(1, 2),
    data=st.binary(max_size=2000),
    lengths=CUTS,
)
def test_any_cutting_gives_the_same_samples(
    encoding: Encoding, channels: int, data: bytes, lengths: list[int]
) -> None:
    shape = Shape(16_000, channels)
    whole = decode(RawDecoder(encoding, shape), [data])
    cut_up = decode(RawDecoder(encoding, shape), cut(data, lengths))
    assert cut_up.tobytes() == whole.tobytes()
    assert cut_up.shape == whole.shape
    width = {"pcm_s16le": 2, "pcm_f32le": 4}[encoding]
    assert whole.shape == (len(data) // (width * channels), channels)


def test_integers_are_scaled_and_floats_are_as_they_are() -> None:
    integers = np.array([[-32_768, 32_767], [0, 16_384]], "<i2").tobytes()
    heard = decode(RawDecoder("pcm_s16le", Shape(8000, 2)), [integers])
    assert heard.dtype == np.float32
    assert heard.tolist() == [[-1, 32_767 / 32_768], [0, 0.5]]
    floats = np.array([0.25, -3, np.inf], "<f4").tobytes()
    heard = decode(RawDecoder("pcm_f32le", Shape(8000, 1)), [floats])
    assert heard.dtype == np.float32
    assert heard[:, 0].tolist() == [0.25, -3, np.inf]


def test_half_a_frame_waits_and_is_dropped_at_the_end() -> None:
    decoder = RawDecoder("pcm_s16le", Shape(8000, 2))
    assert len(decoder.feed(bytes(7))) == 1
    assert len(decoder.feed(b"\0")) == 1
    assert len(decoder.feed(bytes(3))) == 0
    assert decoder.finish().shape == (0, 2)


def test_the_shape_is_the_promised_one_from_the_start() -> None:
    assert RawDecoder("pcm_s16le", Shape(8000, 2)).shape == Shape(8000, 2)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (96_000, 2)])
def test_streams_of_8_to_96_khz_with_1_or_2_channels_are_read(rate: int, channels: int) -> None:
    assert read_shape(rate, channels) == Shape(rate, channels)


@pytest.mark.parametrize(
    ("rate", "channels", "message"),
    [
        (7999, 1, "8 to 96 kHz"),
        (96_001, 1, "8 to 96 kHz"),
        (16_000, 0, "1 or 2 channels"),
        (16_000, 3, "1 or 2 channels"),
    ],
)
def test_other_streams_are_refused(rate: int, channels: int, message: str) -> None:
    with pytest.raises(Undecodable, match=message):
        read_shape(rate, channels)
