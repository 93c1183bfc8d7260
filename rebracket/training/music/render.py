"""Performance → sound: played by FluidSynth with a General MIDI SoundFont."""

import subprocess
from functools import cache
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import numpy as np
from numpy.random import Generator

from rebracket.errors import CorpusError
from rebracket.segment.audio import read_audio
from rebracket.segment.midi import write_midi
from rebracket.segment.notes import Notes
from rebracket.segment.sound import Sound

FOLDER = Path("/usr/share/sounds/sf2")
TRAINING = ("TimGM6mb.sf2", "OPL-3_FM_128M.sf2")
UNSEEN = "FluidR3_GM.sf2"
"""Kept for tests: no encoder was trained on its sounds."""

PACKAGES = {
    "TimGM6mb.sf2": "timgm6mb-soundfont",
    "OPL-3_FM_128M.sf2": "opl3-soundfont",
    UNSEEN: "fluid-soundfont-gm",
}
TAIL_S = 1.0
TIMEOUT_S = 120


def render(notes: Notes, soundfont: str, rng: Generator) -> Sound:
    """Play notes in a room drawn at random, at most as loud as samples go, without the silence around.

    Raises:
        CorpusError: FluidSynth or the SoundFont is not installed: names the Debian package.
    """
    with TemporaryDirectory() as scratch:
        midi, wave = Path(scratch) / "piece.mid", Path(scratch) / "piece.wav"
        midi.write_bytes(write_midi(notes))
        command = [_program(), "-n", "-i", "-q", "-g", "0.4", "-r", "32000", *_room(rng)]
        command += ["-T", "wav", "-F", str(wave), str(_soundfont(soundfont)), str(midi)]
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)
        sound = read_audio(wave.read_bytes())
    return _loud(_trimmed(sound))


def _room(rng: Generator) -> list[str]:
    """FluidSynth's reverberation and chorus: none, or a room of some size."""
    if rng.random() < 0.4:  # noqa: PLR2004
        return ["-R", "0", "-C", "0"]
    values = {
        "reverb.room-size": rng.uniform(0.1, 0.9),
        "reverb.level": rng.uniform(0.1, 0.9),
        "reverb.damp": rng.uniform(0.0, 0.8),
    }
    options = [f"-osynth.{name}={value:.3f}" for name, value in values.items()]
    return ["-R", "1", "-C", str(int(rng.random() < 0.5)), *options]  # noqa: PLR2004


def _trimmed(sound: Sound) -> Sound:
    """From the first sound on."""
    loud = np.flatnonzero(np.abs(sound.samples).max(axis=0) > 1e-3)  # noqa: PLR2004 - -60 dB
    start = int(loud[0]) if len(loud) else 0
    return Sound(sound.samples[:, start:], sound.rate)


def _loud(sound: Sound) -> Sound:
    peak = float(np.abs(sound.samples).max(initial=1e-6))
    return Sound((sound.samples * (0.7 / peak)).astype(np.float32), sound.rate)


@cache
def _program() -> str:
    found = which("fluidsynth")
    if found is None:
        raise CorpusError("FluidSynth plays the pieces: install the Debian package 'fluidsynth'")
    return found


@cache
def _soundfont(name: str) -> Path:
    path = FOLDER / name
    if not path.is_file():
        raise CorpusError(f"{path} is missing: install the Debian package '{PACKAGES[name]}'")
    return path
