"""The encoder of notes: a small conformer over event features."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rebracket.models.conformer import Block
from rebracket.models.heads import Heads, type_logits
from rebracket.segment.events import FEATURES

WIDTH = 96
BLOCKS = 3
SMALLEST = 0.05
"""Added to spreads: what hardly varies is not blown up."""


class NotesReader(nn.Module):
    """Windows of events → type logits and intensity."""

    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))
        self.entry = nn.Linear(FEATURES, WIDTH)
        self.blocks = nn.ModuleList(Block(WIDTH) for _ in range(BLOCKS))
        self.heads = Heads(WIDTH)

    @torch.no_grad()
    def standardize(self, samples: Sequence[NDArray[np.floating]]) -> None:
        """Take the features' means and spreads from windows [notes, FEATURES]."""
        found = np.concatenate(samples).astype(np.float32)
        self.mean.copy_(torch.from_numpy(found.mean(axis=0)))
        self.scale.copy_(torch.from_numpy(1 / (found.std(axis=0) + SMALLEST)))

    def read(self, events: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Operation logits [windows, 25] and intensity [windows] in 0..1.

        Shapes: `events` [windows, notes, FEATURES]; `mask` [windows, notes], 1 where there is a note.
        """
        hidden = self.entry((events - self.mean) * self.scale) * mask[:, :, None]
        for block in self.blocks:
            hidden = block(hidden, mask)
        kinds, intensity = self.heads(hidden, mask)
        return kinds, intensity

    def forward(self, events: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [windows, 8] and intensity [windows] in 0..1."""
        kinds, intensity = self.read(events, mask)
        return type_logits(kinds), intensity
