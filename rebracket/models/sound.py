"""The encoder of sound: convolutions over log-mel planes, then a small conformer over time."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from rebracket.models.conformer import Block
from rebracket.models.heads import Heads, type_logits
from rebracket.segment.mel import BANDS, PLANES

WIDTH = 112
BLOCKS = 2
STAGES = ((24, 5, (2, 2)), (48, 3, (2, 2)), (72, 3, (1, 2)), (96, 3, (1, 2)))
"""Channels, kernel, and strides in time and over bands."""


class SoundReader(nn.Module):
    """Windows of log-mel planes → type logits and intensity."""

    def __init__(self) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        before = PLANES
        for channels, kernel, stride in STAGES:
            stages += [
                nn.Conv2d(before, channels, kernel, stride, padding=kernel // 2, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            ]
            before = channels
        self.stages = nn.Sequential(*stages)
        self.join = nn.Linear(before * (BANDS // 16), WIDTH)
        self.blocks = nn.ModuleList(Block(WIDTH) for _ in range(BLOCKS))
        self.heads = Heads(WIDTH)

    def read(self, planes: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Operation logits [windows, 25] and intensity [windows] in 0..1.

        Shapes: `planes` [windows, frames, PLANES, BANDS]; `mask` [windows, frames], 1 where there is
        a frame.
        """
        hidden = self.stages(planes.transpose(1, 2))  # [windows, channels, steps, bands]
        steps = _halved(_halved(mask[:, None, :, None]))[:, 0, :, 0]
        joined = self.join(torch.flatten(hidden.transpose(1, 2), start_dim=2)) * steps[:, :, None]
        for block in self.blocks:
            joined = block(joined, steps)
        kinds, intensity = self.heads(joined, steps)
        return kinds, intensity

    def forward(self, planes: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [windows, 8] and intensity [windows] in 0..1."""
        kinds, intensity = self.read(planes, mask)
        return type_logits(kinds), intensity


def _halved(mask: Tensor) -> Tensor:
    """Every second step, counted as strided convolutions count them."""
    return functional.max_pool2d(mask, (1, 1), (2, 1))
