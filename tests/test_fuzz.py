"""The fuzzer starts from files that are fine, and keeps the ones that did harm."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.fuzz import TARGETS, main, outcome


@pytest.mark.parametrize("name", TARGETS)
def test_every_file_to_damage_is_accepted(name: str) -> None:
    target = TARGETS[name]
    assert {outcome(target, data) for data in target.seeds} == {"accepted"}


def test_a_file_that_does_harm_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def harmed(data: bytes) -> None:
        raise KeyError(len(data))

    monkeypatch.setitem(TARGETS, "midi", replace(TARGETS["midi"], decode=harmed))
    run = CliRunner().invoke(main, ["midi", "--cases", "3", "--keep", str(tmp_path)])
    assert run.exit_code == 1
    assert "crashed 3" in run.output
    assert len(list(tmp_path.glob("midi-1-*-KeyError.mid"))) == 3


def test_a_decoder_that_only_refuses_passes(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["midi", "--cases", "50", "--keep", str(tmp_path)])
    assert run.exit_code == 0
    assert not list(tmp_path.iterdir())
