"""MIDI files are read as the standard says, refused with the reason, and written so that they come back."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.errors import TooMuchMusic, Undecodable
from rebracket.segment.midi import MAX_BYTES, MAX_NOTES, read_midi, write_midi
from rebracket.segment.midi.read import MAX_CHANGES, MAX_VOICES
from rebracket.segment.notes import Notes
from tests.fuzz.targets import midi_files
from tests.segment.promises import check_notes
from tests.segment.raw_midi import END, NOTE, OFF, ON, chunk, header, midi, simple, track

REGRESSIONS = sorted((Path(__file__).parent / "midi_regressions").glob("*.mid"))


def times(notes: Notes) -> list[tuple[float, float]]:
    """Each note's onset and duration."""
    return list(zip(notes.onset.tolist(), notes.duration.tolist(), strict=True))


def notes_of(
    rows: Sequence[tuple[float, float, int]],
    *,
    track: Sequence[int] | int = 0,
    program: Sequence[int] | int = 0,
    drum: Sequence[bool] | bool = False,
) -> Notes:
    """Notes of (onset, duration, pitch)."""
    onset, duration, pitch = np.array(rows, dtype=np.float64).T
    count = len(rows)
    return Notes(
        onset=onset,
        duration=duration,
        pitch=pitch.astype(np.int16),
        velocity=np.full(count, 64, dtype=np.int16),
        program=np.broadcast_to(np.array(program, dtype=np.int16), count),
        drum=np.broadcast_to(np.array(drum, dtype=np.bool_), count),
        track=np.broadcast_to(np.array(track, dtype=np.int16), count),
        length=float((onset + duration).max()),
    )


class TestReading:
    def test_a_note_has_its_time_in_quarter_notes_pitch_and_velocity(self) -> None:
        notes = read_midi(simple(b"\x30\x90\x3d\x41", b"\x30\x80\x3d\x00"))
        assert times(notes) == [(0.5, 0.5)]
        assert (notes.pitch[0], notes.velocity[0], notes.program[0]) == (61, 65, 0)
        assert not notes.drum[0]
        assert (notes.length, notes.tempos, notes.meters) == (1.0, ((0.0, 120.0),), ((0.0, 4, 4),))

    def test_columns_have_the_types_that_notes_promise(self) -> None:
        notes = read_midi(simple(NOTE))
        kinds = [notes.pitch, notes.velocity, notes.program, notes.track]
        assert {column.dtype for column in kinds} == {np.dtype(np.int16)}
        assert notes.onset.dtype == notes.duration.dtype == np.float64
        assert notes.drum.dtype == np.bool_

    def test_running_status_goes_on_over_meta_and_system_events(self) -> None:
        text, sysex, clock = b"\x00\xff\x01\x02hi", b"\x00\xf0\x03\x7e\x7f\xf7", b"\x00\xf8"
        notes = read_midi(
            simple(b"\x00" + ON, text, b"\x10\x3e\x40", sysex, clock, b"\x50\x3c\x00\x00\x3e\x00")
        )
        assert times(notes) == [(0.0, 96 / 96), (16 / 96, 80 / 96)]

    def test_a_note_on_of_velocity_0_ends_a_note(self) -> None:
        assert times(read_midi(simple(b"\x00" + ON, b"\x60\x90\x3c\x00", b"\x60\xff\x01\x00"))) == [
            (0.0, 1.0)
        ]

    def test_notes_together_on_one_pitch_end_first_in_first_out(self) -> None:
        file = simple(b"\x00" + ON, b"\x30" + ON, b"\x30" + OFF, b"\x60" + OFF)
        assert times(read_midi(file)) == [(0.0, 1.0), (0.5, 1.5)]

    def test_a_note_that_nothing_ends_lasts_to_its_tracks_end(self) -> None:
        stuck = chunk(b"MTrk", b"\x00" + ON + b"\x60" + END)
        longer = track(NOTE, b"\x81\x40\xff\x01\x00")
        assert times(read_midi(midi(stuck, longer))) == [(0.0, 1.0), (0.0, 1.0)]

    def test_an_end_without_its_note_is_passed_over(self) -> None:
        assert times(read_midi(simple(b"\x00" + OFF, NOTE))) == [(0.0, 1.0)]

    def test_a_note_that_ends_where_it_begins_lasts_a_tick(self) -> None:
        notes = read_midi(simple(b"\x00" + ON, b"\x00" + OFF))
        assert times(notes) == [(0.0, 1 / 96)]
        assert notes.length == 1 / 96

    def test_channel_9_is_drums(self) -> None:
        notes = read_midi(simple(b"\x00\x99\x24\x40", b"\x00\x98\x24\x40"))
        assert notes.drum.tolist() == [True, False]

    def test_voices_are_channels_of_tracks_in_the_order_in_which_they_come(self) -> None:
        silent = track(b"\x00\xc3\x10")
        first = track(b"\x10\x92\x40\x40", b"\x00\x91\x41\x40", b"\x00\x92\x42\x40")
        second = track(b"\x00\x91\x30\x40")
        notes = read_midi(midi(silent, first, second))
        assert notes.pitch.tolist() == [0x30, 0x40, 0x41, 0x42]
        assert notes.track.tolist() == [2, 0, 1, 0]

    def test_notes_are_ordered_by_onset_then_pitch(self) -> None:
        notes = read_midi(midi(track(b"\x10\x90\x40\x40\x00\x30\x40"), track(b"\x10\x90\x35\x40")))
        assert notes.pitch.tolist() == [0x30, 0x35, 0x40]

    def test_a_program_holds_from_its_change(self) -> None:
        change = b"\x00\xc0\x28"
        assert read_midi(simple(NOTE, change, NOTE)).program.tolist() == [0, 40]

    def test_a_channels_program_may_be_set_in_another_track(self) -> None:
        setup = track(b"\x00\xc0\x05", b"\x60\xc0\x06", b"\x60\xc1\x07")
        later = track(b"\x60" + ON, b"\x30" + OFF)
        assert read_midi(midi(setup, track(NOTE), later)).program.tolist() == [5, 6]

    def test_a_tracks_own_program_goes_before_the_channels(self) -> None:
        one, other = track(b"\x00\xc0\x05", NOTE), track(b"\x00\xc0\x09", NOTE)
        assert read_midi(midi(one, other)).program.tolist() == [5, 9]

    def test_tempos_and_meters_hold_from_where_they_stand_in_any_track(self) -> None:
        first = track(b"\x00\xff\x51\x03\x0f\x42\x40", b"\x60\xff\x58\x04\x06\x03\x18\x08")
        second = track(NOTE, b"\x60\xff\x51\x03\x07\xa1\x20")
        notes = read_midi(midi(first, second))
        assert notes.tempos == ((0.0, 60.0), (2.0, 120.0))
        assert notes.meters == ((0.0, 4, 4), (1.0, 6, 8))

    def test_of_changes_at_one_place_the_last_holds(self) -> None:
        tempos = b"\x00\xff\x51\x03\x0f\x42\x40\x00\xff\x51\x03\x07\xa1\x20"
        assert read_midi(simple(tempos, NOTE)).tempos == ((0.0, 120.0),)

    def test_tracks_of_format_2_come_one_after_the_other(self) -> None:
        pattern = track(b"\x00\xff\x51\x03\x0f\x42\x40", NOTE)
        notes = read_midi(midi(pattern, pattern, kind=2))
        assert times(notes) == [(0.0, 1.0), (1.0, 1.0)]
        assert [at for at, _ in notes.tempos] == [0.0, 1.0]
        assert notes.length == 2.0

    @pytest.mark.parametrize(
        ("frames", "parts", "quarter"), [(24, 4, 48), (25, 40, 500), (29, 4, 59.94), (30, 8, 120)]
    )
    def test_ticks_of_seconds_are_read_at_120_beats_a_minute(
        self, frames: int, parts: int, quarter: float
    ) -> None:
        tempo = b"\x00\xff\x51\x03\x0f\x42\x40"
        notes = read_midi(simple(tempo, NOTE, division=(0x100 - frames) << 8 | parts))
        assert notes.duration[0] == pytest.approx(96 / quarter, rel=1e-4)
        assert notes.tempos == ((0.0, 120.0),)

    @pytest.mark.parametrize(
        "event",
        [
            b"\xff\x59\x02\x10\x07",  # a key of 16 sharps
            b"\xff\x51\x01\x00",  # a tempo of one byte
            b"\xff\x51\x03\x00\x00\x00",  # a tempo of no time
            b"\xff\x54\x05\xe0\x00\x00\x00\x00",  # an unknown frame rate
            b"\xff\x58\x04\x00\x02\x18\x08",  # a meter of 0/4
            b"\xff\x58\x04\x04\xff\x18\x08",  # a meter over 2**255
            b"\xff\x58\x00",  # an empty meter
            b"\xff\x60\x01\x00",  # an unknown type
            b"\xff\x20\x00",  # no channel
            b"\xf7\x01\xf8",  # an escape
            b"\xf2\x00\x00",  # a song position
        ],
    )
    def test_harmless_events_are_passed_over_and_their_time_counts(self, event: bytes) -> None:
        notes = read_midi(simple(b"\x60" + event, NOTE))
        assert times(notes) == [(1.0, 1.0)]
        assert (notes.tempos, notes.meters) == (((0.0, 120.0),), ((0.0, 4, 4),))

    def test_what_follows_a_tracks_end_is_passed_over(self) -> None:
        assert len(read_midi(midi(track(NOTE, b"\x00" + END, NOTE)))) == 1

    def test_a_track_may_lack_its_end(self) -> None:
        assert len(read_midi(header(1, kind=0, division=96) + chunk(b"MTrk", NOTE))) == 1

    def test_chunks_of_other_kinds_and_bytes_after_the_last_are_passed_over(self) -> None:
        file = header(1, kind=1, division=96) + chunk(b"XFIH", b"123") + track(NOTE) + b"rest"
        assert len(read_midi(file)) == 1

    def test_a_longer_header_is_read(self) -> None:
        longer = chunk(b"MThd", b"\x00\x01\x00\x01\x00\x60\x00\x00")
        assert len(read_midi(longer + track(NOTE))) == 1

    def test_midi_in_a_riff_file_is_read(self) -> None:
        file = simple(NOTE)
        chunks = b"LIST\x03\x00\x00\x00abc\x00data" + len(file).to_bytes(4, "little") + file
        riff = b"RIFF" + (len(chunks) + 4).to_bytes(4, "little") + b"RMID" + chunks
        assert len(read_midi(riff)) == 1
        with pytest.raises(Undecodable, match="chunk 'data'"):
            read_midi(riff[:24])

    def test_64_tracks_are_read(self) -> None:
        assert read_midi(midi(*[track(NOTE)] * 64)).track.tolist() == list(range(64))

    def test_100_000_notes_are_read_and_one_more_is_not(self) -> None:
        notes = b"\x01\x3c\x40" * MAX_NOTES
        assert len(read_midi(simple(b"\x00\x90\x3c\x00", notes))) == MAX_NOTES
        with pytest.raises(TooMuchMusic, match="at most 100000 notes"):
            read_midi(simple(b"\x00\x90\x3c\x00", notes, b"\x01\x3c\x40"))


class TestRefusing:
    @pytest.mark.parametrize("size", range(len(simple(NOTE))))
    def test_a_file_cut_off_anywhere_is_refused_with_a_byte_in_it(self, size: int) -> None:
        with pytest.raises(Undecodable) as refused:
            read_midi(simple(NOTE)[:size])
        assert refused.value.offset is not None
        assert 0 <= refused.value.offset <= size

    @pytest.mark.parametrize(
        ("file", "message", "offset"),
        [
            (b"", "expected 'MThd'", 0),
            (b"RIFF\x04\x00\x00\x00WAVE", "expected 'MThd'", 0),
            (chunk(b"MThd", b"\x00\x01\x00\x01\x00"), "header of 6 bytes", 8),
            (simple(NOTE, kind=3), "format 0, 1 or 2", 8),
            (simple(NOTE, division=0), "division over 0", 12),
            (simple(NOTE, division=0xE100), "SMPTE", 12),
            (simple(NOTE, division=0x9C04), "SMPTE", 12),
            (header(2, kind=1, division=96) + track(NOTE), "1 missing", 34),
            (simple(b"\x00\x3c\x40"), "expected a status byte", 24),
            (simple(b"\x00\x90\x3c\x80"), "data byte under 128", 25),
            (simple(b"\x00\xf4"), "status byte that is in use", 23),
            (simple(b"\xff\xff\xff\xff\x00" + ON), "at most 4 bytes", 25),
            (header(1, kind=0, division=96) + chunk(b"MTrk", b"\x00\x90"), "within an event", 24),
            (simple(b"\x00\xff\x01\x7f"), "within an event", 30),
            (header(1, kind=0, division=96) + b"MTrk\x00\x00\x01\x00", "a chunk goes on", 18),
            (simple(), "holds no notes", None),
            (simple(b"\x00" + OFF), "holds no notes", None),
            (midi(), "holds no notes", None),
            (simple(b"\xff\xff\xff\x7f" + ON, division=480), "quarter notes", 22),
        ],
    )
    def test_a_malformed_file_is_refused_with_what_was_expected_and_where(
        self, file: bytes, message: str, offset: int | None
    ) -> None:
        with pytest.raises(Undecodable, match=message) as refused:
            read_midi(file)
        assert refused.value.offset == offset
        assert ("at byte" in str(refused.value)) == (offset is not None)

    @pytest.mark.parametrize(
        ("file", "what"),
        [
            (bytes(MAX_BYTES + 1), "bytes"),
            (midi(*[track(NOTE)] * (MAX_VOICES + 1)), "voices"),
            (simple(b"\x00\xc0\x01" + b"\x00\x01" * MAX_CHANGES), "changes"),
            (simple(b"\x00\xff\x51\x03\x01\x00\x00" * (MAX_CHANGES + 1)), "changes"),
        ],
        ids=["bytes", "voices", "programs", "tempos"],
    )
    def test_more_than_is_taken_is_refused_as_too_much(self, file: bytes, what: str) -> None:
        with pytest.raises(TooMuchMusic, match=what):
            read_midi(file)

    def test_a_number_of_a_million_bytes_is_refused_at_its_fourth(self) -> None:
        with pytest.raises(Undecodable, match="at most 4 bytes"):
            read_midi(simple(b"\x81" * 1_000_000))

    def test_tracks_one_after_the_other_may_not_last_over_a_day_together(self) -> None:
        long = track(b"\x00" + ON, b"\xff\xff\x7f" + OFF)  # 21 845 quarter notes
        assert len(read_midi(midi(*[long] * 7, kind=2))) == 7
        with pytest.raises(Undecodable, match="quarter notes"):
            read_midi(midi(*[long] * 8, kind=2))

    @given(data=st.binary(max_size=200))
    def test_any_bytes_are_refused(self, data: bytes) -> None:
        with pytest.raises(Undecodable):
            read_midi(data)

    @settings(max_examples=300)
    @given(data=st.binary(max_size=200))
    def test_any_bytes_of_a_track_are_read_or_refused(self, data: bytes) -> None:
        try:
            check_notes(read_midi(header(1, kind=0, division=96) + chunk(b"MTrk", data)))
        except Undecodable:
            return


def test_mido_finds_the_same_notes() -> None:
    """Another reader's word on a file that this package did not write by mido."""
    file = simple(NOTE * 3, b"\x10\x91\x40\x50", b"\x00\xff\x01\x01a", b"\x81\x00\x40\x00")
    now, ons = 0, []
    for message in mido.MidiFile(file=BytesIO(file)).tracks[0]:
        now += message.time
        if message.type == "note_on" and message.velocity:
            ons.append((now / 96, message.note, message.velocity))
    notes = read_midi(file)
    assert ons == list(
        zip(notes.onset.tolist(), notes.pitch.tolist(), notes.velocity.tolist(), strict=True)
    )


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.name)
def test_a_file_that_once_did_harm_is_read_or_refused(path: Path) -> None:
    try:
        assert len(read_midi(path.read_bytes()))
    except (Undecodable, TooMuchMusic):
        return


@settings(max_examples=400)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(data.draw(st.sampled_from(midi_files())))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for file in (bytes(damaged), bytes(damaged[:cut])):
        try:
            notes = read_midi(file)
        except (Undecodable, TooMuchMusic):
            continue
        check_notes(notes)


TICK = st.integers(0, 4_000).map(lambda ticks: ticks / 480)


@st.composite
def pieces(draw: st.DrawFn) -> Notes:
    """Notes on ticks, of voices that are numbered without gaps and are drums or not."""
    voices = draw(st.integers(1, 20))
    count = draw(st.integers(voices, voices + 30))
    track = [k if k < voices else draw(st.integers(0, voices - 1)) for k in range(count)]
    drums = [draw(st.booleans()) for _ in range(voices)]
    rows = [
        (draw(TICK), draw(TICK) + 1 / 480, draw(st.integers(0, 127)), draw(st.integers(1, 127)))
        for _ in range(count)
    ]
    onset, duration, pitch, velocity = np.array(rows, dtype=np.float64).T
    order = np.lexsort((track, pitch, onset))
    program = np.array([draw(st.integers(0, 127)) for _ in range(count)], dtype=np.int16)
    return Notes(
        onset=onset[order],
        duration=duration[order],
        pitch=pitch[order].astype(np.int16),
        velocity=velocity[order].astype(np.int16),
        program=program[order],
        drum=np.array(drums)[track][order],
        track=np.array(track, dtype=np.int16)[order],
        length=float((onset + duration).max()) + draw(TICK),
        tempos=((0.0, draw(st.floats(20, 400))), (draw(TICK) + 1 / 480, 90.0)),
        meters=((0.0, draw(st.integers(1, 255)), 2 ** draw(st.integers(0, 7))),),
    )


class TestWriting:
    @settings(max_examples=150)
    @given(piece=pieces())
    def test_what_is_written_is_read_again(self, piece: Notes) -> None:
        back = read_midi(write_midi(piece))
        check_notes(back)
        for name in ("onset", "pitch", "velocity", "program", "drum", "track"):
            np.testing.assert_array_equal(getattr(back, name), getattr(piece, name), name)
        np.testing.assert_allclose(back.duration, first_in_first_out(piece), atol=1e-9)
        assert back.length == pytest.approx(piece.length)
        assert back.meters == piece.meters
        np.testing.assert_allclose(back.tempos, piece.tempos, rtol=1e-4)

    @given(piece=pieces())
    def test_the_same_notes_give_the_same_bytes(self, piece: Notes) -> None:
        file = write_midi(piece)
        assert file == write_midi(piece)
        assert write_midi(read_midi(file)) == write_midi(read_midi(write_midi(read_midi(file))))

    def test_times_are_rounded_to_ticks_and_a_note_lasts_one_at_least(self) -> None:
        back = read_midi(write_midi(notes_of([(0.1001, 1e-6, 60), (1 / 3, 1 / 3, 60)])))
        assert times(back) == [(48 / 480, 1 / 480), (160 / 480, 160 / 480)]

    def test_a_note_ends_before_the_next_on_its_pitch_begins(self) -> None:
        file = write_midi(notes_of([(0.0, 1.0, 60), (1.0, 1.0, 60)]))
        kinds = [m.type for m in mido.MidiFile(file=BytesIO(file)).tracks[1]]
        assert kinds[:5] == ["program_change", "note_on", "note_off", "note_on", "note_off"]

    def test_up_to_15_voices_have_a_channel_each_and_none_is_the_drums(self) -> None:
        channels = channels_of(notes_of([(0, 1, 60)] * 15, track=range(15)))
        assert channels == [*range(9), *range(10, 16)]

    def test_more_voices_share_a_channel_with_those_of_the_same_program(self) -> None:
        programs = [k % 15 for k in range(40)]
        channels = channels_of(notes_of([(0, 1, 60)] * 40, track=range(40), program=programs))
        assert len(set(channels)) == 15
        assert all(channels[k] == channels[k % 15] for k in range(40))

    def test_more_than_15_programs_go_round_and_come_back(self) -> None:
        piece = notes_of([(0, 1, 60)] * 40, track=range(40), program=range(40))
        assert 9 not in channels_of(piece)
        assert read_midi(write_midi(piece)).program.tolist() == list(range(40))

    def test_drums_are_on_channel_9_whatever_voice_they_are_of(self) -> None:
        piece = notes_of([(0, 1, 36), (0, 1, 60)], drum=[True, False])
        assert channels_of(piece) == [0, 9]
        assert read_midi(write_midi(piece)).drum.tolist() == [True, False]

    @pytest.mark.parametrize(("bpm", "nearest"), [(1.0, 3.576), (1e9, 6e7)])
    def test_a_tempo_that_a_file_cannot_hold_is_the_nearest(
        self, bpm: float, nearest: float
    ) -> None:
        piece = replace(notes_of([(0, 1, 60)]), tempos=((0.0, bpm),))
        assert read_midi(write_midi(piece)).tempos[0][1] == pytest.approx(nearest, rel=1e-3)

    def test_a_meter_that_a_file_cannot_hold_is_an_error(self) -> None:
        odd = replace(notes_of([(0, 1, 60)]), meters=((0.0, 4, 5),))
        with pytest.raises(ValueError, match="power of 2"):
            write_midi(odd)


def channels_of(notes: Notes) -> list[int]:
    """The channel of each written track but the first."""
    file = mido.MidiFile(file=BytesIO(write_midi(notes)))
    return [next(m.channel for m in t if m.type == "note_on") for t in file.tracks[1:]]


def first_in_first_out(piece: Notes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Durations when of a voice's notes on one pitch the one that began first ends first."""
    durations = piece.duration.copy()
    key = piece.track.astype(int) * 128 + piece.pitch
    for value in np.unique(key):
        rows = np.flatnonzero(key == value)
        durations[rows] = np.sort((piece.onset + piece.duration)[rows]) - piece.onset[rows]
    return durations
