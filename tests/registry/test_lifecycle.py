"""Promote, roll back, delete: one after the other, at once, and killed in between."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket import registry
from rebracket.config import Alias
from rebracket.errors import ModelIncompatible, ModelNotFound, StoreError
from rebracket.registry import EXPORTED, aliases, resolve
from rebracket.registry.lifecycle import delete, promote, rollback
from tests.registry.test_store import dies
from tests.small_store import Save


def version(alias: Alias = "production") -> str | None:
    entry = aliases.current(alias)
    return entry.tag.removeprefix(f"{EXPORTED}:") if entry else None


@pytest.fixture
def three(save: Save) -> None:
    """Three versions, of which production has named the first two."""
    for name in ("1.0.0", "2.0.0", "3.0.0"):
        save(name)
    promote("1.0.0", "production")
    promote("2.0.0", "production")


@pytest.mark.usefixtures("three")
class TestAliases:
    def test_a_rollback_returns_to_what_was_before_and_then_before_that(self) -> None:
        promote("3.0.0", "production")
        assert [rollback("production").tag[-5:] for _ in range(2)] == ["2.0.0", "1.0.0"]
        with pytest.raises(
            StoreError, match=r"names rebracket-segment:1\.0\.0, and nothing before"
        ):
            rollback("production")
        promote("3.0.0", "production")
        assert rollback("production").tag == f"{EXPORTED}:1.0.0"

    def test_the_history_keeps_everything(self) -> None:
        rollback("production")
        found = [(entry.action, entry.tag[-5:]) for entry in aliases.history("production")]
        assert found == [("rollback", "1.0.0"), ("promote", "2.0.0"), ("promote", "1.0.0")]

    def test_promoting_what_is_named_changes_nothing(self) -> None:
        before = aliases.history("production")
        promote("2.0.0", "production")
        assert aliases.history("production") == before

    def test_aliases_promote_each_other_and_keep_apart(self) -> None:
        promote("3.0.0", "candidate")
        promote("candidate", "production")
        assert (version(), version("candidate")) == ("3.0.0", "3.0.0")
        rollback("production")
        assert (version(), version("candidate")) == ("2.0.0", "3.0.0")

    def test_nothing_unservable_is_promoted(self, tmp_path: Path) -> None:
        with pytest.raises(ModelNotFound, match="there: rebracket-segment:1"):
            promote("9.9.9", "production")
        resolve("3.0.0").file("tokenizer.json").unlink()
        with pytest.raises(ModelIncompatible, match=r"lacks tokenizer\.json"):
            promote("3.0.0", "production")
        copy = tmp_path / "copy"
        resolve("1.0.0").path.rename(copy)
        with pytest.raises(StoreError, match="is not in the store: import it first"):
            promote(str(copy), "production")
        assert version() == "2.0.0"

    def test_what_is_in_use_is_not_deleted(self) -> None:
        with pytest.raises(StoreError, match="'production' names it"):
            delete("2.0.0")
        with pytest.raises(StoreError, match="a rollback of 'production' returns to it"):
            delete("1.0.0")
        assert delete("3.0.0") == f"{EXPORTED}:3.0.0"
        with pytest.raises(ModelNotFound):
            delete("3.0.0")

    def test_force_deletes_and_a_rollback_to_it_is_refused(self) -> None:
        delete("1.0.0", force=True)
        with pytest.raises(ModelNotFound, match="aliases: production"):
            rollback("production")
        assert version() == "2.0.0"

    def test_deleting_the_latest_leaves_the_newest_of_the_others(self) -> None:
        delete("3.0.0")
        assert resolve("latest").version == "2.0.0"
        for name in ("1.0.0", "2.0.0"):
            delete(name, force=True)
        assert registry.stored() == []

    @pytest.mark.parametrize(
        "change", [("promote", "3.0.0"), ("rollback",)], ids=["promote", "rollback"]
    )
    def test_killed_before_the_commit_nothing_has_happened(self, change: tuple[str, ...]) -> None:
        before = aliases.history("production")
        dies("before the row is committed", *change)
        assert aliases.history("production") == before
        assert promote("3.0.0", "production").tag == f"{EXPORTED}:3.0.0"  # and nothing is locked

    @pytest.mark.parametrize("where", ["before the rename", "before latest is moved"])
    def test_killed_while_it_deletes_the_model_is_there_or_is_not(self, where: str) -> None:
        dies(where, "delete", "3.0.0")
        assert registry.exists(EXPORTED, "3.0.0") == (where == "before the rename")
        assert resolve("latest").version in {"3.0.0", "2.0.0"}

    def test_promotes_at_once_stand_in_one_order(self) -> None:
        names = ["1.0.0", "2.0.0", "3.0.0"] * 4
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda name: promote(name, "production"), names))
        entries = aliases.history("production")
        assert [entry.below for entry in entries] == [*(e.id for e in entries[1:]), None]
        assert all(one.tag != other.tag for one, other in pairwise(entries))

    def test_promote_and_delete_at_once_leave_no_alias_without_a_model(self) -> None:
        def attempt(change: int) -> None:
            with suppress(StoreError):
                delete("3.0.0") if change else promote("3.0.0", "candidate")

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(attempt, (0, 1)))
        assert registry.exists(EXPORTED, "3.0.0") == (version("candidate") == "3.0.0")


def test_an_alias_that_never_named_a_model_is_not_rolled_back(home: Path) -> None:
    assert home
    with pytest.raises(StoreError, match="'candidate' has never named a model"):
        rollback("candidate")
    assert not (home / "rebracket" / "aliases.db").exists()  # looking makes no file


@settings(max_examples=20)
@given(st.lists(st.sampled_from(["1.0.0", "2.0.0", "3.0.0", "back"]), max_size=8))
def test_an_alias_is_a_stack(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """Against the plainest model of it: a list."""
    folder = tmp_path_factory.mktemp("stack")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENTOML_HOME", str(folder))
        (folder / "rebracket").mkdir()
        stack: list[str] = []
        for step in steps:
            entry = aliases.current("production")
            if step != "back":
                aliases.point("production", step)
                stack.append(step)
            elif entry and (target := aliases.before(entry)):
                aliases.point_back("production", target)
                stack.pop()
            assert version() == (stack[-1] if stack else None)
