"""A segment's parts: which encoder reads what, in how many windows."""

import numpy as np
import pytest

from rebracket.inference.material import Material, Part
from rebracket.segment import mel
from rebracket.segment.sound import Sound
from rebracket.segment.window import Window
from tests.inference.doubles import windows


def sound_part(seconds: float) -> Part:
    silence = np.zeros((1, int(seconds * mel.RATE)), dtype=np.float32)
    found: list[Window] = [*mel.windows(Sound(silence, mel.RATE))]
    return Part.of_music(found)


def test_windows_of_music_weigh_by_what_is_in_them() -> None:
    part = sound_part(20)
    assert len(part.windows) == 3
    assert part.weights.sum() == pytest.approx(1)
    assert part.weights == pytest.approx(1 / 3, abs=0.01)


def test_work_is_that_of_all_parts() -> None:
    words, sound = Part.of_words(windows(1, 2, length=7)), sound_part(2)
    assert words.work == 14
    assert Material({"words": words, "sound": sound}).work == 14 + sound.work


def test_windows_are_told_by_modality() -> None:
    read = windows(1, 2, 3)
    read.fields[2] = 1
    material = Material({"words": Part.of_words(read), "sound": sound_part(9)}, read)
    assert material.windows() == {"text": 2, "lyrics": 1, "audio": 2}
