"""A run goes on where its process died."""

import subprocess
import sys
from pathlib import Path

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from rebracket.agents import RebracketingAnalyzerTool, create_white_agent
from rebracket.agents.state import Task
from tests.agents.doubles import GOAL, ScriptedBackend, ScriptedModel, drafts

ROOT = Path(__file__).parents[2]
THREAD: RunnableConfig = {"configurable": {"thread_id": "t"}}


def test_a_run_is_resumed_after_a_crash(tmp_path: Path) -> None:
    path = str(tmp_path / "steps.db")
    command = [sys.executable, "-m", "tests.agents.crashing", path]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    model, backend = ScriptedModel(drafts("memory 0.7 c")), ScriptedBackend()
    with SqliteSaver.from_conn_string(path) as checkpointer:
        # As strict as langgraph gets: only types that the state declares come back.
        checkpointer.serde = JsonPlusSerializer(allowed_msgpack_modules=None)
        agent = create_white_agent(
            model, RebracketingAnalyzerTool(backend=backend), checkpointer=checkpointer
        )
        before = agent.get_state(THREAD)
        result = agent.invoke(None, THREAD)
    assert before.next == ("write",)
    assert before.values["best"].concept == "memory 0.5 b"
    assert [batch[0].text for batch in backend.batches] == ["memory 0.7 c"]
    assert (result["outcome"], result["rounds"]) == ("reached", 3)
    assert "Nearest so far: memory" in str(model.heard[0][-1].content)


def test_a_thread_takes_another_task(tmp_path: Path) -> None:
    task: Task = {"goal": GOAL, "brief": "b"}
    with SqliteSaver.from_conn_string(str(tmp_path / "steps.db")) as checkpointer:
        agent = create_white_agent(
            ScriptedModel(drafts("memory 0.7 a"), drafts("memory 0.75 b")),
            RebracketingAnalyzerTool(backend=ScriptedBackend()),
            checkpointer=checkpointer,
        )
        concepts = [agent.invoke(task, THREAD)["best"].concept for _ in range(2)]
    assert concepts == ["memory 0.7 a", "memory 0.75 b"]
