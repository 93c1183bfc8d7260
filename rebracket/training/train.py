"""The training recipe, and the loop that follows it."""

import math
import random
from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from rebracket.models.classifier import SegmentClassifier, pretrained_path
from rebracket.segment.text import TextEncoder
from rebracket.training.corpus import Record, Split
from rebracket.training.dataset import Batch, Example, arrange, batches, cache_lower_layers

THREADS = 2
"""Fixed, because sums in another order give other weights."""


class Recipe(Record):
    """Everything that decides the trained weights, the corpus apart."""

    epochs: int = Field(5, ge=1)
    batch_size: int = Field(32, ge=1)
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    label_smoothing: float = 0.0
    pair_share: float = 0.15
    field_swap: float = 0.25
    intensity_weight: float = 1.0
    seeds: tuple[int, ...] = (0, 1)


Progress = Callable[[int, int, float], None]
"""Called after each step with the step, the number of steps, and the loss."""


def train(split: Split, recipe: Recipe, *, progress: Progress) -> SegmentClassifier:
    """Fine-tune one model a seed and average their weights (Wortsman et al. 2022).

    All runs start from the same weights and differ in the order of the texts and in dropout, so
    their average lies in the same basin: one model's cost, much of an ensemble's steadiness.
    """
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(recipe.seeds[0])
    model = SegmentClassifier()
    encoder = TextEncoder.from_file(pretrained_path() / "tokenizer.json")
    examples = cache_lower_layers(model, encoder, split.train)
    start = deepcopy(model.state_dict())
    runs: list[dict[str, Tensor]] = []
    per_epoch = math.ceil(len(examples) / recipe.batch_size)
    total = recipe.epochs * per_epoch
    for number, seed in enumerate(recipe.seeds):
        model.load_state_dict(start)

        def report(step: int, loss: float, number: int = number) -> None:
            progress(number * total + step, len(recipe.seeds) * total, loss)

        _fit(model, examples, recipe, seed, total, report)
        runs.append({name: tensor.clone() for name, tensor in model.trained()})
    mean = {name: torch.stack([run[name] for run in runs]).mean(dim=0) for name in runs[0]}
    # Rounded to the half precision in which weights are kept, so that what is measured is what
    # is saved.
    model.load_state_dict({n: t.half().float() for n, t in mean.items()}, strict=False)
    model.eval()
    return model


def _fit(
    model: SegmentClassifier,
    examples: Sequence[Example],
    recipe: Recipe,
    seed: int,
    total: int,
    report: Callable[[int, float], None],
) -> None:
    rng = random.Random(seed)
    torch.manual_seed(seed)
    optimizer = _optimizer(model, recipe)
    warmup = max(1.0, recipe.warmup * total)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, max(0.0, (total - step) / total))
    )
    step = 0
    model.train()
    for _ in range(recipe.epochs):
        segments = arrange(examples, recipe.pair_share, recipe.field_swap, rng)
        for batch in batches(segments, size=recipe.batch_size, rng=rng):
            loss = _loss(model, batch, recipe)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step = min(step + 1, total)
            report(step, float(loss.detach()))


def _optimizer(model: SegmentClassifier, recipe: Recipe) -> torch.optim.Optimizer:
    heads = ("type_head", "intensity_head")
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    return torch.optim.AdamW(
        [
            {
                "params": [p for n, p in named if not n.startswith(heads)],
                "lr": recipe.learning_rate,
            },
            {
                "params": [p for n, p in named if n.startswith(heads)],
                "lr": recipe.head_learning_rate,
            },
        ],
        weight_decay=recipe.weight_decay,
    )


def _loss(model: SegmentClassifier, batch: Batch, recipe: Recipe) -> Tensor:
    """Cross-entropy with the label mass, plus binary cross-entropy with the intensity."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits, intensity = model.upper(
            batch.hidden, batch.attention_mask, batch.fields, batch.pool
        )
    mass = batch.mass * (1 - recipe.label_smoothing) + recipe.label_smoothing / batch.mass.shape[1]
    types = functional.cross_entropy(logits.float(), mass)
    strength = functional.binary_cross_entropy_with_logits(intensity.float(), batch.intensity)
    return types + recipe.intensity_weight * strength
