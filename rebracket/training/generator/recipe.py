"""Everything that decides the generator's weights, the pieces apart."""

from pydantic import Field

from rebracket.training.corpus import Record


class GeneratorRecipe(Record):
    """Lessons are made anew from the seed, validation ones from the seed after it."""

    seed: int = 21
    lessons: int = Field(64_000, ge=1)
    validation_lessons: int = Field(400, ge=1)
    epochs: int = Field(1, ge=1)
    batch_tokens: int = Field(4096, ge=1024)
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    warmup: float = 0.03
    dropout: float = Field(0.05, ge=0, lt=1)
    averaging: float = Field(0.995, ge=0, lt=1)
