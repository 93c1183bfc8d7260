"""What the encoders of music end with: which operation, hence which type; and how strong."""

import math

import torch
from torch import Tensor, nn

from rebracket.models.conformer import HEADS
from rebracket.taxonomy import TYPES

OPERATIONS_A_TYPE = 3
KINDS = OPERATIONS_A_TYPE * len(TYPES)
"""Operations by number, in the order of their types."""

PLAIN = KINDS
"""The number that stands for no operation."""


class Heads(nn.Module):
    """A window's steps → operation logits and intensity.

    Trained on operations, because the three of a type share a meaning and not a sound: told apart they
    are easier to learn than as one class. How strong one is looks different for each, so each has its own
    estimate, weighed by how likely it is; plain material has none.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = nn.Linear(width, HEADS)
        self.summary = nn.Sequential(
            nn.Linear((HEADS + 2) * width, 2 * width), nn.GELU(), nn.Dropout(0.2)
        )
        self.kinds = nn.Linear(2 * width, KINDS + 1)
        self.strengths = nn.Linear(2 * width, KINDS)

    def forward(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Operation logits [windows, 25] and intensity [windows] in 0..1.

        Shapes: `hidden` [windows, steps, width]; `mask` [windows, steps].
        """
        vectors = self.summary(self._pool(self.norm(hidden), mask[:, :, None]))
        kinds = self.kinds(vectors)
        likely = torch.softmax(kinds, dim=-1)[:, :KINDS]
        return kinds, (likely * torch.sigmoid(self.strengths(vectors))).sum(dim=-1)

    def _pool(self, hidden: Tensor, here: Tensor) -> Tensor:
        """Means over the steps, weighed as each attention head has it and evenly; and the maximum."""
        shares = torch.softmax(self.attention(hidden) + (here - 1) * 1e4, dim=1)
        weighed = torch.flatten(shares.transpose(1, 2) @ hidden, start_dim=1)
        highest = (hidden + (here - 1) * 1e4).amax(dim=1)
        mean = (hidden * here).sum(dim=1) / here.sum(dim=1)
        return torch.cat([weighed, highest, mean], dim=1)


def type_logits(kinds: Tensor) -> Tensor:
    """Log-probabilities of the types [windows, 8], from operation logits [windows, 25].

    A type is any of its operations: their probabilities add up. What is plain is of no type, so that
    its probability is shared by all of them alike.
    """
    known = torch.log_softmax(kinds, dim=-1)
    operations = known[:, :KINDS].reshape(-1, len(TYPES), OPERATIONS_A_TYPE)
    plain = (known[:, PLAIN:] - math.log(len(TYPES)))[:, None].expand(-1, len(TYPES), -1)
    return torch.logsumexp(torch.cat([operations, plain], dim=-1), dim=-1)
