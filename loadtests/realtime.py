"""How fast music is read, and where the time goes: `python -m loadtests.realtime`.

30 s of stereo FLAC at 44.1 kHz and a MIDI file of 10 000 notes, by one thread. The real-time factor is
the share of its own length that reading a sound takes.
"""

from collections.abc import Callable
from statistics import median
from time import process_time

import click

from loadtests.music import flac, midi
from rebracket.cli.common import load_predictor, model_option
from rebracket.inference.products import one_thread
from rebracket.schemas import Segment
from rebracket.segment import events, mel
from rebracket.segment.audio import read_audio
from rebracket.segment.midi import read_midi

SECONDS = 30
NOTES = 10_000
ROUNDS = 9


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
    one_thread()
    predictor = load_predictor(model)
    sound, notes = flac(SECONDS), midi(NOTES)
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
