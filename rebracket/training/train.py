"""The training recipe, and the loop that follows it."""

import math
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from rebracket.models.classifier import SegmentClassifier, pretrained_path
from rebracket.segment.text import TextEncoder
from rebracket.training.corpus import Record, Split
from rebracket.training.dataset import (
    Batch,
    Example,
    arrange,
    batches,
    cache_lower_layers,
    collate,
)

THREADS = 2
"""Fixed, because sums in another order give other weights."""

ANSWERED_TOGETHER = 32
"""Examples of near-equal length that a teacher reads at once."""


class Recipe(Record):
    """Everything that decides the trained weights, the corpus apart.

    A model is fitted for each seed. The first learns from the readers alone; each later one from
    the readers and, by `teacher_share`, from the mean answer of those before it. The last is kept:
    an ensemble distilled into one model (Hinton et al. 2015; Furlanello et al. 2018).
    """

    epochs: int = Field(3, ge=1)
    batch_size: int = Field(32, ge=1)
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    label_smoothing: float = 0.0
    pair_share: float = 0.15
    field_swap: float = 0.25
    intensity_weight: float = 1.0
    averaging: float = Field(0.99, ge=0, lt=1)
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    teacher_share: float = Field(0.5, ge=0, le=1)


Progress = Callable[[int, int, float], None]
"""Called after each step with the step, the number of steps, and the loss."""


def train(split: Split, recipe: Recipe, *, progress: Progress) -> SegmentClassifier:
    """Fine-tune by the recipe; the same recipe and texts give the same weights."""
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(recipe.seeds[0])
    model = SegmentClassifier()
    encoder = TextEncoder.from_file(pretrained_path() / "tokenizer.json")
    start = deepcopy(model.state_dict())
    total = recipe.epochs * math.ceil(len(split.train) / recipe.batch_size)
    with model.fused_attention():
        examples = cache_lower_layers(model, encoder, split.train)
        answers: list[Answers] = []
        for number, seed in enumerate(recipe.seeds):

            def report(step: int, loss: float, number: int = number) -> None:
                progress(number * total + step, len(recipe.seeds) * total, loss)

            model.load_state_dict(start)
            lessons = taught(examples, answers, recipe.teacher_share)
            _fit(model, lessons, recipe, seed, total, report)
            if number < len(recipe.seeds) - 1:
                answers.append(_answers(model, examples))
    # Rounded to the half precision in which weights are kept, so that what is measured is what
    # is saved.
    model.load_state_dict({n: t.half().float() for n, t in model.trained()}, strict=False)
    model.eval()
    return model


Answers = list[tuple[Tensor, float]]
"""A teacher's probabilities [8] and intensity for each example."""


def taught(
    examples: Sequence[Example], teachers: Sequence[Answers], share: float
) -> Sequence[Example]:
    """The examples with labels that mix the readers' and the teachers' mean answers."""
    if not teachers:
        return examples
    lessons = []
    for example, *answers in zip(examples, *teachers, strict=True):
        mass = torch.stack([probabilities for probabilities, _ in answers]).mean(dim=0)
        intensity = sum(value for _, value in answers) / len(answers)
        lessons.append(
            replace(
                example,
                mass=(1 - share) * example.mass + share * mass,
                intensity=(1 - share) * example.intensity + share * intensity,
            )
        )
    return lessons


@torch.no_grad()
def _answers(model: SegmentClassifier, examples: Sequence[Example]) -> Answers:
    model.eval()
    answers: dict[int, tuple[Tensor, float]] = {}
    order = sorted(range(len(examples)), key=lambda index: len(examples[index].hidden))
    for start in range(0, len(order), ANSWERED_TOGETHER):
        chunk = order[start : start + ANSWERED_TOGETHER]
        batch = collate([[examples[index]] for index in chunk])
        logits, intensity = model.upper(
            batch.hidden, batch.attention_mask, batch.fields, batch.pool
        )
        rows = zip(logits.softmax(dim=-1), intensity.sigmoid().tolist(), strict=True)
        answers.update(zip(chunk, rows, strict=True))
    return [answers[index] for index in range(len(examples))]


def _fit(
    model: SegmentClassifier,
    examples: Sequence[Example],
    recipe: Recipe,
    seed: int,
    total: int,
    report: Callable[[int, float], None],
) -> None:
    """Fit one model; it ends with the moving average of its weights (Polyak and Juditsky 1992)."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    optimizer = _optimizer(model, recipe)
    warmup = max(1.0, recipe.warmup * total)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, max(0.0, (total - step) / total))
    )
    mean = {name: tensor.clone() for name, tensor in model.trained()}
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
            _follow(mean, model, recipe.averaging if step > warmup else 0.0)
            report(step, float(loss.detach()))
    model.load_state_dict(mean, strict=False)


@torch.no_grad()
def _follow(mean: dict[str, Tensor], model: SegmentClassifier, memory: float) -> None:
    for name, tensor in model.trained():
        mean[name].lerp_(tensor, 1 - memory)


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
    logits, intensity = model.upper(batch.hidden, batch.attention_mask, batch.fields, batch.pool)
    mass = batch.mass * (1 - recipe.label_smoothing) + recipe.label_smoothing / batch.mass.shape[1]
    types = functional.cross_entropy(logits, mass)
    strength = functional.binary_cross_entropy_with_logits(intensity, batch.intensity)
    return types + recipe.intensity_weight * strength
