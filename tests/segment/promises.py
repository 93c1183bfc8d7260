"""What decoders promise of whatever they accept."""

from itertools import pairwise

import numpy as np

from rebracket.segment.notes import Notes


def check_notes(notes: Notes) -> None:
    """Fail where a piece is not as `Notes` says."""
    columns = (notes.onset, notes.duration, notes.pitch, notes.velocity, notes.program, notes.drum)
    assert len(notes)
    assert {len(column) for column in (*columns, notes.track)} == {len(notes)}
    order = np.lexsort((notes.pitch, notes.onset))
    assert (np.diff(notes.onset) >= 0).all()
    assert (notes.pitch[order] == notes.pitch).all()
    assert (notes.onset >= 0).all()
    assert (notes.duration > 0).all()
    assert np.isfinite(notes.length)
    assert (notes.onset + notes.duration <= notes.length + 1e-9).all()
    for column, low in ((notes.pitch, 0), (notes.velocity, 1), (notes.program, 0)):
        assert low <= column.min() <= column.max() <= 127
    assert set(notes.track.tolist()) == set(range(int(notes.track.max()) + 1))
    assert all(np.isfinite(bpm) and bpm > 0 for _, bpm in notes.tempos)
    assert all(over > 0 and under > 0 for _, over, under in notes.meters)
    for changes in (notes.tempos, notes.meters):
        places = [change[0] for change in changes]
        assert places[0] == 0
        assert all(a < b for a, b in pairwise(places))
