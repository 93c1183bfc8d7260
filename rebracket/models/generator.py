"""The generator of segments: a decoder-only transformer over tokens of notes."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from rebracket.segment.tokens import PLACES, VOCABULARY
from rebracket.segment.tokens.condition import CONDITION

WIDTH = 256
LAYERS = 6
HEADS = 4
HEAD = WIDTH // HEADS
CONTEXT = 1024
"""Tokens that attention reaches back."""

LONGEST = 12_288
"""Tokens of a piece at most: the grammar's most for 32 bars of the longest meter after a primer, and some."""

ROTATION = 10_000.0


class Layer(nn.Module):
    """Causal attention with rotated positions (Su et al. 2021), and feed-forward."""

    def __init__(self) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(WIDTH)
        self.projections = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.output = nn.Linear(WIDTH, WIDTH, bias=False)
        self.before_feed_forward = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)

    def forward(
        self, hidden: Tensor, angles: Tensor, mask: Tensor | None, dropout: float
    ) -> Tensor:
        """[windows, tokens, WIDTH] → the same; without a mask each token sees all before it."""
        query, key, value = (
            part.reshape(*part.shape[:-1], HEADS, HEAD).transpose(1, 2)
            for part in self.projected(hidden)
        )
        found = functional.scaled_dot_product_attention(
            rotated(query, angles),
            rotated(key, angles),
            value,
            attn_mask=mask,
            is_causal=mask is None,
        )
        return self.finished(hidden, found.transpose(1, 2).flatten(2), dropout)

    def projected(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Queries, keys and values [windows, tokens, WIDTH], heads side by side."""
        return self.projections(self.before_attention(hidden)).chunk(3, dim=-1)  # type: ignore[no-any-return]

    def finished(self, hidden: Tensor, attended: Tensor, dropout: float = 0.0) -> Tensor:
        """What attention found [windows, tokens, WIDTH] added to its input, then the feed-forward part."""
        hidden = hidden + functional.dropout(self.output(attended), dropout, self.training)
        wide = functional.gelu(self.up(self.before_feed_forward(hidden)), approximate="tanh")
        return hidden + functional.dropout(self.down(wide), dropout, self.training)


def rotations(tokens: int) -> Tensor:
    """Cosines and sines of each position [2, tokens, HEAD / 2]."""
    speeds = ROTATION ** (-torch.arange(0, HEAD, 2) / HEAD)
    angles = torch.arange(tokens)[:, None] * speeds
    return torch.stack([angles.cos(), angles.sin()])


def rotated(vectors: Tensor, angles: Tensor) -> Tensor:
    """Vectors [..., tokens, HEAD] turned by their positions; halves are the planes' axes."""
    cosine, sine = angles
    one, other = vectors.chunk(2, dim=-1)
    return torch.cat([one * cosine - other * sine, other * cosine + one * sine], dim=-1)


class Generator(nn.Module):
    """Tokens in their places, and what is asked for → logits of each next token."""

    angles: Tensor

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Embedding(PLACES, WIDTH)
        self.asked = nn.Sequential(nn.Linear(CONDITION, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH))
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.register_buffer("angles", rotations(LONGEST), persistent=False)
        for name, weights in self.named_parameters():
            if weights.ndim > 1:
                scale = 0.02 / (2 * LAYERS) ** 0.5 if "output" in name or "down" in name else 0.02
                nn.init.normal_(weights, std=scale)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor, places: Tensor, condition: Tensor) -> Tensor:
        """Logits [windows, tokens, VOCABULARY].

        Shapes: `tokens` [windows, tokens]; `places` [windows, tokens, len(PLACE)]; `condition`
        [windows, CONDITION].
        """
        length = tokens.shape[1]
        hidden = functional.dropout(
            self.enter(tokens, places, condition), self.dropout, self.training
        )
        mask = None
        if length > CONTEXT:
            apart = torch.arange(length)[:, None] - torch.arange(length)
            mask = (apart >= 0) & (apart < CONTEXT)
        for layer in self.layers:
            hidden = layer(hidden, self.angles[:, :length], mask, self.dropout)
        return self.leave(hidden)

    def enter(self, tokens: Tensor, places: Tensor, condition: Tensor) -> Tensor:
        """[windows, tokens, WIDTH]: what a token is, where it stands, and what is asked for."""
        standing = self.places(places).sum(dim=2)
        found: Tensor = self.tokens(tokens) + standing + self.asked(condition)[:, None]
        return found

    def leave(self, hidden: Tensor) -> Tensor:
        """Logits [..., VOCABULARY] of [..., WIDTH]."""
        logits: Tensor = self.head(self.norm(hidden))
        return logits
