"""Training is repeatable and learns."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from rebracket.training.corpus import Split, split_corpus
from rebracket.training.dataset import Example
from rebracket.training.score import score
from rebracket.training.train import Recipe, taught, train


@pytest.fixture(scope="module")
def small() -> Split:
    split = split_corpus()
    short = [text for text in split.train if len(text.text) < 120]  # a step's time is its tokens
    some = short[:: len(short) // 100]
    return split.model_copy(update={"train": some, "test": some})


def test_the_same_recipe_gives_the_same_weights(small: Split) -> None:
    recipe = Recipe(epochs=1, seeds=(3, 4))
    steps: list[tuple[int, int]] = []

    def progress(step: int, steps_in_all: int, loss: float) -> None:
        assert np.isfinite(loss)
        steps.append((step, steps_in_all))

    first, second = (train(small, recipe, progress=progress) for _ in range(2))
    for (name, a), (_, b) in zip(first.trained(), second.trained(), strict=True):
        assert torch.equal(a, b), name
    half = steps[: len(steps) // 2]
    assert all(a[0] < b[0] for a, b in pairwise(half))
    assert half[-1][0] <= half[-1][1]


def test_training_lowers_the_loss_on_what_it_sees(small: Split) -> None:
    losses: list[float] = []
    recipe = Recipe(epochs=8, seeds=(0,), learning_rate=3e-4)
    model = train(small, recipe, progress=lambda _, __, loss: losses.append(loss))
    assert np.mean(losses[-3:]) < np.mean(losses[:3]) - 0.3
    logits, intensity, tokens = score(model, [text.segment for text in small.test])
    guess = logits.argmax(axis=1)
    true = np.array([text.mass.argmax() for text in small.test])
    assert (guess == true).mean() > 0.3
    assert ((intensity >= 0) & (intensity <= 1)).all()
    assert (tokens > 2).all()


def test_a_student_learns_from_readers_and_teachers_by_their_shares() -> None:
    mass = torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 0])
    example = Example(hidden=torch.zeros(1, 384), field=0, mass=mass, intensity=0.2)
    teachers = [[(mass.roll(1), 0.6)], [(mass.roll(2), 0.8)]]
    (lesson,) = taught([example], teachers, 0.4)
    assert lesson.mass.tolist() == pytest.approx([0.6, 0.2, 0.2, 0, 0, 0, 0, 0])
    assert lesson.intensity == pytest.approx(0.6 * 0.2 + 0.4 * 0.7)
    assert taught([example], [], 0.4) == [example]
