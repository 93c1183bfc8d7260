"""A segment as what encoders read: its words, notes and sound in windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from rebracket.schemas import Modality
from rebracket.segment.text import FIELDS, Windows
from rebracket.segment.window import Window

EncoderName = Literal["words", "notes", "sound"]
"""The models of a version; text and lyrics are both words."""

MUSIC: dict[EncoderName, Modality] = {"notes": "midi", "sound": "audio"}
"""The field of a segment that each encoder of music reads."""


@dataclass(frozen=True)
class Part:
    """What one encoder reads of a segment: windows, and how much of it each is [windows], sum 1."""

    windows: Sequence[Window]
    weights: NDArray[np.float32]

    @classmethod
    def of_words(cls, windows: Windows) -> Self:
        """One segment's token windows."""
        alone = [windows] if len(windows.ids) == 1 else list(windows.alone())
        return cls(alone, windows.pool[0])

    @classmethod
    def of_music(cls, windows: Sequence[Window]) -> Self:
        """Windows of notes or of sound, which weigh by what is in them."""
        work = np.array([window.work for window in windows], dtype=np.float32)
        return cls(windows, work / work.sum())

    @cached_property
    def work(self) -> int:
        """What reading it costs."""
        return sum(window.work for window in self.windows)


@dataclass(frozen=True)
class Material:
    """A segment's parts by the encoder that reads them; at least one."""

    parts: dict[EncoderName, Part]
    words: Windows | None = None

    @cached_property
    def work(self) -> int:
        """What reading all of it costs."""
        return sum(part.work for part in self.parts.values())

    def windows(self) -> dict[Modality, int]:
        """In how many windows each modality is read."""
        found: dict[Modality, int] = {}
        if self.words is not None:
            fields = self.words.fields.tolist()
            for number, name in enumerate(FIELDS):
                if count := fields.count(number):
                    found[name] = count
        for encoder, modality in MUSIC.items():
            if encoder in self.parts:
                found[modality] = len(self.parts[encoder].windows)
        return found
