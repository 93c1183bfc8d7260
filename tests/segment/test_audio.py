"""Audio files become sound at 16 kHz, whatever they declare, or are refused in one of two ways."""

import tracemalloc
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from struct import pack, pack_into

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rebracket.errors import TooMuchMusic, Undecodable
from rebracket.segment.audio import MAX_SECONDS, RATE, read_audio, write_wav
from rebracket.segment.sound import Sound
from tests.fuzz.damage import KINDS, Edit
from tests.fuzz.targets import read_sound, reseal
from tests.segment.audio_files import CODECS, EMPTY_ID3, encode, small_files, tones

REGRESSIONS = sorted((Path(__file__).parent / "audio_regressions").glob("*.*"))
SMALL = list(small_files().values())

TOLERANCE = {"wav-8": 0.01, "flac-8": 0.01, "vorbis": 0.05, "opus": 0.05, "mp3": 0.05}
"""How far a sample may be off; what is not named here keeps 16 bits or more."""


def level(samples: NDArray[np.float32]) -> float:
    """The root mean square, in dB."""
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def pitch(samples: NDArray[np.float32], rate: int = RATE) -> float:
    """The strongest frequency of one second, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples[:rate] * np.hanning(rate)))
    return float(np.argmax(spectrum))


@pytest.mark.parametrize("codec", CODECS)
def test_every_encoding_is_read(codec: str) -> None:
    samples = tones([440, 660], RATE, 0.5)
    sound = read_audio(encode(samples, RATE, codec))
    assert sound.rate == RATE
    assert sound.samples.dtype == np.float32
    assert sound.samples.flags.c_contiguous
    assert sound.samples.shape == (2, len(samples))
    # Lossy encodings settle at the edges.
    middle = slice(1600, -1600)
    difference = np.abs(sound.samples.T - samples)[middle].max()
    assert difference <= TOLERANCE.get(codec, 2**-15)


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("codec", ["wav-16", "wavex-24", "flac-16", "vorbis", "opus"])
def test_one_to_eight_channels_are_read(codec: str, channels: int) -> None:
    samples = tones([440] * channels, 48_000, 0.2)
    sound = read_audio(encode(samples, 48_000, codec))
    assert sound.samples.shape[0] == min(channels, 2)
    assert sound.seconds == pytest.approx(0.2, abs=0.01)
    middle = sound.samples[:, 800:-800]
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.15 if codec == "opus" else 0.03)


def test_more_channels_than_eight_are_refused() -> None:
    with pytest.raises(Undecodable, match="channels"):
        read_audio(encode(tones([440] * 9, RATE, 0.1), RATE, "wav-16"))


@pytest.mark.parametrize("codec", ["wav-16", "flac-16"])
def test_four_channels_fold_to_the_averages_of_each_side(codec: str) -> None:
    levels = np.array([0.1, 0.2, 0.3, 0.4])
    samples = np.tile(levels, (RATE, 1)).astype(np.float32)
    sound = read_audio(encode(samples, RATE, codec))
    assert sound.samples[:, RATE // 2] == pytest.approx([0.2, 0.3], abs=1e-3)


@pytest.mark.parametrize(("codec", "centre", "bass"), [("flac-16", 2, 3), ("vorbis", 1, 5)])
def test_the_centre_of_six_channels_sounds_on_both_sides_and_the_bass_effects_on_none(
    codec: str, centre: int, bass: int
) -> None:
    alone = np.zeros((RATE, 6), np.float32)
    alone[:, [centre]] = tones([1000], RATE, 1)
    left, right = read_audio(encode(alone, RATE, codec)).samples
    assert level(left) == pytest.approx(level(right), abs=0.1)
    assert level(left) > -30
    silent = np.zeros((RATE, 6), np.float32)
    silent[:, [bass]] = tones([80], RATE, 1)
    assert np.abs(read_audio(encode(silent, RATE, codec)).samples).max() < 0.01


@pytest.mark.parametrize("sides", [(0, 2), (1, 2)])
def test_the_sides_of_five_channels_stay_apart(sides: tuple[int, int]) -> None:
    side, count = sides
    samples = np.zeros((RATE, 5), np.float32)
    samples[:, [side, side + 3]] = tones([500], RATE, 1)
    sound = read_audio(encode(samples, RATE, "wavex-16"))
    assert level(sound.samples[side]) > -20
    assert not sound.samples[count - 1 - side].any()


@pytest.mark.parametrize(
    "rate", [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000]
)
def test_a_tone_keeps_its_pitch_its_level_and_its_length(rate: int) -> None:
    samples = tones([1000], rate, 2)
    sound = read_audio(encode(samples, rate, "flac-24"))
    assert sound.samples.shape == (1, 2 * RATE)
    middle = sound.samples[0, RATE // 2 : RATE // 2 + RATE]
    assert pitch(middle) == 1000
    assert level(middle) == pytest.approx(level(samples), abs=0.1)


@pytest.mark.parametrize("tone", [8500, 12_000, 20_000])
def test_a_tone_over_8_khz_does_not_fold_back(tone: int) -> None:
    sound = read_audio(encode(tones([tone], 44_100, 2, level=0.9), 44_100, "wav-float"))
    middle = sound.samples[0, RATE // 2 : -RATE // 2]
    assert level(middle) < -100


@pytest.mark.parametrize("rate", [7999, 192_001, 384_000])
def test_rates_outside_8_to_192_khz_are_refused(rate: int) -> None:
    with pytest.raises(Undecodable, match="sample rate"):
        read_audio(encode(tones([440], rate, 0.1), rate, "wav-16"))


def test_what_is_written_is_read_back() -> None:
    samples = np.random.default_rng(0).integers(-32_768, 32_768, (2, RATE)) / 32_768
    sound = Sound(samples.astype(np.float32), RATE)
    again = read_audio(write_wav(sound))
    assert np.array_equal(again.samples, sound.samples)


def test_what_is_written_is_what_libsndfile_writes() -> None:
    samples = tones([440, 660], RATE, 0.1)
    assert write_wav(Sound(samples.T, RATE)) == encode(
        np.rint(samples * 32_768) / 32_768, RATE, "wav-16"
    )


def test_writing_clips_and_silences_what_is_no_number() -> None:
    samples = np.array([[2, -2, np.nan, np.inf, -np.inf] * 400], np.float32)
    again = read_audio(write_wav(Sound(samples, RATE))).samples[0, :5]
    assert again == pytest.approx([1, -1, 0, 1, -1], abs=1e-4)


def test_silence_a_constant_and_clipped_sound_are_read_as_they_are() -> None:
    for value in (0.0, 0.25, 1.0):
        sound = read_audio(encode(np.full((RATE, 1), value, np.float32), RATE, "wav-float"))
        assert np.all(sound.samples == np.float32(value))


def test_floats_over_one_are_clipped() -> None:
    samples = np.array([[3.0], [-3.0], [0.5], [1e38]] * 1000, np.float32)
    sound = read_audio(encode(samples, RATE, "wav-float"))
    assert sound.samples[0, :4].tolist() == [1, -1, 0.5, 1]


def test_doubles_beyond_floats_are_clipped() -> None:
    samples = np.array([[1e300], [-1e300]] * 1000)
    file = BytesIO()
    soundfile.write(file, samples, RATE, format="WAV", subtype="DOUBLE")
    assert read_audio(file.getvalue()).samples[0, :2].tolist() == [1, -1]


@pytest.mark.parametrize("codec", ["wav-float", "wav-double"])
def test_samples_that_are_no_numbers_are_silence(codec: str) -> None:
    samples = np.full((RATE, 2), 0.5, np.float32)
    samples[::3] = [np.nan, np.inf]
    sound = read_audio(encode(samples, RATE, codec))
    assert sound.samples[:, 0].tolist() == [0, 0]
    assert sound.samples[:, 1].tolist() == [0.5, 0.5]


def test_a_file_of_mostly_no_numbers_is_refused() -> None:
    samples = np.full((RATE, 1), np.nan, np.float32)
    samples[::3] = 0.5
    with pytest.raises(Undecodable, match="not numbers"):
        read_audio(encode(samples, RATE, "wav-float"))


@pytest.mark.parametrize("codec", ["wav-16", "rf64", "flac-16", "vorbis", "opus", "mp3"])
@pytest.mark.parametrize("frames", [0, 1, 799])
def test_files_of_no_or_hardly_any_sound_are_refused(codec: str, frames: int) -> None:
    samples = tones([440], RATE, 1)[:frames]
    with pytest.raises(Undecodable):
        read_audio(encode(samples, RATE, codec))


@pytest.mark.parametrize("codec", ["wav-16", "wav-24", "flac-16", "vorbis", "opus", "mp3"])
def test_a_truncated_file_gives_what_there_is(codec: str) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (16 * 24_000, 1))
    data = encode(noise, 24_000, codec)
    sound = read_audio(data[: len(data) // 2])
    assert sound.seconds == pytest.approx(8, abs=1.2)  # a page of Opus holds a second
    assert np.abs(sound.samples[0, -800:]).max() > 0.1


@pytest.mark.parametrize("codec", CODECS)
def test_a_file_cut_in_its_headers_is_refused(codec: str) -> None:
    data = encode(tones([440], 48_000, 0.1), 48_000, codec)
    for length in range(0, 60, 3):
        with pytest.raises(Undecodable):
            read_audio(data[:length])


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_that_promises_more_than_there_is_gives_what_there_is(size: int) -> None:
    data = bytearray(encode(tones([440], RATE, 1), RATE, "wav-16"))
    pack_into("<I", data, 40, size)
    assert read_audio(bytes(data)).seconds == 1


def test_a_wav_that_declares_less_gives_what_it_declares() -> None:
    data = bytearray(encode(tones([440], RATE, 1), RATE, "wav-16"))
    pack_into("<I", data, 40, RATE)
    assert read_audio(bytes(data)).seconds == 0.5


def test_a_flac_of_undeclared_length_is_read_to_its_end() -> None:
    assert read_audio(undeclared(encode(tones([440], RATE, 1), RATE, "flac-16"))).seconds == 1


def undeclared(flac: bytes, frames: int = 0) -> bytes:
    """A FLAC file that declares so many frames, 0 for unknown (36 bits from bit 172)."""
    head = int.from_bytes(flac[18:26], "big") & ~(2**36 - 1) | frames
    return flac[:18] + head.to_bytes(8, "big") + flac[26:]


def test_a_flac_that_promises_more_than_there_is_gives_what_there_is() -> None:
    data = undeclared(encode(tones([440], RATE, 1), RATE, "flac-16"), MAX_SECONDS * RATE)
    assert read_audio(data).seconds == 1


@pytest.mark.parametrize("codec", ["wav-8", "flac-16", "vorbis", "mp3"])
def test_more_than_ten_minutes_are_refused(codec: str) -> None:
    silence = np.zeros((660 * 8000, 1), np.float32)
    with pytest.raises(TooMuchMusic, match="10 minutes"):
        read_audio(encode(silence, 8000, codec))


def test_ten_minutes_are_read() -> None:
    silence = np.zeros((600 * 8000, 1), np.float32)
    assert read_audio(encode(silence, 8000, "flac-16")).seconds == 600


def test_what_is_declared_too_long_is_refused_before_it_is_decoded() -> None:
    data = undeclared(encode(tones([440], RATE, 1), RATE, "flac-16"), 2**36 - 1)
    with pytest.raises(TooMuchMusic):
        read_audio(data)


@pytest.mark.parametrize("declared", [0, 1 + 600 * 8000])
def test_a_bomb_of_silence_takes_no_more_memory_than_ten_minutes(declared: int) -> None:
    data = undeclared(encode(np.zeros((3600 * 8000, 1), np.float32), 8000, "flac-16"), declared)
    assert len(data) < 2**17
    tracemalloc.start()
    try:
        with pytest.raises(TooMuchMusic):
            read_audio(data)
        assert tracemalloc.get_traced_memory()[1] < 1.1 * MAX_SECONDS * RATE * 4
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"not music at all, but words of some length",
        b"FORM\0\0\0\x20AIFF" + bytes(40),
        b".snd" + bytes(60),
        b"MThd" + bytes(60),
        b"OggS" + bytes(60),
        b"\xff\xfb" + bytes(60),
        EMPTY_ID3 + b".snd" + bytes(60),
        EMPTY_ID3 * 9,
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(60),
    ],
)
def test_what_is_none_of_the_containers_is_refused(data: bytes) -> None:
    with pytest.raises(Undecodable):
        read_audio(data)


def test_a_refusal_names_what_is_read_and_the_byte() -> None:
    with pytest.raises(Undecodable, match=r"WAV, FLAC, Ogg .* or MP3") as refused:
        read_audio(EMPTY_ID3 + b"FORM\0\0\0\x20AIFF")
    assert refused.value.offset == len(EMPTY_ID3)
    assert str(refused.value).endswith(f"(at byte {len(EMPTY_ID3)})")


@pytest.mark.parametrize("codec", ["AIFF", "AU", "CAF", "W64", "VOC", "SD2", "NIST"])
def test_libsndfiles_other_containers_are_refused_even_behind_a_tag(codec: str) -> None:
    file = BytesIO()
    soundfile.write(file, tones([440], RATE, 0.1), RATE, format=codec, subtype="PCM_16")
    for data in (file.getvalue(), EMPTY_ID3 + file.getvalue()):
        with pytest.raises(Undecodable, match="Expected WAV"):
            read_audio(data)


@pytest.mark.parametrize("subtype", ["GSM610", "MS_ADPCM", "IMA_ADPCM", "ULAW", "ALAW"])
def test_other_encodings_in_wav_are_refused(subtype: str) -> None:
    file = BytesIO()
    soundfile.write(file, tones([440], RATE, 0.1), RATE, format="WAV", subtype=subtype)
    with pytest.raises(Undecodable, match="PCM"):
        read_audio(file.getvalue())


@pytest.mark.parametrize("tags", [1, 3])
def test_mp3_and_flac_behind_tags_and_padding_are_read(tags: int) -> None:
    for codec in ("mp3", "flac-16"):
        data = EMPTY_ID3 * tags + bytes(100) + encode(tones([440], RATE, 0.5), RATE, codec)
        assert read_audio(data).seconds == pytest.approx(0.5, abs=0.1)


def wav(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WAV file of these chunks."""
    body = b"".join(
        pack("<4sI", name, len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return pack("<4sI4s", b"RIFF", 4 + len(body), b"WAVE") + body


FORMAT = pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)


def test_chunks_that_are_not_known_are_passed_over() -> None:
    data = wav((b"JUNK", bytes(7)), (b"fmt ", FORMAT), (b"LIST", bytes(5)), (b"data", bytes(RATE)))
    assert read_audio(data).seconds == 0.5


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"RIFF\0\0\0\0AVI " + bytes(60), 8),
        (wav((b"data", bytes(RATE)), (b"fmt ", FORMAT)), 12),
        (wav((b"fmt ", FORMAT[:14]), (b"data", bytes(RATE))), 20),
        (wav((b"fmt ", FORMAT)), 36),
        (wav((b"fmt ", pack("<HHIIHH", 1, 0, RATE, 0, 2, 16)), (b"data", bytes(RATE))), 20),
        (wav((b"fmt ", pack("<HHIIHH", 1, 2, RATE, 0, 3, 16)), (b"data", bytes(RATE))), 20),
        (wav((b"fmt ", pack("<HHIIHH", 3, 1, RATE, 0, 2, 16)), (b"data", bytes(RATE))), 20),
    ],
)
def test_a_wav_whose_header_can_not_be_used_is_refused_with_its_offset(
    data: bytes, offset: int
) -> None:
    with pytest.raises(Undecodable) as refused:
        read_audio(data)
    assert refused.value.offset == offset


def test_a_wav_of_a_million_chunks_is_not_walked_to_its_end() -> None:
    data = wav((b"fmt ", FORMAT)) + b"junk\0\0\0\0" * 10**6 + b"data\0\0\0\0" + bytes(RATE)
    with pytest.raises(Undecodable):
        read_audio(data)


def test_the_long_size_of_rf64_ends_the_samples() -> None:
    data = encode(tones([440], RATE, 1), RATE, "rf64") + b"LIST\x04\0\0\0abcd"
    at = data.index(b"data")
    data = data[: at + 4] + b"\xff\xff\xff\xff" + data[at + 8 :]
    assert read_audio(data).seconds == 1


def edits() -> st.SearchStrategy[list[Edit]]:
    """A few damages."""
    edit = st.builds(
        Edit,
        kind=st.sampled_from(KINDS),
        where=st.floats(0, 1),
        length=st.integers(1, 300),
        value=st.integers(0, 255),
    )
    return st.lists(edit, min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(data=st.sampled_from(SMALL), damage=edits(), sealed=st.booleans())
def test_damaged_files_are_read_or_refused(data: bytes, damage: list[Edit], sealed: bool) -> None:
    for edit in damage:
        data = edit.apply(data)
    read_or_refuse(reseal(data) if sealed else data)


@settings(max_examples=100, deadline=None)
@given(
    head=st.sampled_from([b"RIFF\0\0\0\0WAVE", b"fLaC", b"OggS\0", b"\xff\xfb\x90\0", b"ID3"]),
    tail=st.binary(max_size=2000),
)
def test_any_bytes_are_read_or_refused(head: bytes, tail: bytes) -> None:
    read_or_refuse(head + tail)


def ogg(packets: list[bytes]) -> bytes:
    """An Ogg file with each packet on a page of its own."""
    pages = b""
    for number, packet in enumerate(packets):
        lengths = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
        head = pack("<4s10x4sI4xB", b"OggS", b"abcd", number, len(lengths))
        pages += head + lengths + packet
    return reseal(pages)


def codebooks(count: int, entries: int) -> bytes:
    """Vorbis' third header up to where its codebooks of so many entries, 2 ** n, end."""
    bits, length = count - 1, 8
    size = entries.bit_length()
    for value, width in [
        (0x564342, 24),
        (1, 16),  # dimensions
        (entries, 24),
        (1, 1),  # in order of their lengths,
        (size - 2, 5),  # which begin at this and one more,
        (entries, size),  # that of all of them
        (0, 4),  # and no values
    ] * count:
        bits |= value << length
        length += width
    return b"\x05vorbis" + bits.to_bytes(length // 8 + 1, "little")


def test_a_vorbis_file_whose_codebooks_ask_for_too_much_memory_is_refused() -> None:
    first = b"\x01vorbis" + pack("<IBIiiiBB", 0, 1, RATE, 0, 0, 0, 0xB8, 1)
    second = b"\x03vorbis" + pack("<IIB", 0, 0, 1)
    # Of 3 kB, for which libvorbis takes 1 GB.
    bomb = ogg([first, second, codebooks(256, 2**22)])
    assert len(bomb) < 4000
    with pytest.raises(TooMuchMusic, match="codebooks"):
        read_audio(bomb)
    with pytest.raises(Undecodable):
        read_audio(ogg([first, second, codebooks(2, 16)]))


@pytest.mark.parametrize("codec", ["vorbis", "opus"])
def test_ogg_ends_at_its_first_page_that_is_not_in_order(codec: str) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (8 * 24_000, 1))
    data = encode(noise, 24_000, codec)
    pages = data.split(b"OggS")[1:]
    middle = len(pages) // 2
    whole = read_audio(data)
    cut = read_audio(b"".join(b"OggS" + page for page in pages[:middle]))
    gap = read_audio(b"".join(b"OggS" + page for page in pages[:middle] + pages[middle + 1 :]))
    broken = [*pages[:middle], pages[middle][:-1] + b"!", *pages[middle + 1 :]]
    assert cut.seconds < whole.seconds
    assert np.array_equal(gap.samples, cut.samples)
    assert np.array_equal(read_audio(b"".join(b"OggS" + p for p in broken)).samples, cut.samples)


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.name)
def test_files_that_once_went_wrong_are_read_or_refused(path: Path) -> None:
    read_or_refuse(path.read_bytes())


def read_or_refuse(data: bytes) -> None:
    with suppress(Undecodable, TooMuchMusic):
        read_sound(data)
