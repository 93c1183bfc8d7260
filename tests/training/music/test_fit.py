"""An encoder learns what it is shown, the same each time."""

from pathlib import Path

import numpy as np
import torch

from rebracket.models.heads import PLAIN, type_logits
from rebracket.models.music import load
from rebracket.models.notes import NotesReader
from rebracket.models.precision import rounded, save
from rebracket.segment.events import FEATURES
from rebracket.training.music.fit import Shown, batches, collate, fit
from rebracket.training.music.recipe import RECIPES
from rebracket.training.music.train import unvaried, varied_sound

RECIPE = RECIPES["notes"].model_copy(update={"epochs": 6, "batch_size": 8, "averaging": 0.5})


def shown(count: int = 48) -> list[Shown]:
    """Windows whose first feature tells whether they are of operation 4 or plain."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        done = number % 2 == 0
        features = rng.normal(0, 0.1, (int(rng.integers(5, 20)), FEATURES)).astype(np.float16)
        features[:, 0] += 2.0 if done else -2.0
        found.append(Shown(features, 4 if done else PLAIN, 0.8 if done else 0.0, number))
    return found


def fitted() -> tuple[NotesReader, list[float]]:
    torch.manual_seed(0)
    model, losses = NotesReader(), list[float]()
    fit(
        model,
        shown(),
        RECIPE,
        progress=lambda _, __, loss: losses.append(loss),
        vary=unvaried,
    )
    return model, losses


def test_what_is_shown_is_learned_and_the_same_each_time() -> None:
    model, losses = fitted()
    again, _ = fitted()
    assert losses[-1] < losses[0] / 2
    features, mask = collate(shown(4))
    logits, intensity = model(features, mask)
    assert logits.argmax(dim=1).tolist()[::2] == [1, 1]  # operation 4 is of the second type
    assert intensity[0] > 0.5 > intensity[1]
    assert torch.equal(again(features, mask)[0], logits)


def test_every_window_comes_once_an_epoch() -> None:
    items = shown()
    found = [item.lesson for batch in batches(items, 8, np.random.default_rng(0)) for item in batch]
    assert sorted(found) == [item.lesson for item in items]


def test_padding_does_not_change_an_answer() -> None:
    torch.manual_seed(0)
    model = NotesReader().eval()
    items = shown(6)
    together, _ = model(*collate(items))
    for row, item in enumerate(items):
        alone, _ = model(*collate([item]))
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=0)


def test_what_is_plain_is_of_all_types_alike() -> None:
    kinds = torch.full((2, 25), -20.0)
    kinds[0, PLAIN] = 20
    kinds[1, 7] = 20
    plain, done = type_logits(kinds).softmax(dim=1)
    torch.testing.assert_close(plain, torch.full((8,), 1 / 8))
    assert done.argmax() == 2


def test_weights_are_kept_in_half_precision_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "notes.safetensors"
    torch.manual_seed(0)
    model = NotesReader().eval()
    rounded(model)
    save(model, path)
    features, mask = collate(shown(3))
    assert torch.equal(load("notes", path)(features, mask)[0], model(features, mask)[0])


def test_sound_varies_in_the_middle_s_levels_only() -> None:
    planes = torch.zeros(2, 7, 3, 96)
    varied = varied_sound(planes, torch.Generator().manual_seed(1))
    assert varied[:, :, 0].abs().max() > 0
    assert not varied[:, :, 1:].any()
    assert torch.equal(varied[:, :1].expand_as(varied), varied)
