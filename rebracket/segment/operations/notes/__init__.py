"""Three operations on notes for each type."""

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes import (
    causal,
    identity,
    memory,
    narrative,
    ontological,
    perceptual,
    spatial,
    temporal,
)
from rebracket.segment.operations.operation import Operation
from rebracket.taxonomy import RebracketingType as Type

OPERATIONS: tuple[Operation[Notes], ...] = (
    Operation(Type.SPATIAL, "octaves displaced", spatial.octaves_displaced),
    Operation(Type.SPATIAL, "registers exchanged", spatial.registers_exchanged),
    Operation(Type.SPATIAL, "torn apart", spatial.torn_apart),
    Operation(Type.TEMPORAL, "bars shifted", temporal.bars_shifted),
    Operation(Type.TEMPORAL, "bars reversed", temporal.bars_reversed),
    Operation(Type.TEMPORAL, "bars stretched", temporal.bars_stretched),
    Operation(Type.CAUSAL, "answer first", causal.answer_first),
    Operation(Type.CAUSAL, "resolution first", causal.resolution_first),
    Operation(Type.CAUSAL, "triggered", causal.triggered),
    Operation(Type.PERCEPTUAL, "dynamics exchanged", perceptual.dynamics_exchanged),
    Operation(Type.PERCEPTUAL, "rests exchanged", perceptual.rests_exchanged),
    Operation(Type.PERCEPTUAL, "under noise", perceptual.under_noise),
    Operation(Type.MEMORY, "returns", memory.returns),
    Operation(Type.MEMORY, "forgotten", memory.forgotten),
    Operation(Type.MEMORY, "blurred", memory.blurred),
    Operation(Type.ONTOLOGICAL, "made percussion", ontological.made_percussion),
    Operation(Type.ONTOLOGICAL, "mode exchanged", ontological.mode_exchanged),
    Operation(Type.ONTOLOGICAL, "made ornament", ontological.made_ornament),
    Operation(Type.NARRATIVE, "quoted", narrative.quoted),
    Operation(Type.NARRATIVE, "framed", narrative.framed),
    Operation(Type.NARRATIVE, "retold", narrative.retold),
    Operation(Type.IDENTITY, "hocket", identity.hocket),
    Operation(Type.IDENTITY, "doubled", identity.doubled),
    Operation(Type.IDENTITY, "canon", identity.canon),
)
