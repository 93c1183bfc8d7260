"""Plain sound → rebracketed sound: three operations for each type.

They make training data and galleries, and are never needed to serve: scipy is allowed here.
"""

from rebracket.segment.operations.operation import Operation
from rebracket.segment.operations.sound.causal import effect_first, pre_echo, reversed_envelopes
from rebracket.segment.operations.sound.identity import (
    detuned_doubles,
    other_throat,
    shifted_copies,
)
from rebracket.segment.operations.sound.memory import fading_band, returns, worn_tape
from rebracket.segment.operations.sound.narrative import cut_away, radio_frame, retold
from rebracket.segment.operations.sound.ontological import inharmonic, ring_modulation, smeared
from rebracket.segment.operations.sound.perceptual import noise_figure, open_gaps, spectral_hole
from rebracket.segment.operations.sound.spatial import folded_field, rooms, swapped_field
from rebracket.segment.operations.sound.temporal import (
    reversed_spans,
    stretched_spans,
    tape_stops,
)
from rebracket.segment.sound import Sound
from rebracket.taxonomy import RebracketingType

OPERATIONS: tuple[Operation[Sound], ...] = tuple(
    Operation(kind, apply.__name__, apply)
    for kind, three in (
        (RebracketingType.SPATIAL, (rooms, swapped_field, folded_field)),
        (RebracketingType.TEMPORAL, (reversed_spans, stretched_spans, tape_stops)),
        (RebracketingType.CAUSAL, (pre_echo, reversed_envelopes, effect_first)),
        (RebracketingType.PERCEPTUAL, (noise_figure, open_gaps, spectral_hole)),
        (RebracketingType.MEMORY, (worn_tape, fading_band, returns)),
        (RebracketingType.ONTOLOGICAL, (ring_modulation, smeared, inharmonic)),
        (RebracketingType.NARRATIVE, (cut_away, radio_frame, retold)),
        (RebracketingType.IDENTITY, (detuned_doubles, shifted_copies, other_throat)),
    )
    for apply in three
)
"""The 24 operations on sound, in the order of the types."""
