"""What the encoders of notes and of sound end with: which operation, hence which type; and how strong."""

import torch
from torch import Tensor, nn

from rebracket.taxonomy import TYPES

OPERATIONS_A_TYPE = 3
KINDS = OPERATIONS_A_TYPE * len(TYPES)
"""Operations by number, in the order of their types."""

PLAIN = KINDS
"""The number that stands for no operation."""


class Heads(nn.Module):
    """A window's vector → operation logits and intensity.

    Trained on operations, because the three of a type share a meaning and not a sound: told apart they
    are easier to learn than as one class. How strong one is looks different for each, so each has its own
    estimate, weighed by how likely it is; plain material has none.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.kinds = nn.Linear(width, KINDS + 1)
        self.strengths = nn.Linear(width, KINDS)

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Of vectors [windows, width]: operation logits [windows, 25], intensity [windows] in 0..1."""
        kinds = self.kinds(vectors)
        likely = torch.softmax(kinds, dim=-1)[:, :KINDS]
        return kinds, (likely * torch.sigmoid(self.strengths(vectors))).sum(dim=-1)


def type_logits(kinds: Tensor) -> Tensor:
    """Log of each type's share of the rebracketed [windows, 8], from operation logits [windows, 25].

    A type is any of its operations: their probabilities add up.
    """
    grouped = kinds[:, :KINDS].reshape(-1, len(TYPES), OPERATIONS_A_TYPE)
    return torch.logsumexp(grouped, dim=-1)


def attention_pool(hidden: Tensor, weights: Tensor, mask: Tensor) -> Tensor:
    """Means over time, one for each column of weights, side by side [windows, heads * width].

    Shapes: `hidden` [windows, steps, width]; `weights` [windows, steps, heads]; `mask` [windows, steps].
    """
    scores = weights + (mask[:, :, None] - 1) * 1e4
    shares = torch.softmax(scores, dim=1)
    return torch.flatten(shares.transpose(1, 2) @ hidden, start_dim=1)
