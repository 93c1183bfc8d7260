"""WAV bodies become the samples of the same files, however their bytes are cut."""

from io import BytesIO
from struct import pack, pack_into

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rebracket.errors import Undecodable
from rebracket.segment.live.pcm import Shape
from rebracket.segment.live.wav import MOST_HEADER, WavDecoder
from rebracket.segment.pcm import MAX_SECONDS
from tests.segment.audio_files import CODECS, encode, tones
from tests.segment.live.feeding import CUTS, cut, decode, outcome

RATE = 16_000
WAVS = [codec for codec, (container, _) in CODECS.items() if container in {"WAV", "WAVEX", "RF64"}]
STEREO = tones([440, 660], RATE, 0.1)
FILES = {codec: encode(STEREO, RATE, codec) for codec in WAVS}
FILES["mono"] = encode(STEREO[:, :1], RATE, "wav-24")


def reference(data: bytes) -> NDArray[np.float32]:
    """As libsndfile reads it."""
    samples: NDArray[np.float32] = soundfile.read(BytesIO(data), dtype="float32", always_2d=True)[0]
    return samples


def sized(data: bytes, size: int) -> bytes:
    """The file with this size of its samples declared."""
    changed = bytearray(data)
    pack_into("<I", changed, data.index(b"data") + 4, size)
    return bytes(changed)


@settings(deadline=None)
@given(codec=st.sampled_from(sorted(FILES)), lengths=CUTS)
def test_any_cutting_gives_the_samples_of_the_file(codec: str, lengths: list[int]) -> None:
    decoder = WavDecoder()
    heard = decode(decoder, cut(FILES[codec], lengths))
    assert heard.dtype == np.float32
    assert np.array_equal(heard, reference(FILES[codec]))
    assert decoder.shape == Shape(RATE, heard.shape[1])


@pytest.mark.parametrize("codec", FILES)
def test_samples_come_as_soon_as_they_are_complete(codec: str) -> None:
    data = FILES[codec]
    start = data.index(b"data") + 8
    frame = (len(data) - start) // len(STEREO)
    decoder = WavDecoder()
    assert len(decoder.feed(data[: start - 1])) == 0
    assert decoder.shape is None
    assert len(decoder.feed(data[start - 1 : start])) == 0
    assert decoder.shape is not None
    assert len(decoder.feed(data[start : start + frame - 1])) == 0
    assert len(decoder.feed(data[start + frame - 1 : start + 3 * frame])) == 3


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000, 0x80000000])
def test_sizes_written_to_pipes_mean_to_the_end(size: int) -> None:
    data = FILES["wav-16"]
    endless = sized(data, size) + data[-4000:]
    assert len(decode(WavDecoder(), cut(endless, [333]))) == len(STEREO) + 1000


@pytest.mark.parametrize("lengths", [[1], [100_000], [777]])
def test_what_follows_the_samples_is_ignored(lengths: list[int]) -> None:
    data = sized(FILES["wav-16"], 4 * 100 + 3) + b"LIST\4\0\0\0abcd"
    assert np.array_equal(decode(WavDecoder(), cut(data, lengths)), reference(data)[:100])


def test_the_long_size_of_rf64_ends_the_samples() -> None:
    data = sized(FILES["rf64"], 0xFFFFFFFF) + bytes(400)
    assert len(decode(WavDecoder(), cut(data, [50]))) == len(STEREO)


def test_a_stream_of_more_than_ten_minutes_is_read() -> None:
    data = encode(np.zeros(((MAX_SECONDS + 10) * 8000, 1), np.float32), 8000, "wav-8")
    assert len(decode(WavDecoder(), cut(data, [2**16]))) == (MAX_SECONDS + 10) * 8000


def test_doubles_beyond_floats_stay_numbers_and_others_stay_none() -> None:
    signalling = np.array([0x7FF0000000000001], np.uint64).view(np.float64)
    samples = np.array([0.5, 1e300, -1e300, np.inf, -np.inf, np.nan, signalling[0]])
    form = pack("<HHIIHH", 3, 1, RATE, 0, 8, 64)
    data = header(form) + pack("<4sI", b"data", 0) + samples.astype("<f8").tobytes()
    heard = decode(WavDecoder(), [data])[:, 0]
    largest = np.finfo(np.float32).max
    expected = [0.5, largest, -largest, np.inf, -np.inf, np.nan, np.nan]
    assert np.array_equal(heard, np.array(expected, np.float32), equal_nan=True)


def header(form: bytes) -> bytes:
    """A file up to the end of its format."""
    return pack("<4sI4s4sI", b"RIFF", 0, b"WAVE", b"fmt ", len(form)) + form


def of(rate: int = RATE, channels: int = 1, bits: int = 16, tag: int = 1) -> bytes:
    """A whole header."""
    frame = channels * bits // 8
    form = pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits)
    return header(form) + pack("<4sI", b"data", 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (of(rate=7999), "Streams have 8 to 96 kHz"),
        (of(rate=96_001), "Streams have 8 to 96 kHz"),
        (of(channels=0), "PCM of 8 to 32 bits"),
        (of(channels=3), "Streams have 1 or 2 channels"),
        (of(tag=6, bits=8), "PCM of 8 to 32 bits"),
        (b"RIFF\0\0\0\0AVI ", "Expected 'WAVE'"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "Expected a chunk 'fmt ' before 'data'"),
        (b"RIFF\0\0\0\0WAVEfmt \4\0\0\0" + bytes(4), "Expected 16 bytes of format"),
        (b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 1001, "Expected a chunk 'data' among"),
    ],
)
def test_headers_that_can_not_be_used_are_refused_however_they_are_cut(
    data: bytes, message: str
) -> None:
    refusals = {outcome(WavDecoder(), cut(data, [n]))[1] for n in (1, 5, 64, 10**6)}
    assert len(refusals) == 1
    assert message in refusals.pop()


@pytest.mark.parametrize("codec", FILES)
def test_a_body_that_ends_in_its_header_is_refused_at_the_end(codec: str) -> None:
    data = FILES[codec]
    for length in range(data.index(b"data") + 8):
        decoder = WavDecoder()
        assert len(decoder.feed(data[:length])) == 0
        with pytest.raises(Undecodable, match="Expected a chunk 'data'"):
            decoder.finish()


def test_a_header_with_no_samples_is_an_empty_stream() -> None:
    assert decode(WavDecoder(), [of()]).shape == (0, 1)


def junk(size: int) -> bytes:
    """A file with so much before its samples as makes their first byte the one after `size`."""
    content = size - len(of()) - 8
    head, data = of()[:-8], of()[-8:]
    return head + pack("<4sI", b"junk", content) + bytes(content) + data + b"\0\x40"


@pytest.mark.parametrize("length", [1000, 10**6])
def test_samples_may_begin_after_256_kib_and_no_more(length: int) -> None:
    assert decode(WavDecoder(), cut(junk(MOST_HEADER), [length])).tolist() == [[0.5]]
    with pytest.raises(Undecodable, match="256 KiB"):
        decode(WavDecoder(), cut(junk(MOST_HEADER + 2), [length]))


def test_a_chunk_that_is_too_long_is_refused_before_it_comes() -> None:
    decoder = WavDecoder()
    with pytest.raises(Undecodable, match="256 KiB"):
        decoder.feed(junk(MOST_HEADER + 2)[:100])


@settings(deadline=None)
@given(
    head=st.sampled_from([FILES["wavex-24"], FILES["rf64"], FILES["wav-double"]]),
    keep=st.integers(0, 120),
    tail=st.binary(max_size=500),
    lengths=CUTS,
)
@example(head=FILES["wav-16"], keep=20, tail=bytes(40), lengths=[1])
def test_any_bytes_are_read_or_refused_and_the_same_however_they_are_cut(
    head: bytes, keep: int, tail: bytes, lengths: list[int]
) -> None:
    data = head[:keep] + tail
    whole = outcome(WavDecoder(), [data])
    assert outcome(WavDecoder(), cut(data, lengths)) == whole
