"""What the README shows of client and agents works as it stands there, when a script answers too."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from rebracket.agents import RebracketingAnalyzerTool, create_white_agent
from tests.agents.doubles import ScriptedBackend, ScriptedModel, drafts
from tests.pages import ROOT, steps
from tests.scripted_server import problem, scripted


def example(words: str) -> str:
    """The README's Python example that holds these words."""
    shown = (step.text for step in steps("README.md") if step.language == "python")
    (found,) = (code for code in shown if words in code)
    return found


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with scripted() as server:
        monkeypatch.setenv("REBRACKET_URL", server.url)
        yield server


def run(code: str) -> None:
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own README


def test_the_client_says_what_went_wrong(service: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run(example("import Client"))
    assert capsys.readouterr().out == "memory\n"
    service.will(problem(429, Retry_After="99"), problem(401))
    run(example("import Client"))
    assert capsys.readouterr().out == "again in 99.0 s\n"
    run(example("import Client"))
    assert capsys.readouterr().out.startswith("401 Title 401: detail 401 ")


def test_the_white_agent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chat_models = ModuleType("langchain.chat_models")
    chosen = []

    def init_chat_model(name: str) -> ScriptedModel:
        chosen.append(name)
        return ScriptedModel(AIMessage("hm"), drafts("a pantry"))

    chat_models.init_chat_model = init_chat_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "langchain", ModuleType("langchain"))
    monkeypatch.setitem(sys.modules, "langchain.chat_models", chat_models)
    monkeypatch.setenv("CHAT_MODEL", "provider:model")
    run(example("create_white_agent"))
    steps = capsys.readouterr().out.splitlines()
    assert chosen == ["provider:model"]
    assert "'outcome': 'reached'" in steps[-1]


def test_the_picture_is_the_graph() -> None:
    analyzer = RebracketingAnalyzerTool(backend=ScriptedBackend())
    agent = create_white_agent(ScriptedModel(drafts("a")), analyzer)
    drawn = agent.get_graph().draw_mermaid(with_styles=False).strip()
    page = ROOT / "rebracket" / "agents" / "README.md"
    assert f"```mermaid\n{drawn}\n```" in page.read_text(encoding="utf-8")
