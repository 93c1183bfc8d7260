"""What was asked for → what is to be written."""

from dataclasses import dataclass

import numpy as np

from rebracket.conditioning import FASTEST, SLOWEST, Conditioning
from rebracket.errors import FieldError, InvalidRequest, PayloadTooLarge, TooMuchMusic, Undecodable
from rebracket.generation.compose import Plan
from rebracket.generation.sampling import Sampling
from rebracket.notation import METERS, key_number
from rebracket.segment.audio import MAX_SECONDS
from rebracket.segment.bars import cut, last_bars, until_silence
from rebracket.segment.clock import seconds_at
from rebracket.segment.keys import find_key
from rebracket.segment.midi import read_midi
from rebracket.segment.notes import Notes
from rebracket.segment.tokens import encode
from rebracket.segment.tokens.condition import condition
from rebracket.segment.tokens.vocabulary import BAR, ticks_in_bar

MOST_OPENING_BARS = 16
MOST_OPENING = 640
"""Tokens of a primer that the generator is shown, the BAR of what follows among them."""

MOST_TONES_S = 20 * MAX_SECONDS
"""Seconds that notes that are played may last together: each takes 2 ms of a core."""


def primer_notes(data: bytes) -> Notes:
    """A primer's notes.

    Raises:
        InvalidRequest: it is no MIDI file.
        PayloadTooLarge: it holds more than is read.
    """
    try:
        return read_midi(data)
    except Undecodable as error:
        raise refused(str(error), "undecodable") from None
    except TooMuchMusic as error:
        raise PayloadTooLarge(f"primer.midi: {error}") from None


def check_playable(notes: Notes, what: str) -> None:
    """Refuse notes whose sound would be longer than that of any file that is read, or take minutes.

    Args:
        notes: what would be played.
        what: how the caller knows it.

    Raises:
        PayloadTooLarge: it lasts over `MAX_SECONDS`, or its notes do together over `MOST_TONES_S`.
    """
    ends = seconds_at(notes, notes.onset + notes.duration)
    tones = float((ends - seconds_at(notes, notes.onset)).sum())
    if tones > MOST_TONES_S:
        raise PayloadTooLarge(
            f"{what}: its notes last {tones:.0f} s together, and {MOST_TONES_S} s are played at most"
        )
    seconds = float(seconds_at(notes, np.array(notes.length)))
    if seconds > MAX_SECONDS:
        raise PayloadTooLarge(
            f"{what}: it lasts {seconds:.0f} s, and audio is returned of {MAX_SECONDS} s at most"
        )


def refused(message: str, kind: str) -> InvalidRequest:
    """A primer that can't be used."""
    return InvalidRequest([FieldError(loc=["primer", "midi"], msg=message, type=kind)])


def plan_of(asked: Conditioning, *, seed: int, guidance: float) -> Plan:
    """The plan for a segment with notes of its own.

    Raises:
        InvalidRequest: the primer can't be continued.
        PayloadTooLarge: it holds more than is read.
    """
    opening = None
    if asked.primer and asked.primer.midi:
        opening = Opening.of(primer_notes(asked.primer.midi))
    over, under = asked.meter.split("/")
    meter = opening.meter if opening else (int(over), int(under))
    key = key_number(asked.key) if asked.key else opening.key if opening else None
    told = opening is None or "tempo" in asked.model_fields_set
    return Plan(
        seed=seed,
        pieces=asked.candidates,
        bars=asked.bars,
        meter=meter,
        condition=condition(meter, mixture=asked.mixture, intensity=asked.intensity, key=key),
        tempo=asked.tempo if told or opening is None else min(max(opening.tempo, SLOWEST), FASTEST),
        program=asked.program,
        sampling=Sampling(asked.temperature, asked.top_k, asked.top_p),
        guidance=guidance,
        opening=opening.tokens if opening else (),
        opening_bars=opening.bars if opening else 0,
    )


@dataclass(frozen=True, slots=True)
class Opening:
    """A primer's last bars, as what is written goes on from them."""

    tokens: tuple[int, ...]
    bars: int
    meter: tuple[int, int]
    tempo: float
    key: int | None

    @classmethod
    def of(cls, notes: Notes) -> "Opening":
        """The last bars before silence, as many as the generator is shown.

        Raises:
            InvalidRequest: it ends in a meter that the generator does not know, or with a bar of
                more notes than the generator is shown.
        """
        part, bars = last_bars(until_silence(notes), MOST_OPENING_BARS)
        _, over, under = part.meters[-1]
        if (over, under) not in METERS:
            known = ", ".join(f"{a}/{b}" for a, b in METERS)
            raise refused(f"It ends in {over}/{under}; the generator knows {known}", "meter")
        bar_ticks = ticks_in_bar(over, under)
        while True:
            tokens, _ = encode(part, bars, bar_ticks, end=False)
            if len(tokens) < MOST_OPENING or bars == 1:
                break
            bars = max(1, bars // 2)
            part = cut(part, part.length - bars * over * 4 / under, part.length)
        if len(tokens) >= MOST_OPENING:
            raise refused(
                "Its last bar holds more notes than the generator goes on from", "too_dense"
            )
        return cls((*tokens, BAR), bars, (over, under), notes.tempos[-1][1], find_key(part))


def fresh_seed() -> int:
    """A seed for who gave none; small enough to be exact in JSON of every language."""
    return int(np.random.default_rng().integers(2**53))
