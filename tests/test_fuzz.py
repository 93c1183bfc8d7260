"""The fuzzer starts from files that are fine, goes on after crashes, and keeps the files that did harm."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.fuzz import runner
from tests.fuzz.__main__ import main
from tests.fuzz.damage import KINDS, Edit, damaged
from tests.fuzz.runner import outcome_of, run
from tests.fuzz.targets import TARGETS

MIDI = TARGETS["midi"]


def fuzz(name: str, cases: int, keep: Path) -> Result:
    return CliRunner().invoke(main, [name, "--cases", str(cases), "--keep", str(keep)])


@pytest.mark.parametrize("name", TARGETS)
def test_every_file_to_damage_is_accepted(name: str) -> None:
    target = TARGETS[name]
    assert {outcome_of(target.decode, data) for data in target.files()} == {"accepted"}


@pytest.mark.parametrize("name", TARGETS)
def test_mending_leaves_a_file_that_is_whole_readable(name: str) -> None:
    target = TARGETS[name]
    assert {outcome_of(target.decode, target.mend(data)) for data in target.files()} == {"accepted"}


@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_that_only_reads_and_refuses_passes(name: str, tmp_path: Path) -> None:
    result = fuzz(name, 60, tmp_path)
    assert result.exit_code == 0, result.output
    assert "60 cases: accepted" in result.output
    assert not list(tmp_path.iterdir())


def test_a_file_that_does_harm_is_kept_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def harmed(data: bytes) -> None:
        raise KeyError(len(data))

    monkeypatch.setitem(TARGETS, "midi", replace(MIDI, decode=harmed))
    result = fuzz("midi", 3, tmp_path)
    assert result.exit_code == 1
    assert "failed 3" in result.output
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert files == {f"midi-1-{case}.mid": damaged(MIDI, 1, case) for case in range(3)}
    assert f"midi-1-0.mid: failed: KeyError({len(files['midi-1-0.mid'])})" in result.output


def end(data: bytes) -> None:
    del data
    os.kill(os.getpid(), signal.SIGKILL)


def hang(data: bytes) -> None:
    time.sleep(len(data) + 60)


@pytest.mark.parametrize(("harm", "outcome"), [(end, "crashed"), (hang, "hung")])
def test_a_process_that_ends_or_stands_still_is_counted_and_the_rest_goes_on(
    harm: Callable[[bytes], None], outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = damaged(MIDI, 1, 1)

    def decode(data: bytes) -> None:
        if data == second:
            harm(data)

    monkeypatch.setattr(runner, "PATIENCE_S", 1)
    report = run(replace(MIDI, decode=decode), 4, 1)
    assert report.outcomes == {"accepted": 3, outcome: 1}
    assert [case for case, _ in report.wrong] == [1]
    assert not report.fine


def test_an_error_that_is_printed_and_not_raised_is_found() -> None:
    def decode(data: bytes) -> None:
        os.write(2, b"Traceback: %d bytes" % len(data))

    report = run(replace(MIDI, decode=decode), 1, 1)
    assert report.printed.startswith("Traceback: ")
    assert not report.fine


@pytest.mark.parametrize("kind", KINDS)
def test_every_damage_changes_a_file_and_comes_to_nothing_in_an_empty_one(kind: str) -> None:
    data = bytes(range(100, 200))
    assert Edit(kind, 0.5, 4, 129).apply(data) != data
    Edit(kind, 0.5, 4, 129).apply(b"")


def test_a_case_is_the_same_whenever_it_is_asked_for() -> None:
    first = [damaged(MIDI, 7, case) for case in range(50)]
    assert first == [damaged(MIDI, 7, case) for case in range(50)]
    assert len(set(first)) > 45
