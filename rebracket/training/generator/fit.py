"""Fits the generator to lessons."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rebracket.models.generator import Generator
from rebracket.segment.tokens.vocabulary import PAD
from rebracket.training.generator.lessons import Lesson
from rebracket.training.generator.recipe import GeneratorRecipe
from rebracket.training.train import THREADS

LENGTHS = (48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Tokens that lessons are padded to. Kernels are compiled for each shape that comes: more shapes would take
longer than what they spare in padding."""

Progress = Callable[[int, int, float], None]


def fit(
    model: Generator, lessons: Sequence[Lesson], recipe: GeneratorRecipe, *, progress: Progress
) -> None:
    """Fit in place; the model ends with the moving average of its weights.

    In bfloat16 where multiplications are concerned, which halves the time and changes the loss little.
    """
    torch.set_num_threads(THREADS)
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    optimizer = _optimizer(model, recipe)
    order = [batch for _ in range(recipe.epochs) for batch in batches(lessons, recipe, rng)]
    warmup = max(1.0, recipe.warmup * len(order))
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(
            (step + 1) / warmup, 0.525 + 0.475 * math.cos(math.pi * step / len(order))
        ),
    )
    mean = torch.optim.swa_utils.AveragedModel(
        model,
        multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.averaging),  # type: ignore[no-untyped-call]
    )
    torch.set_flush_denormal(True)
    model.train()
    for step, chosen in enumerate(order, start=1):
        loss = loss_of(model, [lessons[index] for index in chosen], recipe)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
        if step > warmup:
            mean.update_parameters(model)
        progress(step, len(order), float(loss.detach()))
    if int(mean.n_averaged):
        model.load_state_dict(mean.module.state_dict())
    model.eval()


def _optimizer(model: Generator, recipe: GeneratorRecipe) -> torch.optim.AdamW:
    """Weight decay is for matrices."""
    matrices = [weights for weights in model.parameters() if weights.ndim > 1]
    others = [weights for weights in model.parameters() if weights.ndim == 1]
    return torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
        betas=(0.9, 0.98),
    )


def batches(
    lessons: Sequence[Lesson], recipe: GeneratorRecipe, rng: np.random.Generator
) -> Iterator[list[int]]:
    """All, once, in random order: in each batch those that are padded to one of `LENGTHS`."""
    lengths = np.array([len(item.tokens) for item in lessons])
    padded = np.searchsorted(LENGTHS, lengths)
    found: list[list[int]] = []
    for which, length in enumerate(LENGTHS):
        ours = rng.permutation(np.flatnonzero(padded == which)).tolist()
        rows = rows_of(length, recipe)
        found += [ours[start : start + rows] for start in range(0, len(ours), rows)]
    for index in rng.permutation(len(found)).tolist():
        yield found[index]


def rows_of(length: int, recipe: GeneratorRecipe) -> int:
    """Lessons in a batch of a padded length."""
    return max(1, recipe.batch_tokens // length)


def collate(lessons: Sequence[Lesson], recipe: GeneratorRecipe) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens [rows, length], places [rows, length, …] and conditions [rows, CONDITION] of few shapes."""
    length = LENGTHS[np.searchsorted(LENGTHS, max(len(item.tokens) for item in lessons))]
    rows = rows_of(length, recipe)
    tokens = torch.full((rows, length), PAD, dtype=torch.long)
    places = torch.zeros(rows, length, lessons[0].places.shape[1], dtype=torch.long)
    asked = torch.zeros(rows, len(lessons[0].condition))
    for row, item in enumerate(lessons):
        tokens[row, : len(item.tokens)] = torch.from_numpy(item.tokens.astype(np.int64))
        places[row, : len(item.tokens)] = torch.from_numpy(item.places.astype(np.int64))
        asked[row] = torch.from_numpy(item.condition)
    return tokens, places, asked


def loss_of(model: Generator, lessons: Sequence[Lesson], recipe: GeneratorRecipe) -> Tensor:
    """Mean cross-entropy of each next token, in nats."""
    tokens, places, condition = collate(lessons, recipe)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(tokens[:, :-1], places[:, :-1], condition)
    return functional.cross_entropy(
        logits.float().flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=PAD
    )


@torch.no_grad()
def mean_loss(model: Generator, lessons: Sequence[Lesson], recipe: GeneratorRecipe) -> float:
    """Nats a token over all lessons."""
    total, count = 0.0, 0
    for chosen in batches(lessons, recipe, np.random.default_rng(0)):
        some = [lessons[index] for index in chosen]
        size = sum(len(item.tokens) - 1 for item in some)
        total += float(loss_of(model, some, recipe)) * size
        count += size
    return total / count
