"""A spectrogram is a valid PNG, with what sounds where it belongs."""

from io import BytesIO
from struct import unpack
from zlib import crc32

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from rebracket.segment.gallery.spectrogram import GAP, png, spectrogram
from rebracket.segment.mel import BANDS
from rebracket.segment.sound import Sound
from tests.segment.operations.sound.material import tone, tune


def brightness(file: bytes) -> NDArray[np.float64]:
    """[rows, columns], 0 to 1."""
    pixels: NDArray[np.float64] = imread(BytesIO(file))[..., :3].astype(np.float64).mean(axis=2)
    return pixels


def test_pixels_come_back_in_their_colours() -> None:
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 128, 255]], dtype=np.uint8)
    pixels = np.array([[0, 1, 2], [2, 1, 0]], dtype=np.uint8)
    read = np.rint(imread(BytesIO(png(pixels, palette)))[..., :3] * 255).astype(np.uint8)
    np.testing.assert_array_equal(read, palette[pixels])


def test_every_chunk_has_its_checksum() -> None:
    file = spectrogram(tune(0.5))
    names, at = [], 8
    while at < len(file):
        (size,) = unpack(">I", file[at : at + 4])
        body = file[at + 4 : at + 8 + size]
        assert unpack(">I", file[at + 8 + size : at + 12 + size]) == (crc32(body),)
        names.append(body[:4])
        at += 12 + size
    assert names == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]


@pytest.mark.parametrize(("channels", "rows"), [(1, BANDS), (2, 2 * BANDS + GAP)])
def test_a_frame_is_a_column_and_a_band_a_row(channels: int, rows: int) -> None:
    sound = tune(1.0, channels=channels)
    assert brightness(spectrogram(sound)).shape == (rows, 1 + 16_000 // 256)


def test_a_high_tone_is_above_a_low_one() -> None:
    low, high = (
        int(brightness(spectrogram(tone(hertz))).mean(axis=1).argmax()) for hertz in (200, 2000)
    )
    assert high < low


def test_what_is_on_the_left_only_is_in_the_upper_half_only() -> None:
    samples = np.concatenate([tone(440).samples, np.zeros((1, 32_000), dtype=np.float32)])
    picture = brightness(spectrogram(Sound(samples, 16_000)))
    assert picture[:BANDS].max() > 0.5
    assert picture[BANDS:].max() < 0.05


def test_silence_is_one_colour() -> None:
    silence = Sound(np.zeros((1, 16_000), dtype=np.float32), 16_000)
    assert len(np.unique(brightness(spectrogram(silence)))) == 1
