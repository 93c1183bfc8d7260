"""Words for generated segments, from an authored grammar; `write` is the way in."""

from rebracket.generation.wording.compose import LONGEST, write

__all__ = ["LONGEST", "write"]
