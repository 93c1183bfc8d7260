"""Audio files of every kind that is read, made by libsndfile."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

CODECS = {
    "wav-8": ("WAV", "PCM_U8"),
    "wav-16": ("WAV", "PCM_16"),
    "wav-24": ("WAV", "PCM_24"),
    "wav-32": ("WAV", "PCM_32"),
    "wav-float": ("WAV", "FLOAT"),
    "wav-double": ("WAV", "DOUBLE"),
    "wavex-16": ("WAVEX", "PCM_16"),
    "wavex-24": ("WAVEX", "PCM_24"),
    "wavex-float": ("WAVEX", "FLOAT"),
    "rf64": ("RF64", "PCM_16"),
    "flac-8": ("FLAC", "PCM_S8"),
    "flac-16": ("FLAC", "PCM_16"),
    "flac-24": ("FLAC", "PCM_24"),
    "vorbis": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
"""libsndfile's container and encoding by our name."""

EMPTY_ID3 = b"ID3\x04\x00\x00\x00\x00\x00\x14" + bytes(20)
"""A tag of 20 bytes of padding."""


WRITTEN = 2**16
"""Frames at a time: libvorbis' encoder keeps them on the stack, and ends the process."""


def tones(
    pitches: Sequence[float], rate: int, seconds: float, level: float = 0.5
) -> NDArray[np.float32]:
    """A sine in each channel: [frames, channels]."""
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * np.outer(time, pitches))).astype(np.float32)


def encode(samples: NDArray[np.floating[Any]], rate: int, codec: str) -> bytes:
    """The samples [frames, channels] as a file."""
    container, encoding = CODECS[codec]
    file = BytesIO()
    with soundfile.SoundFile(
        file, "w", rate, samples.shape[1], encoding, format=container
    ) as writer:
        for start in range(0, len(samples), WRITTEN):
            writer.write(samples[start : start + WRITTEN])
    return file.getvalue()


def small_files() -> dict[str, bytes]:
    """A tenth of a second in every encoding, in stereo, and some in other numbers of channels."""
    stereo = tones([440, 660], 16_000, 0.1)
    files = {codec: encode(stereo, 16_000, codec) for codec in CODECS}
    mono = stereo[:, :1]
    six = np.tile(stereo, 3)
    files |= {f"{codec}-mono": encode(mono, 16_000, codec) for codec in ("vorbis", "opus", "mp3")}
    files |= {
        f"{codec}-six": encode(six, 16_000, codec) for codec in ("wav-16", "flac-16", "vorbis")
    }
    return files | {"mp3-tagged": EMPTY_ID3 + files["mp3"]}
