"""Notes ↔ tokens, what the generator of segments reads and writes; and the grammar that they keep.

After REMI (Huang & Yang 2020, "Pop Music Transformer"): bars, positions in bars, pitches, durations and
velocities are events of one sequence. Here a bar's voices come one after the other, and an event is
written only where it differs from what goes without saying: a note begins where its voice's last one
ended, as long and as loud as that one. That halves the tokens of a note.
"""

from rebracket.segment.tokens.encode import encode, encode_all
from rebracket.segment.tokens.staff import PLACE, PLACES, Staff
from rebracket.segment.tokens.vocabulary import VOCABULARY

__all__ = ["PLACE", "PLACES", "VOCABULARY", "Staff", "encode", "encode_all"]
