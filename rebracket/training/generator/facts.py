"""What is known of a trained generator."""

from rebracket.training.generator.recipe import GeneratorRecipe
from rebracket.training.music.collections import Use
from rebracket.training.music.facts import LearnedFromPieces


class GeneratorFacts(LearnedFromPieces):
    """Stored beside the weights as `generator.json`."""

    recipe: GeneratorRecipe
    parameters: int
    tokens: int
    """That it learned from, each once an epoch."""
    nats: dict[Use, float]
    """Cross-entropy of a token, by where the pieces are from."""

    def flat(self) -> dict[str, float]:
        """Scalars, as model metadata holds them."""
        return {f"{use}_nats": value for use, value in self.nats.items()}
