"""What is known of a trained generator."""

from pydantic import Field

from rebracket import __version__
from rebracket.registry import now
from rebracket.training.corpus import Record
from rebracket.training.generator.recipe import GeneratorRecipe
from rebracket.training.music.collections import Use


class GeneratorFacts(Record):
    """Stored beside the weights as `generator.json`."""

    created: str = Field(default_factory=now)
    code_version: str = __version__
    source: str
    """Where the pieces come from."""
    collections: dict[Use, list[str]]
    recipe: GeneratorRecipe
    parameters: int
    tokens: int
    """That it learned from, each once an epoch."""
    nats: dict[Use, float]
    """Cross-entropy of a token, by where the pieces are from."""

    def flat(self) -> dict[str, float]:
        """Scalars, as model metadata holds them."""
        return {f"{use}_nats": value for use, value in self.nats.items()}
