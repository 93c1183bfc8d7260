"""FLAC bodies become the samples of the same files, however cut, and leave no thread behind."""

import gc
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from random import Random

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rebracket.errors import Undecodable
from rebracket.segment.audio import read_audio
from rebracket.segment.live.flac import BLOCK, MOST_FRAMES, FlacDecoder
from rebracket.segment.live.flac_header import MOST_HEADER
from rebracket.segment.live.pcm import Shape
from tests.segment.audio_files import EMPTY_ID3, encode, tones
from tests.segment.live.feeding import CUTS, cut, decode, outcome, threads

RATE = 16_000
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, (20_000, 2)).astype(np.float32)
FLAC = encode(NOISE, RATE, "flac-16")
TONES = tones([440, 660], RATE, 0.4, level=0.05)
SMALL = {codec: encode(TONES, RATE, codec) for codec in ("flac-8", "flac-16", "flac-24")}
SMALL["mono"] = encode(TONES[:, :1], RATE, "flac-16")
"""Two frames of FLAC and few bytes each."""

INFO_END = 42


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Whatever a test does, when it ends no thread decodes."""
    assert threads() == 0
    yield
    assert threads() == 0


def reference(data: bytes) -> NDArray[np.float32]:
    """As libsndfile reads it."""
    samples: NDArray[np.float32] = soundfile.read(BytesIO(data), dtype="float32", always_2d=True)[0]
    return samples


def header_end(data: bytes) -> int:
    """Where the first frame begins."""
    at, last = 4, False
    while not last:
        last = bool(data[at] & 0x80)
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    return at


def with_blocks(*sizes: int, kind: int = 6) -> bytes:
    """The file with such blocks, pictures by default, between STREAMINFO and the last one."""
    blocks = [bytes([kind]) + size.to_bytes(3, "big") + bytes(size) for size in sizes]
    return FLAC[:INFO_END] + b"".join(blocks) + FLAC[INFO_END:]


@settings(deadline=None, max_examples=50)
@given(name=st.sampled_from(sorted(SMALL)), lengths=CUTS)
def test_any_cutting_gives_the_samples_of_the_file(name: str, lengths: list[int]) -> None:
    decoder = FlacDecoder()
    heard = decode(decoder, cut(SMALL[name], lengths))
    assert heard.dtype == np.float32
    assert np.array_equal(heard, reference(SMALL[name]))
    assert decoder.shape == Shape(RATE, heard.shape[1])


def test_it_is_the_sound_that_the_file_is_read_as() -> None:
    assert np.array_equal(decode(FlacDecoder(), cut(FLAC, [500])).T, read_audio(FLAC).samples)


def test_samples_come_with_their_frames() -> None:
    start = header_end(FLAC)
    decoder = FlacDecoder()
    assert len(decoder.feed(FLAC[:start])) == 0
    assert decoder.shape == Shape(RATE, 2)
    assert threads() == 1
    middle = start + (len(FLAC) - start) // 2
    heard = sum(len(decoder.feed(piece)) for piece in cut(FLAC[start:middle], [100]))
    assert heard == 2 * 4096
    heard += sum(len(decoder.feed(piece)) for piece in cut(FLAC[middle:], [100]))
    assert heard == len(NOISE) // BLOCK * BLOCK
    assert heard + len(decoder.finish()) == len(NOISE)
    assert threads() == 0


def test_nothing_is_held_of_what_was_decoded() -> None:
    music = encode(np.tile(NOISE, (50, 1)), RATE, "flac-16")
    decoder = FlacDecoder()
    tracemalloc.start()
    try:
        for piece in cut(music, [2000]):
            decoder.feed(piece)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        decoder.close()
    assert len(music) > 2**21
    assert held < 2**18


@pytest.mark.parametrize("size", [1, 700, 10**6])
def test_tags_and_padding_before_the_mark_are_passed_over(size: int) -> None:
    for tags in (EMPTY_ID3, EMPTY_ID3 * 8 + bytes(99)):
        heard = decode(FlacDecoder(), cut(tags + SMALL["mono"], [size]))
        assert np.array_equal(heard, reference(SMALL["mono"]))


@pytest.mark.parametrize("size", [999, 10**7])
def test_pictures_are_passed_over(size: int) -> None:
    data = with_blocks(2**20, 0, 70_000)
    assert np.array_equal(decode(FlacDecoder(), cut(data, [size])), reference(FLAC))


def test_nothing_is_held_of_a_picture() -> None:
    decoder = FlacDecoder()
    picture = with_blocks(2**22)[: 2**22]
    tracemalloc.start()
    try:
        for piece in cut(picture, [2**16]):
            decoder.feed(piece)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [5000, 10**7])
@pytest.mark.parametrize(
    "data",
    [
        with_blocks(MOST_HEADER),
        with_blocks(*[2**20] * 9),
        EMPTY_ID3 + bytes(MOST_HEADER) + FLAC,
        b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(100),
    ],
    ids=["picture", "pictures", "zeros", "tag"],
)
def test_more_than_8_mib_before_the_first_frame_are_refused(data: bytes, size: int) -> None:
    with pytest.raises(Undecodable, match="first 8 MiB"):
        decode(FlacDecoder(), cut(data, [size]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"not music at all", "Expected 'fLaC'"),
        (EMPTY_ID3 * 9 + FLAC, "Expected 'fLaC'"),
        (EMPTY_ID3 + b".snd" + bytes(60), "Expected 'fLaC'"),
        (b"ID3\4\0\0\xff\0\0\0" + bytes(60), "Expected the size of a tag"),
        (b"fLaC\4\0\0\0" + FLAC[4:], "Expected the block STREAMINFO"),
        (b"fLaC\0\0\0\x21" + FLAC[8:], "Expected the block STREAMINFO"),
        (encode(NOISE, 7999, "flac-16"), "Streams have 8 to 96 kHz"),
        (encode(NOISE, 192_000, "flac-16"), "Streams have 8 to 96 kHz"),
        (encode(np.tile(NOISE, 3), RATE, "flac-16"), "Streams have 1 or 2 channels"),
        (FLAC[: header_end(FLAC)] + b"garbage" * 3000, "None of the frames"),
        (FLAC[: header_end(FLAC) + 100], "None of the frames"),
    ],
)
def test_what_can_not_be_decoded_is_refused_however_it_is_cut(data: bytes, message: str) -> None:
    refusals = {outcome(FlacDecoder(), cut(data, [n]))[1] for n in (1, 64, 10**6)}
    assert len(refusals) == 1
    assert message in refusals.pop()


def test_a_body_that_ends_in_its_header_is_refused_at_the_end() -> None:
    for length in range(header_end(FLAC)):
        decoder = FlacDecoder()
        decoder.feed(FLAC[:length])
        with pytest.raises(Undecodable, match="Expected the whole header"):
            decoder.finish()


def test_a_header_with_no_frames_is_an_empty_stream() -> None:
    assert decode(FlacDecoder(), [FLAC[: header_end(FLAC)]]).shape == (0, 2)


def test_a_truncated_stream_ends_where_it_does() -> None:
    whole = reference(FLAC)
    for size in (1000, 10**6):
        heard = decode(FlacDecoder(), cut(FLAC[: len(FLAC) // 2], [size]))
        assert len(heard) == 2 * 4096
        assert np.array_equal(heard, whole[: len(heard)])


@pytest.mark.parametrize("size", [1, 640, 10**6])
def test_a_stream_with_a_broken_frame_ends_before_it(size: int) -> None:
    data = bytearray(FLAC)
    data[len(data) // 2 + 100] ^= 0x10
    decoder = FlacDecoder()
    heard = decode(decoder, cut(bytes(data), [size]))
    assert len(heard) == 2 * 4096
    assert np.array_equal(heard, reference(FLAC)[: len(heard)])


def test_after_a_broken_frame_nothing_comes_and_no_thread_waits() -> None:
    decoder = FlacDecoder()
    assert len(decoder.feed(FLAC[: len(FLAC) // 2])) > 0
    decoder.feed(b"garbage" * 10_000)
    assert threads() == 0
    assert len(decoder.feed(FLAC)) == 0
    assert len(decoder.finish()) == 0


def undeclared(frames: int) -> bytes:
    """The file with so many frames declared, 0 for unknown."""
    word = int.from_bytes(FLAC[18:26], "big") & ~(2**36 - 1) | frames
    return FLAC[:18] + word.to_bytes(8, "big") + FLAC[26:]


@pytest.mark.parametrize("declared", [0, 2**36 - 1])
def test_a_stream_of_unknown_or_any_length_is_read_to_its_end(declared: int) -> None:
    data = undeclared(declared)
    assert np.array_equal(decode(FlacDecoder(), cut(data, [900])), reference(FLAC))


def test_what_follows_the_declared_frames_is_ignored() -> None:
    data = undeclared(5000)
    heard = decode(FlacDecoder(), cut(data, [900]))
    assert np.array_equal(heard, reference(FLAC)[:5000])


def test_a_long_silence_is_read_piece_by_piece() -> None:
    silence = encode(np.zeros((2 * MOST_FRAMES, 1), np.float32), 8000, "flac-16")
    decoder = FlacDecoder()
    try:
        heard = sum(len(decoder.feed(piece)) for piece in cut(silence, [4096]))
        assert heard + len(decoder.finish()) == 2 * MOST_FRAMES
    finally:
        decoder.close()


def test_a_bomb_of_silence_is_refused() -> None:
    silence = encode(np.zeros((2 * MOST_FRAMES, 1), np.float32), 8000, "flac-16")
    assert len(silence) < 2**16
    decoder = FlacDecoder()
    with pytest.raises(Undecodable, match="Expected at most"):
        decoder.feed(silence)
    assert threads() == 0


@pytest.mark.parametrize("length", [0, 10, 100, 10_000, len(FLAC)])
def test_closing_ends_the_thread_wherever_it_waits(length: int) -> None:
    decoder = FlacDecoder()
    decoder.feed(FLAC[:length])
    decoder.close()
    assert threads() == 0
    decoder.close()


def test_closing_after_the_end_is_nothing() -> None:
    decoder = FlacDecoder()
    decoder.feed(FLAC)
    decoder.finish()
    decoder.close()
    assert threads() == 0


def test_a_decoder_that_is_forgotten_takes_its_thread_along() -> None:
    decoder = FlacDecoder()
    decoder.feed(FLAC[:20_000])
    assert threads() == 1
    del decoder
    gc.collect()
    assert threads() == 0


def test_a_stream_that_waits_keeps_no_file_from_being_opened() -> None:
    waiting = [FlacDecoder() for _ in range(5)]
    try:
        for length, decoder in zip((4, 30, 60, header_end(FLAC), 5000), waiting, strict=True):
            decoder.feed(FLAC[:length])
        assert np.array_equal(decode(FlacDecoder(), cut(FLAC, [3000])), reference(FLAC))
    finally:
        for decoder in waiting:
            decoder.close()


def test_streams_that_come_in_turns_do_not_mix() -> None:
    names = sorted(SMALL)
    decoders = {name: FlacDecoder() for name in names}
    heard: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    waiting = {name: list(cut(SMALL[name], [1500])) for name in names}
    while waiting:
        for name in list(waiting):
            heard[name].append(decoders[name].feed(waiting[name].pop(0)))
            if not waiting[name]:
                heard[name].append(decoders[name].finish())
                del waiting[name]
    for name in names:
        assert np.array_equal(np.concatenate(heard[name]), reference(SMALL[name]))


@settings(deadline=None, max_examples=150)
@given(
    name=st.sampled_from(sorted(SMALL)),
    seed=st.integers(0, 2**32),
    edits=st.integers(1, 4),
    lengths=CUTS,
)
def test_damage_ends_a_stream_at_the_same_place_however_it_is_cut(
    name: str, seed: int, edits: int, lengths: list[int]
) -> None:
    data = damaged(SMALL[name], Random(seed), edits)
    whole = outcome(FlacDecoder(), [data])
    assert outcome(FlacDecoder(), cut(data, lengths)) == whole
    assert threads() == 0


def damaged(data: bytes, random: Random, edits: int) -> bytes:
    """The file with bits flipped, and bytes put in or taken out, anywhere."""
    changed = bytearray(data)
    for _ in range(edits):
        at, count = random.randrange(len(changed)), random.randrange(1, 3000)
        match random.choice(["flip", "in", "zeros", "out"]):
            case "flip":
                changed[at] ^= 1 << random.randrange(8)
            case "in":
                changed[at:at] = random.randbytes(count)
            case "zeros":
                changed[at:at] = bytes(count)
            case "out":
                changed[at : at + count] = b""
                changed += b"!"
    return bytes(changed)


@settings(deadline=None, max_examples=100)
@given(
    keep=st.integers(0, len(SMALL["mono"])),
    tail=st.binary(max_size=2000),
    lengths=CUTS,
)
def test_any_bytes_after_a_valid_beginning_are_read_or_refused(
    keep: int, tail: bytes, lengths: list[int]
) -> None:
    outcome(FlacDecoder(), cut(SMALL["mono"][:keep] + tail, lengths))
    assert threads() == 0
