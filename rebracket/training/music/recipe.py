"""Everything that decides an encoder's weights, the pieces and SoundFonts apart."""

from typing import Literal, TypeVar

from pydantic import Field

from rebracket.training.corpus import Record

MusicEncoder = Literal["notes", "sound"]
R = TypeVar("R", bound=Record)


class MusicRecipe(Record):
    """Lessons are made anew from the seed; validation and test ones from the seeds after it."""

    encoder: MusicEncoder
    seed: int
    lessons: int = Field(ge=1)
    """Of sound: takes, of which each gives `lessons_a_take`."""
    lessons_a_take: int = Field(1, ge=1)
    validation_lessons: int = Field(ge=1)
    test_lessons: int = Field(ge=1)
    epochs: int = Field(ge=1)
    batch_size: int = Field(48, ge=1)
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warmup: float = 0.05
    averaging: float = Field(0.995, ge=0, lt=1)


RECIPES: dict[MusicEncoder, MusicRecipe] = {
    "notes": MusicRecipe(
        encoder="notes",
        seed=1,
        lessons=16_000,
        validation_lessons=1500,
        test_lessons=2000,
        epochs=6,
    ),
    "sound": MusicRecipe(
        encoder="sound",
        seed=11,
        lessons=4200,
        lessons_a_take=3,
        validation_lessons=400,
        test_lessons=500,
        epochs=6,
    ),
}


def shortened(recipe: R, *, epochs: int | None, limit: int | None) -> R:
    """A recipe with another number of epochs, or with `limit` lessons to learn from; for trials."""
    changes: dict[str, int] = {}
    if epochs is not None:
        changes["epochs"] = epochs
    if limit is not None:
        few = dict.fromkeys(("validation_lessons", "test_lessons"), max(30, limit // 8))
        changes |= {"lessons": limit, **few}
    known = type(recipe).model_fields
    return recipe.model_copy(update={name: changes[name] for name in changes if name in known})
