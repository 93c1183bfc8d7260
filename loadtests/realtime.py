"""How fast music is read, and where the time goes: `python -m loadtests.realtime`.

30 s of stereo FLAC at 44.1 kHz and a MIDI file of 10 000 notes, by one thread. The real-time factor is
the share of its own length that reading a sound takes.
"""

import io
from collections.abc import Callable
from statistics import median
from time import process_time

import click
import numpy as np
import soundfile

from rebracket.cli.common import load_predictor, model_option
from rebracket.schemas import Segment
from rebracket.segment import events, mel
from rebracket.segment.audio import read_audio
from rebracket.segment.midi import read_midi, write_midi
from rebracket.segment.notes import Notes

SECONDS = 30
RATE = 44_100
NOTES = 10_000
ROUNDS = 9


def flac() -> bytes:
    """Two voices, slowly turning, with a little noise."""
    time = np.arange(SECONDS * RATE) / RATE
    rng = np.random.default_rng(0)
    voices = [
        np.sin(2 * np.pi * f * time) * (0.6 + 0.4 * np.sin(time * f / 99)) for f in (220, 331)
    ]
    sound = 0.3 * np.stack(voices, axis=1) + rng.normal(0, 0.01, (len(time), 2))
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def midi() -> bytes:
    """Four voices of steady eighths."""
    onset = np.repeat(np.arange(NOTES // 4) / 2, 4)
    rng = np.random.default_rng(0)
    return write_midi(
        Notes(
            onset=onset,
            duration=np.full(NOTES, 0.45),
            pitch=rng.integers(40, 84, NOTES).astype(np.int16),
            velocity=rng.integers(50, 100, NOTES).astype(np.int16),
            program=np.zeros(NOTES, dtype=np.int16),
            drum=np.zeros(NOTES, dtype=np.bool_),
            track=np.tile(np.arange(4, dtype=np.int16), NOTES // 4),
            length=NOTES / 8 + 1,
        )
    )


def timed(call: Callable[[], object]) -> float:
    """Median seconds of processor time."""
    times = []
    for _ in range(ROUNDS):
        started = process_time()
        call()
        times.append(process_time() - started)
    return median(times)


@click.command()
@model_option
def main(model: str | None) -> None:
    """Print a table."""
    predictor = load_predictor(model)
    sound, notes = flac(), midi()
    heard, read = mel.windows(read_audio(sound)), events.windows(read_midi(notes))
    planes, features = [w.steps() for w in heard], [w.steps() for w in read]
    engines = predictor.engines
    rows = {
        f"audio, {SECONDS} s": {
            "decode": timed(lambda: read_audio(sound)),
            "features": timed(lambda: [w.steps() for w in heard]),
            "model": timed(lambda: [engines["sound"].run(w) for w in planes]),
            "whole": timed(lambda: predictor.predict(Segment(audio=sound))),
        },
        f"MIDI, {NOTES} notes": {
            "decode": timed(lambda: read_midi(notes)),
            "features": timed(lambda: [w.steps() for w in read]),
            "model": timed(lambda: [engines["notes"].run(w) for w in features]),
            "whole": timed(lambda: predictor.predict(Segment(midi=notes))),
        },
    }
    for name, stages in rows.items():
        print(f"{name}: " + ", ".join(f"{k} {v * 1000:.0f} ms" for k, v in stages.items()))
    whole = rows[f"audio, {SECONDS} s"]["whole"]
    print(
        f"real-time factor {whole / SECONDS:.4f}, {SECONDS / whole:.0f} times faster than it sounds"
    )


if __name__ == "__main__":
    main()
