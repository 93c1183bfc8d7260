"""What both encoders of music are built of."""

import torch
from torch import Tensor, nn

HEADS = 4
KERNEL = 7


class Block(nn.Module):
    """Attention, convolution over neighbours, feed-forward (Gulati et al. 2020, without the half steps)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.before_attention = nn.LayerNorm(width)
        self.projections = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.before_convolution = nn.LayerNorm(width)
        self.convolution = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, groups=width)
        self.mixing = nn.Linear(width, width)
        self.before_feed_forward = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(0.1), nn.Linear(2 * width, width)
        )

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """[windows, steps, width] → the same; `mask` [windows, steps] is 1 where there is something."""
        hidden = hidden + self.output(self._attend(self.before_attention(hidden), mask))
        normed = self.before_convolution(hidden) * mask[:, :, None]
        neighbours = self.convolution(normed.transpose(1, 2)).transpose(1, 2)
        hidden = hidden + self.mixing(nn.functional.gelu(neighbours))
        update: Tensor = self.feed_forward(self.before_feed_forward(hidden))
        return hidden + update

    def _attend(self, hidden: Tensor, mask: Tensor) -> Tensor:
        size = self.width // HEADS
        query, key, value = (
            part.reshape(*part.shape[:-1], HEADS, size).transpose(1, 2)
            for part in self.projections(hidden).chunk(3, dim=-1)
        )
        scores = query @ key.transpose(-1, -2) * size**-0.5
        weights = torch.softmax(scores + (mask[:, None, None, :] - 1) * 1e4, dim=-1)
        return torch.flatten((weights @ value).transpose(1, 2), start_dim=2)
