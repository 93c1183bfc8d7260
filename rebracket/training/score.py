"""A PyTorch classifier on whole segments, in full precision."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from rebracket.errors import CorpusError
from rebracket.models.classifier import SegmentClassifier, pretrained_path
from rebracket.schemas import Segment
from rebracket.segment.text import TextEncoder, Windows, stack

CHUNK = 8
"""Segments of near-equal length read at once; larger chunks are no faster on a CPU."""


class Raw(NamedTuple):
    """What a model says before calibration.

    Shapes: `logits` [n, 8]; `intensity` [n] in 0..1; `tokens` [n], how many were read.
    """

    logits: NDArray[np.float64]
    intensity: NDArray[np.float64]
    tokens: NDArray[np.int64]


@torch.no_grad()
def score(model: SegmentClassifier, segments: Sequence[Segment]) -> Raw:
    """Read segments; the answers are in their order.

    Raises:
        CorpusError: a segment's words hold no token.
    """
    items = encode_all(segments)
    logits = np.zeros((len(items), 8))
    intensity = np.zeros(len(items))
    model.eval()
    order = sorted(range(len(items)), key=lambda index: items[index].ids.shape[1])
    for start in range(0, len(order), CHUNK):
        chunk = order[start : start + CHUNK]
        feeds = stack([items[index] for index in chunk]).feeds()
        a, b = model(*(torch.from_numpy(array) for array in feeds.values()))
        logits[chunk], intensity[chunk] = a.double().numpy(), b.double().numpy()
    return Raw(logits, intensity, np.array([item.tokens for item in items]))


def encode_all(segments: Sequence[Segment]) -> list[Windows]:
    """The windows of each segment.

    Raises:
        CorpusError: a segment's words hold no token.
    """
    encoder = TextEncoder.from_file(pretrained_path() / "tokenizer.json")
    items = []
    for index, segment in enumerate(segments):
        windows = encoder.encode(segment.text, segment.lyrics)
        if windows is None:
            raise CorpusError(f"segment {index} has no readable words")
        items.append(windows)
    return items
