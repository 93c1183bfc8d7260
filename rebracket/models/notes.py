"""The encoder of notes: a small conformer over event features."""

import torch
from torch import Tensor, nn

from rebracket.models.heads import Heads, attention_pool, type_logits
from rebracket.segment.events import FEATURES

WIDTH = 96
HEADS = 4
BLOCKS = 3
KERNEL = 7


class NotesReader(nn.Module):
    """Windows of events → type logits and intensity."""

    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))
        self.entry = nn.Linear(FEATURES, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(WIDTH)
        self.attention = nn.Linear(WIDTH, HEADS)
        self.summary = nn.Sequential(
            nn.Linear((HEADS + 2) * WIDTH, 2 * WIDTH), nn.GELU(), nn.Dropout(0.2)
        )
        self.heads = Heads(2 * WIDTH)

    def read(self, events: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Operation logits [windows, 25] and intensity [windows] in 0..1.

        Shapes: `events` [windows, notes, FEATURES]; `mask` [windows, notes], 1 where there is a note.
        """
        here = mask[:, :, None]
        hidden = self.entry((events - self.mean) * self.scale) * here
        for block in self.blocks:
            hidden = block(hidden, mask)
        hidden = self.norm(hidden)
        pooled = attention_pool(hidden, self.attention(hidden), mask)
        highest = (hidden + (here - 1) * 1e4).amax(dim=1)
        mean = (hidden * here).sum(dim=1) / here.sum(dim=1)
        kinds, intensity = self.heads(self.summary(torch.cat([pooled, highest, mean], dim=1)))
        return kinds, intensity

    def forward(self, events: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [windows, 8] and intensity [windows] in 0..1."""
        kinds, intensity = self.read(events, mask)
        return type_logits(kinds), intensity


class Block(nn.Module):
    """Attention, convolution over neighbours, feed-forward (Gulati et al. 2020, without the half steps)."""

    def __init__(self) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(WIDTH)
        self.projections = nn.Linear(WIDTH, 3 * WIDTH)
        self.output = nn.Linear(WIDTH, WIDTH)
        self.before_convolution = nn.LayerNorm(WIDTH)
        self.convolution = nn.Conv1d(WIDTH, WIDTH, KERNEL, padding=KERNEL // 2, groups=WIDTH)
        self.mixing = nn.Linear(WIDTH, WIDTH)
        self.before_feed_forward = nn.LayerNorm(WIDTH)
        self.feed_forward = nn.Sequential(
            nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Dropout(0.1), nn.Linear(2 * WIDTH, WIDTH)
        )

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """[windows, notes, WIDTH] → the same."""
        hidden = hidden + self.output(self._attend(self.before_attention(hidden), mask))
        normed = self.before_convolution(hidden) * mask[:, :, None]
        neighbours = self.convolution(normed.transpose(1, 2)).transpose(1, 2)
        hidden = hidden + self.mixing(nn.functional.gelu(neighbours))
        update: Tensor = self.feed_forward(self.before_feed_forward(hidden))
        return hidden + update

    def _attend(self, hidden: Tensor, mask: Tensor) -> Tensor:
        query, key, value = (
            part.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)
            for part in self.projections(hidden).chunk(3, dim=-1)
        )
        scores = query @ key.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5
        weights = torch.softmax(scores + (mask[:, None, None, :] - 1) * 1e4, dim=-1)
        return torch.flatten((weights @ value).transpose(1, 2), start_dim=2)
