"""One example of each operation, for eyes and ears: files of music and a page that shows them.

Never needed to serve: operations on sound, and so the gallery, need scipy.
"""

from rebracket.segment.gallery.material import beginning_of_notes, beginning_of_sound, tune
from rebracket.segment.synthesis import synthesised
from rebracket.segment.gallery.write import STEPS, write_gallery

__all__ = [
    "STEPS",
    "beginning_of_notes",
    "beginning_of_sound",
    "synthesised",
    "tune",
    "write_gallery",
]
