"""Fits an encoder of music to lessons: one loop for notes and for sound."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rebracket.models.music import MusicReader
from rebracket.training.music.recipe import MusicRecipe
from rebracket.training.train import THREADS

TINY = 1e-5
Progress = Callable[[int, int, float], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A window of a lesson: `features` [steps, …], `kind`, `intensity`, and the lesson's number."""

    features: NDArray[np.float16]
    kind: int
    intensity: float
    lesson: int


def fit(
    model: MusicReader,
    shown: Sequence[Shown],
    recipe: MusicRecipe,
    *,
    progress: Progress,
    vary: Callable[[Tensor, torch.Generator], Tensor],
) -> None:
    """Fit in place; the model ends with the moving average of its weights.

    Args:
        model: what is fitted.
        shown: what it learns from.
        recipe: how long and how fast.
        progress: told of each step: its number, of how many, and the loss.
        vary: changes a batch's features at random without changing what they mean.
    """
    torch.set_num_threads(THREADS)
    torch.manual_seed(recipe.seed)
    chance = torch.Generator().manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    total = recipe.epochs * math.ceil(len(shown) / recipe.batch_size)
    warmup = max(1.0, recipe.warmup * total)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warmup, 0.5 + 0.5 * math.cos(math.pi * step / total)),
    )
    mean = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    step = 0
    for _ in range(recipe.epochs):
        model.train()
        for chosen in batches(shown, recipe.batch_size, rng):
            features, mask = collate(chosen)
            loss = _loss(model, vary(features, chance), mask, chosen)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            rate.step()
            step += 1
            _follow(mean, model, recipe.averaging if step > warmup else 0.0)
            progress(step, total, float(loss.detach()))
    model.load_state_dict(mean)
    model.eval()


def batches(shown: Sequence[Shown], size: int, rng: np.random.Generator) -> Iterator[list[Shown]]:
    """All, once, in batches of near-equal length that come in random order."""
    lengths = np.array([len(item.features) for item in shown])
    order = np.argsort(lengths + rng.uniform(0, 0.2 * lengths.max(), len(shown)))
    starts = rng.permutation(np.arange(0, len(shown), size))
    for start in starts:
        yield [shown[index] for index in order[start : start + size]]


def collate(items: Sequence[Shown]) -> tuple[Tensor, Tensor]:
    """Features padded to the longest [windows, steps, …], and a mask [windows, steps]."""
    longest = max(len(item.features) for item in items)
    features = torch.zeros(len(items), longest, *items[0].features.shape[1:])
    mask = torch.zeros(len(items), longest)
    for row, item in enumerate(items):
        features[row, : len(item.features)] = torch.from_numpy(item.features.astype(np.float32))
        mask[row, : len(item.features)] = 1
    return features, mask


def _loss(model: MusicReader, features: Tensor, mask: Tensor, items: Sequence[Shown]) -> Tensor:
    """Cross-entropy with the operation, plus binary cross-entropy with the intensity.

    What is faint counts less towards the operation: it can hardly be told.
    """
    kinds, strength = model.read(features, mask)
    kind = torch.tensor([item.kind for item in items])
    intensity = torch.tensor([item.intensity for item in items])
    weight = torch.where(intensity > 0, 0.4 + 0.6 * intensity, 0.7)
    operation = functional.cross_entropy(kinds, kind, reduction="none", label_smoothing=0.02)
    return (operation * weight).mean() + 2 * functional.binary_cross_entropy(
        strength.clamp(TINY, 1 - TINY), intensity
    )


@torch.no_grad()
def _follow(mean: dict[str, Tensor], model: nn.Module, memory: float) -> None:
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            mean[name].lerp_(tensor, 1 - memory)
        else:
            mean[name].copy_(tensor)
