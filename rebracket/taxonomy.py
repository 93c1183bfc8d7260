"""The eight rebracketing types; their order is the class index of every model."""

from enum import StrEnum


class RebracketingType(StrEnum):
    """The axis along which a segment's boundaries are re-parsed."""

    SPATIAL = "spatial"
    TEMPORAL = "temporal"
    CAUSAL = "causal"
    PERCEPTUAL = "perceptual"
    MEMORY = "memory"
    ONTOLOGICAL = "ontological"
    NARRATIVE = "narrative"
    IDENTITY = "identity"


TYPES: tuple[RebracketingType, ...] = tuple(RebracketingType)
"""Class index → type."""

INDEX: dict[RebracketingType, int] = {kind: index for index, kind in enumerate(TYPES)}
"""Type → class index."""
