"""MIDI files ↔ notes."""

from rebracket.segment.midi.read import MAX_BYTES, MAX_NOTES, read_midi
from rebracket.segment.midi.write import write_midi

__all__ = ["MAX_BYTES", "MAX_NOTES", "read_midi", "write_midi"]
